"""Reads of Django models: personal columns that are loaded flag the present event.

Guarantees: what is flagged was loaded: a deferred field counts when it is fetched.
`values` and `values_list` flag fields and classes; whose they were is in their rows,
which are the application's.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from django.db.models import query

from prooftrail.capture.draft import current_draft
from prooftrail.integrations.django_models import quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.models import Model

    from prooftrail.integrations.django_models.sources import Source

_WRAPPED = "__prooftrail_wraps__"


def watch(source: Source) -> None:
    """Flag what is loaded of a model's objects."""
    model: Any = source.model
    if hasattr(model.from_db, _WRAPPED):
        return
    plain = model.from_db.__func__

    @functools.wraps(plain)
    def from_db(cls: type[Model], *args: Any, **more: Any) -> Model:  # noqa: ANN401
        made: Model = plain(cls, *args, **more)
        own = current_draft()
        if own is not None and not quiet.is_quiet():
            row = made.__dict__
            names = [one for one in source.audited.personal if row.get(one) is not None]
            if names:
                own.touch(names, [source.audited.personal[one] for one in names])
                own.subject(source.audited.subject_of(row))
        return made

    setattr(from_db, _WRAPPED, plain)
    model.from_db = classmethod(from_db)


def watch_values(sources: Mapping[type, Source]) -> None:
    """Flag what `values` and `values_list` load."""
    for kind in (
        query.ValuesIterable,
        query.ValuesListIterable,
        query.FlatValuesListIterable,
    ):
        _wrap(kind, sources)


def _wrap(kind: Any, sources: Mapping[type, Source]) -> None:  # noqa: ANN401
    plain = kind.__iter__
    if hasattr(plain, _WRAPPED):
        return

    @functools.wraps(plain)
    def iterate(self: Any) -> Iterator[Any]:  # noqa: ANN401
        own, queryset = current_draft(), self.queryset
        source = sources.get(queryset.model._meta.concrete_model)
        if own is not None and source is not None and not quiet.is_quiet():
            fields = queryset._fields or tuple(source.audited.fields)
            names = [one for one in fields if one in source.audited.personal]
            own.touch(names, [source.audited.personal[one] for one in names])
        return plain(self)  # type: ignore[no-any-return]

    setattr(iterate, _WRAPPED, plain)
    kind.__iter__ = iterate
