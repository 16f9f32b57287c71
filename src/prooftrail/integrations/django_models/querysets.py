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
import inspect
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from prooftrail.capture import summaries
from prooftrail.integrations.django_models import hooks, quiet, upserts
from prooftrail.integrations.django_models.rows import can_lock
from prooftrail.integrations.django_models.upserts import Meeting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from django.db.models.query import QuerySet

    from prooftrail.capture.effects import Effect
    from prooftrail.integrations.django_models.sources import Source

ROWS = summaries.ROWS
_WRAPPED = "__prooftrail_wraps__"

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
    signature = inspect.signature(plain_create)

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
        asked = signature.bind(self, given, *args, **more).arguments
        self._for_write = True
        create = functools.partial(plain_create, self, given, *args, **more)
        return _created(self.db, source, given, asked, create)

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
    after = upserts.read(using, source, before.values(), source.audited.key)
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
    using: str,
    source: Source,
    given: Sequence[Any],
    asked: Mapping[str, Any],
    create: Callable[[], Any],
) -> Any:  # noqa: ANN401
    if asked.get("ignore_conflicts") or asked.get("update_conflicts"):
        meeting = Meeting(using, source, given, asked.get("unique_fields"))
        there = meeting.rows()
        made = create()
        hooks.enter(using, source, meeting.effects(there))
        return made
    made = create()
    audited, token = source.audited, object()
    rows = [source.written(one) for one in given]
    effects = [audited.effect("insert", None, row, statement=token) for row in rows]
    unknown = sum(audited.id_of(row) is None for row in rows)
    if unknown:
        details = {"ids_unknown": unknown}
        effects.append(summaries.remark(audited, "insert", token, details))
    hooks.enter(using, source, effects)
    return made


def _name(source: Source, name: str) -> str:
    """Return a field's attribute (`customer_id`) by its name (`customer`)."""
    names: Iterable[tuple[str, Any]] = source.fields.items()
    return next((own for own, one in names if name in (own, one.name)), name)
