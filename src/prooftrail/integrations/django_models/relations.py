"""Many-to-many relations: which things a row is related to, before and after.

Guarantees: of a symmetrical relation both sides are told; what is deleted is told as
taken out of the relations that others have to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.capture import summaries
from prooftrail.integrations.django_models import hooks, quiet

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import ManyToManyField, Model

    from prooftrail.integrations.django_models.sources import Source

ROWS = summaries.ROWS
_BEFORE = "_prooftrail_related"
_Ids = dict[Any, list[str]]


class Relation:
    """The receiver of one relation's signals.

    Args:
        source: the model that has the field.
        field: the field.
    """

    def __init__(self, source: Source, field: ManyToManyField[Any, Any]) -> None:
        self._source = source
        self._field = field
        self._kept = f"{_BEFORE}:{field}"

    def changed(
        self,
        *,
        instance: Model,
        action: str,
        reverse: bool,
        pk_set: Collection[Any] | None,
        using: str,
        **_: object,
    ) -> None:
        """`m2m_changed`: read before it, tell after it."""
        if action.startswith("pre_"):
            owners = self._owners(instance, pk_set, using, reverse=reverse)
            instance.__dict__[_BEFORE] = self._related(owners, using)
            return
        before: _Ids = instance.__dict__.pop(_BEFORE, {})
        after = self._related(before, using)
        if self._mirrored and action == "post_add":
            # the signal comes before Django adds the other side
            own = str(instance.pk)
            for other in pk_set or ():
                after[other] = sorted({*after.get(other, ()), own})
        self._tell(before, after, using)

    def deleting(self, instance: Model, using: str, **_: object) -> None:
        """`pre_delete` of what others are related to: read who they are."""
        owners = self._of(instance, using)
        instance.__dict__[self._kept] = (
            self._related(owners, using)
            if len(owners) <= ROWS
            else dict.fromkeys(owners)
        )

    def deleted(self, instance: Model, using: str, **_: object) -> None:
        """`post_delete`: tell who is related to it no more."""
        before = instance.__dict__.pop(self._kept, {})
        if len(before) <= ROWS:
            self._tell(before, self._related(before, using), using)
            return
        source, name = self._source, self._field.name
        rows = [{source.audited.key[0]: owner} for owner in before]
        effect = summaries.summed_up(
            source.audited,
            "update",
            rows,
            literal={name: f"[without {instance.pk}]"},
            affected=len(rows),
        )
        hooks.enter(using, source, [effect])

    @property
    def _mirrored(self) -> bool:
        """Whether each side has the other: then a row of the other is changed, too."""
        return bool(self._field.remote_field.symmetrical)

    def _tell(self, before: _Ids, after: _Ids, using: str) -> None:
        audited, name = self._source.audited, self._field.name
        effects = [
            audited.related(owner, name, ids, after[owner])
            for owner, ids in before.items()
        ]
        hooks.enter(using, self._source, effects)

    def _owners(
        self,
        instance: Model,
        pk_set: Collection[Any] | None,
        using: str,
        *,
        reverse: bool,
    ) -> list[Any]:
        """Return the keys of the rows whose relation changes."""
        others = list(pk_set or ())
        if (reverse or self._mirrored) and pk_set is None:
            others = self._of(instance, using)
        return others if reverse else [instance.pk, *others * self._mirrored]

    def _of(self, other: Model, using: str) -> list[Any]:
        """Return the keys of the rows that are related to one."""
        column = f"{self._field.m2m_field_name()}_id"
        target = f"{self._field.m2m_reverse_field_name()}_id"
        with quiet.reading():
            rows = self._through(using).filter(**{target: other.pk})
            return list(rows.order_by(column).values_list(column, flat=True))

    def _related(self, owners: Collection[Any], using: str) -> _Ids:
        found: _Ids = {owner: [] for owner in owners}
        column = f"{self._field.m2m_field_name()}_id"
        target = f"{self._field.m2m_reverse_field_name()}_id"
        with quiet.reading():
            rows = self._through(using).filter(**{f"{column}__in": list(owners)})
            for owner, other in rows.order_by(target).values_list(column, target):
                found[owner].append(str(other))
        return found

    def _through(self, using: str) -> Any:  # noqa: ANN401  a queryset
        through: Any = self._field.remote_field.through
        return through._base_manager.using(using)
