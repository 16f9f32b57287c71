"""`update`, `bulk_create` and `bulk_update` of querysets, which send no signals.

Guarantees: the rows that an update will change are read by the queryset itself, and
locked; then read again, so that expressions are told by what they gave. What the
methods return and raise stays as it is. (`bulk_update` is updates, in one transaction.
`delete` loads what it deletes, since the models have receivers, and so has signals.)

Above `ROWS` rows the values are summed up by field; whose rows they were is kept for
all of them.
"""

from __future__ import annotations

import functools
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from prooftrail.capture import summaries
from prooftrail.integrations.django_models import hooks, quiet
from prooftrail.integrations.django_models.rows import can_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from django.db.models.query import QuerySet

    from prooftrail.capture.effects import Effect
    from prooftrail.integrations.django_models.sources import Source

ROWS = summaries.ROWS
_WRAPPED = "__prooftrail_wraps__"
_AT_ONCE = 500  # keys of one query

_Row = dict[str, Any]


def wrap(kind: Any, sources: Mapping[type, Source]) -> None:  # noqa: ANN401
    """Wrap the methods of `QuerySet`, once.

    Args:
        kind: QuerySet.
        sources: the audited models, which may become more.
    """
    if hasattr(kind.update, _WRAPPED):
        return
    plain_update, plain_create = kind.update, kind.bulk_create

    @functools.wraps(plain_update)
    def update(self: QuerySet[Any], **values: Any) -> Any:  # noqa: ANN401
        source = sources.get(self.model._meta.concrete_model)
        if source is None or self.query.is_sliced or self.query.combinator:
            return plain_update(self, **values)
        self._for_write = True
        using = self.db
        # The rows must not change between; not a second block, though, since an
        # error in it would spoil the caller's.
        block: Any = (
            nullcontext()
            if connections[using].in_atomic_block
            else transaction.atomic(using=using)
        )
        with block:
            return _updated(self, source, values, plain_update)

    @functools.wraps(plain_create)
    def bulk_create(self: QuerySet[Any], objs: Any, *args: Any, **more: Any) -> Any:  # noqa: ANN401
        source = sources.get(self.model._meta.concrete_model)
        if source is None:
            return plain_create(self, objs, *args, **more)
        given = list(objs)
        self._for_write = True
        return _created(self, source, given, plain_create, args, more)

    made: Any
    for made, plain in ((update, plain_update), (bulk_create, plain_create)):
        setattr(made, _WRAPPED, plain)
        made.alters_data = True  # as Django's own say: templates must not call them
    kind.update, kind.bulk_create = update, bulk_create


def _updated(
    queryset: QuerySet[Any],
    source: Source,
    values: Mapping[str, Any],
    plain: Callable[..., int],
) -> int:
    using, names = queryset.db, source.names
    touched = queryset.order_by().values("pk")
    found = source.model._base_manager.using(using).filter(pk__in=touched)
    if can_lock(using):
        # in order of the key: statements side by side must not wait for each other
        found = found.order_by("pk").select_for_update(of=("self",))
    many: list[_Row] = []
    with quiet.reading():
        before = source.rows(found.values_list(*names)[: ROWS + 1])
        if len(before) > ROWS:
            needed = list(dict.fromkeys(source.audited.needed))
            rows = found.values_list(*needed)
            many = [dict(zip(needed, row, strict=True)) for row in rows]
    affected = plain(queryset, **values)
    if many:
        literal = {_name(source, name): value for name, value in values.items()}
        effects = [
            summaries.summed_up(
                source.audited,
                "update",
                many,
                literal={
                    name: summaries.COMPUTED
                    if hasattr(value, "resolve_expression")
                    else getattr(value, "pk", value)
                    for name, value in literal.items()
                    if name in names
                },
                affected=affected,
            )
        ]
    else:
        effects = _told(using, source, before, values)
    hooks.enter(using, source, effects)
    return affected


def _told(
    using: str,
    source: Source,
    before: Mapping[str | None, _Row],
    values: Mapping[str, Any],
) -> list[Effect]:
    after = _again(using, source, list(before.values()))
    token = object()
    made = []
    for id_, row in before.items():
        now = after.get(id_)
        if now is None:  # its key was changed
            key = source.audited.key[0]
            now = row | {key: values.get(key, values.get("pk", row[key]))}
        made.append(source.audited.effect("update", row, now, statement=token))
    return [one for one in made if one is not None]


def _created(
    queryset: QuerySet[Any],
    source: Source,
    given: list[Any],
    plain: Callable[..., Any],
    args: Sequence[Any],
    more: Mapping[str, Any],
) -> Any:  # noqa: ANN401
    using = queryset.db
    meets = bool(more.get("ignore_conflicts") or more.get("update_conflicts"))
    there: dict[str | None, _Row] = {}
    if meets:
        keyed = [source.written(one) for one in given if one.pk is not None]
        there = _again(using, source, keyed)
    made = plain(queryset, given, *args, **more)
    now = _again(using, source, list(there.values()))
    token, effects, unknown = object(), [], 0
    for one in given:
        row = source.written(one)
        id_ = source.audited.id_of(row)
        unknown += id_ is None
        old = there.get(id_)
        effects.append(
            source.audited.effect("insert", None, row, statement=token)
            if old is None
            else source.audited.effect(
                "update", old, now.get(id_, old), statement=token
            )
        )
    if unknown:
        effects.append(
            summaries.remark(
                source.audited,
                "insert",
                token,
                {"ids_unknown": unknown} | ({"on_conflict": True} if meets else {}),
            )
        )
    hooks.enter(using, source, effects)
    return made


def _again(
    using: str, source: Source, those: Sequence[Mapping[str, Any]]
) -> dict[str | None, _Row]:
    """Return rows as they stand now, by id."""
    key = source.audited.key[0]
    keys = [row[key] for row in those]
    found: dict[str | None, _Row] = {}
    manager = source.model._base_manager.using(using)
    with quiet.reading():
        for start in range(0, len(keys), _AT_ONCE):
            some = manager.filter(pk__in=keys[start : start + _AT_ONCE])
            found |= source.rows(some.values_list(*source.names))
    return found


def _name(source: Source, name: str) -> str:
    """Return a field's attribute (`customer_id`) by its name (`customer`)."""
    names: Iterable[tuple[str, Any]] = source.fields.items()
    return next((own for own, one in names if name in (own, one.name)), name)
