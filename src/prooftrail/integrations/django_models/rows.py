"""Rows that are saved and deleted one by one, by Django's signals."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Model
from django.db.models.query import QuerySet

from prooftrail.integrations.django_models import hooks, one_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.integrations.django_models.sources import Source

_BEFORE = "_prooftrail_before"
_FORCED = "_prooftrail_forced"
_WRAPPED = "__prooftrail_wraps__"
_Row = dict[str, Any]


class Rows:
    """The receivers of one model's signals.

    Args:
        source: the model.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def saving(
        self,
        instance: Model,
        using: str,
        raw: bool = False,  # noqa: FBT001, FBT002  as the signal has it
        **_: object,
    ) -> None:
        """`pre_save`: read the row as it is."""
        # Django inserts at once, then, and there is no row
        adding = instance._state.adding and instance._meta.pk.has_default()
        updates = raw or _FORCED in instance.__dict__
        there = updates or not adding
        before = self._read(using, instance.pk, lock=True) if there else None
        instance.__dict__[_BEFORE] = before

    def saved(
        self,
        instance: Model,
        using: str,
        raw: bool = False,  # noqa: FBT001, FBT002  as the signal has it
        update_fields: Iterable[str] | None = None,
        **_: object,
    ) -> None:
        """`post_save`: tell what changed."""
        source = self._source
        before: _Row | None = instance.__dict__.pop(_BEFORE, None)
        names = source.names
        if update_fields is not None and before is not None:
            written = set(update_fields)
            names = [
                name
                for name in names
                if name in written or source.fields[name].name in written
            ]
        # a fixture is written table by table: what is a parent's is not in this one
        after = {} if raw else source.written(instance, names)
        if any(name not in after for name in names):
            after |= self._read(using, instance.pk) or {}
        if before is None:
            effect = source.audited.effect("insert", None, after)
        else:
            effect = source.audited.effect("update", before, {**before, **after})
        hooks.enter(using, source, [effect])

    def deleting(
        self, instance: Model, using: str, origin: object = None, **_: object
    ) -> None:
        """`pre_delete`: keep the row as it is."""
        # What a queryset deletes was loaded for it just now; an object may be old.
        fresh = isinstance(origin, QuerySet) or (
            isinstance(origin, Model) and origin is not instance
        )
        source = self._source
        before = source.written(instance) if fresh else None
        if before is None or any(name not in before for name in source.names):
            before = self._read(using, instance.pk, lock=True)
        instance.__dict__[_BEFORE] = before

    def deleted(
        self, instance: Model, using: str, origin: object = None, **_: object
    ) -> None:
        """`post_delete`: tell what it was."""
        before = instance.__dict__.pop(_BEFORE, None)
        if before is None:
            return
        # one statement, as it is told, is about one model: cascades are others
        queryset = isinstance(origin, QuerySet)
        together = (origin, self._source.model) if queryset else None
        effect = self._source.audited.effect("delete", before, None, statement=together)
        hooks.enter(using, self._source, [effect])

    def _read(
        self, using: str, key: object, *, lock: bool = False
    ) -> dict[str, Any] | None:
        if key is None:
            return None
        row = one_row.read(self._source, using, key, lock=lock and can_lock(using))
        return None if row is None else dict(zip(self._source.names, row, strict=True))


def wrap(kind: Any) -> None:  # noqa: ANN401
    """Wrap `save_base` of `Model`, once: of `force_update` no signal tells."""
    if hasattr(kind.save_base, _WRAPPED):
        return
    plain = kind.save_base

    @functools.wraps(plain)
    def save_base(self: Model, *args: Any, **more: Any) -> None:  # noqa: ANN401
        if not more.get("force_update"):
            plain(self, *args, **more)
            return
        self.__dict__[_FORCED] = True
        try:
            plain(self, *args, **more)
        finally:
            self.__dict__.pop(_FORCED, None)

    setattr(save_base, _WRAPPED, plain)
    kind.save_base = save_base


def can_lock(using: str) -> bool:
    """Whether rows can be locked here: in a transaction, by a server that knows how."""
    connection = connections[using]
    features = connection.features
    return bool(connection.in_atomic_block and features.has_select_for_update_of)
