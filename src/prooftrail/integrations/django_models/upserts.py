"""Rows that an insert may meet: they are found by all that keeps two rows apart.

Guarantees: what is told of `bulk_create` with `ignore_conflicts` or `update_conflicts`
is what the database holds: a row that was met, under whichever unique key, by what it
was and is, and an insert only where there is a row now that was not there before.

Does not: find rows that meet by an expression (`UniqueConstraint(Lower("email"))`) or
by a null; such an insert is told by a remark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, UniqueConstraint

from prooftrail.capture import summaries
from prooftrail.integrations.django_models import quiet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prooftrail.capture.effects import Effect
    from prooftrail.integrations.django_models.sources import Source

_AT_ONCE = 500  # values of one query

_Row = dict[str, Any]
_Rows = dict[str | None, _Row]


@dataclass(slots=True)
class Meeting:
    """A `bulk_create` that may meet rows; made before it, asked for effects after it.

    Args:
        using: the database.
        source: the model.
        given: the instances.
        target: the names of the fields that it may meet rows by; all that are unique
            if there are none.
    """

    using: str
    source: Source
    given: Sequence[Any]
    target: Sequence[str] | None

    def rows(self) -> _Rows:
        """Return the rows that are there under a key of one of those given."""
        found: _Rows = {}
        for names in self._keys():
            those = [self.source.written(one, names) for one in self.given]
            found |= read(self.using, self.source, those, names)
        return found

    def effects(self, there: Mapping[str | None, _Row]) -> Iterator[Effect | None]:
        """Give what was done.

        Args:
            there: what `rows` gave before.
        """
        audited, token = self.source.audited, object()
        now = self.rows()
        # what was met may have another of its unique values now
        now |= read(self.using, self.source, there.values(), audited.key)
        for id_, old in there.items():
            yield audited.effect("update", old, now.get(id_, old), statement=token)
        for id_, row in now.items():
            if id_ not in there:
                yield audited.effect("insert", None, row, statement=token)
        for one in self.given:
            if not any(self._known(one, names) for names in self._keys()):
                row = self.source.written(one)
                yield audited.effect("insert", None, row, statement=token)
        unknown = len(self.given) - len(now)
        if unknown > 0:
            details = {"ids_unknown": unknown, "on_conflict": True}
            yield summaries.remark(audited, "insert", token, details)

    def _keys(self) -> list[tuple[str, ...]]:
        """Return what a row can be met by, the names of attributes, the key first."""
        meta: Any = self.source.model._meta
        sets: list[Iterable[str]] = [(meta.pk.name,)]
        if self.target:
            sets.append(self.target)
        else:
            sets += [(one.name,) for one in meta.concrete_fields if one.unique]
            sets += meta.unique_together
            sets += [
                one.fields for one in meta.constraints if type(one) is UniqueConstraint
            ]
        made = (tuple(meta.get_field(_of(meta, n)).attname for n in s) for s in sets)
        return [one for one in dict.fromkeys(made) if one]

    def _known(self, instance: Any, names: Sequence[str]) -> bool:  # noqa: ANN401
        row = self.source.written(instance, names)
        return all(row.get(name) is not None for name in names)


def read(
    using: str, source: Source, those: Iterable[Mapping[str, Any]], by: Sequence[str]
) -> _Rows:
    """Return rows as they stand now, by id.

    Args:
        using: the database.
        source: the model.
        those: what they have in the fields of `by`; with a null there, it is no row.
        by: names of attributes.
    """
    values = dict.fromkeys(tuple(row.get(name) for name in by) for row in those)
    keys = [one for one in values if None not in one]
    found: _Rows = {}
    manager = source.model._base_manager.using(using)
    several = _AT_ONCE // len(by)
    with quiet.reading():
        for start in range(0, len(keys), several):
            some = manager.filter(_any(keys[start : start + several], by))
            found |= source.rows(some.values_list(*source.names))
    return found


def _any(keys: Sequence[tuple[Any, ...]], by: Sequence[str]) -> Q:
    if len(by) == 1:
        return Q(**{f"{by[0]}__in": [key[0] for key in keys]})
    made = Q()
    for key in keys:
        made |= Q(**dict(zip(by, key, strict=True)))
    return made


def _of(meta: Any, name: str) -> str:  # noqa: ANN401  the options of a model
    return str(meta.pk.name) if name == "pk" else name
