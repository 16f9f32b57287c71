"""Reads: personal columns that a session loads flag the event that is being stated.

Guarantees: what is flagged was loaded: a deferred column counts when it is fetched. A
query of columns alone (``select(Customer.email)``) flags fields and classes; whose they
were is in its rows, which are the application's.

Costs: two look-ups for each object of a model without personal columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect
from sqlalchemy.orm import InstrumentedAttribute, Session, object_session
from sqlalchemy.orm.attributes import instance_state

from prooftrail.capture.draft import current_draft
from prooftrail.integrations.sqlalchemy import links

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import ORMExecuteState, QueryContext

    from prooftrail.capture.draft import Draft
    from prooftrail.integrations.sqlalchemy.models import Models, Source


def loaded(target: object, context: QueryContext | None) -> None:
    """An object was loaded; by `merge`, without a query."""
    refreshed(target, context, None)


def refreshed(
    target: object, context: QueryContext | None, names: Iterable[str] | None
) -> None:
    """Some of its columns were loaded again, or later."""
    own = current_draft()
    if own is not None:
        session = object_session(target) if context is None else context.session
        _flag(own, target, session, names)


def executing(execution: ORMExecuteState) -> None:
    """A statement is executed: flag columns that are selected by themselves."""
    own = current_draft()
    if own is None or not execution.is_select or execution.is_column_load:
        return
    models = _models(execution.session)
    if models is None or execution.is_relationship_load:
        return
    for one in getattr(execution.statement, "column_descriptions", ()):
        entity, found = one.get("entity"), one.get("expr")
        if entity is None or not isinstance(found, InstrumentedAttribute):
            continue
        source = models.of_class(inspect(entity).mapper.class_)
        if source is not None and found.key in source.audited.personal:
            own.touch([found.key], [source.audited.personal[found.key]])


def _flag(
    own: Draft, target: object, session: Session | None, names: Iterable[str] | None
) -> None:
    models = None if session is None else _models(session)
    if models is None:
        return
    source: Source | None = models.of_class(type(target))
    if source is None or not source.audited.personal:
        return
    there: dict[str, Any] = instance_state(target).dict
    personal = source.audited.personal
    found = [
        name
        for name in (personal if names is None else names)
        if name in personal and there.get(name) is not None
    ]
    if found:
        own.touch(found, [personal[name] for name in found])
        own.subject(source.audited.subject_of(there))


def _models(session: Session) -> Models | None:
    tracking = links.tracking_of(session)
    return tracking.models if tracking is not None and tracking.reads else None
