"""`track` for Django: called once, when the applications are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, signals
from django.db.models.query import QuerySet

from prooftrail.integrations.django_models import (
    connections,
    hooks,
    querysets,
    reads,
    rows,
)
from prooftrail.integrations.django_models.hooks import Asked
from prooftrail.integrations.django_models.relations import Relation
from prooftrail.integrations.django_models.rows import Rows
from prooftrail.integrations.django_models.sources import Source, source_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.capture.audit_logger import Recorder

_sources: dict[type, Source] = {}
_receivers: list[Rows | Relation] = []  # signals hold them weakly


def track(
    models: Iterable[type[Model]] | None = None,
    *,
    reads: bool = False,
    within: bool = False,
    recorder: Recorder | None = None,
    stream: str | None = None,
) -> None:
    """Tell of what marked models' rows change, from now on.

    Args:
        models: audited beside those that are marked.
        reads: flag personal columns that are loaded, too.
        within: record events of their own in the transaction itself: the trail is in
            the same database, and its login may record.
        recorder: for events of their own; by default the process's.
        stream: where these go.

    Raises:
        ConfigurationError: an `AuditMeta` says what its model has not.
    """
    hooks.asked = Asked(reads, within, recorder, stream)
    named = list(models or ())
    for model in (*apps.get_models(include_auto_created=False), *named):
        if model not in _sources:
            _add(model, named=model in named)
    querysets.wrap(QuerySet, _sources)
    rows.wrap(Model)
    connections.wrap(BaseDatabaseWrapper)
    if reads:
        _watch()


def _watch() -> None:
    for source in _sources.values():
        reads.watch(source)
    reads.watch_values(_sources)


def _add(model: type[Model], *, named: bool) -> None:
    concrete = model._meta.concrete_model
    source = _sources.get(concrete) or source_of(concrete, named=named)
    if source is not None:
        _sources[model] = source
        _connect(source, model)


def _connect(source: Source, model: type[Model]) -> None:
    """Connect a model, or a proxy of it, which sends signals of its own."""
    own = Rows(source)
    _receivers.append(own)
    signals.pre_save.connect(own.saving, sender=model)
    signals.post_save.connect(own.saved, sender=model)
    signals.pre_delete.connect(own.deleting, sender=model)
    signals.post_delete.connect(own.deleted, sender=model)
    for field in () if model._meta.proxy else model._meta.local_many_to_many:
        relation = Relation(source, field)
        _receivers.append(relation)
        signals.m2m_changed.connect(relation.changed, sender=field.remote_field.through)
        target = field.related_model._meta.concrete_model
        for other in {target, *apps.get_models()}:
            if other._meta.concrete_model is target:
                signals.pre_delete.connect(relation.deleting, sender=other)
                signals.post_delete.connect(relation.deleted, sender=other)
