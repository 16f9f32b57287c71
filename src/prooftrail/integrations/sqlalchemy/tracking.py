"""`track`: what is listened to, for sessions and engines that are named.

Guarantees: sessions of another sessionmaker or class, and engines that no tracked
session uses, are not touched. Calling it twice for one target changes nothing but the
options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapper, Session, scoped_session, sessionmaker

from prooftrail.errors import ConfigurationError
from prooftrail.integrations.sqlalchemy import flushes, links, reads, statements
from prooftrail.integrations.sqlalchemy.links import Tracking
from prooftrail.integrations.sqlalchemy.models import Models

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import SessionTransaction

    from prooftrail.capture.audit_logger import Recorder


def track(
    target: object,
    models: Iterable[type] | None = None,
    *,
    reads: bool = False,
    within: bool = False,
    recorder: Recorder | None = None,
    stream: str | None = None,
) -> None:
    """Tell of what sessions change, from now on.

    Args:
        target: a sessionmaker, an async_sessionmaker, a scoped_session, a Session or
            AsyncSession class, or an Engine or AsyncEngine (for connections without a
            session). The engine of a tracked session is tracked as well.
        models: audited beside those that are marked.
        reads: flag personal columns that are loaded, too.
        within: record events of their own in the transaction itself: the trail is in
            the same database, and its login may record.
        recorder: for events of their own; by default the process's.
        stream: where these go.

    Raises:
        ConfigurationError: `target` is none of these.
    """
    asked = Tracking(Models(models or ()), reads, within, recorder, stream)
    _listen()
    if isinstance(target, AsyncEngine):
        target = target.sync_engine
    if isinstance(target, Engine):
        links.follow(target, asked, named=True)
        return
    kind, bind = _class_of(target)
    setattr(kind, links.TRACKING, asked)
    if isinstance(bind, AsyncEngine):
        bind = bind.sync_engine
    if isinstance(bind, Engine):
        links.follow(bind, asked, named=False)


def _class_of(target: Any) -> tuple[type[Session], object]:  # noqa: ANN401
    """Return the class of a target's sessions, one of its own, and its engine."""
    if isinstance(target, scoped_session):
        target = target.session_factory
    if isinstance(target, sessionmaker):
        return target.class_, target.kw.get("bind")  # each has a class of its own
    if isinstance(target, async_sessionmaker):
        given = target.kw.get("sync_session_class") or target.class_.sync_session_class
        if links.TRACKING not in vars(given):
            given = type(given.__name__, (given,), {})
            target.configure(sync_session_class=given)
        return given, target.kw.get("bind")
    if isinstance(target, type) and issubclass(target, AsyncSession):
        if target is AsyncSession:
            raise ConfigurationError(
                "track(AsyncSession) would be every session there is: pass your "
                "async_sessionmaker, or a class of your own"
            )
        own = target.sync_session_class
        if links.TRACKING not in vars(own):
            own = type(own.__name__, (own,), {})
            target.sync_session_class = own
        return own, None
    if isinstance(target, type) and issubclass(target, Session):
        return target, None
    raise ConfigurationError(
        f"track() was given a {type(target).__name__}: pass a sessionmaker, an "
        "async_sessionmaker, a Session class or an engine"
    )


def _listen() -> None:
    """Listen once, to all: what nobody tracks costs a look-up each time."""
    if event.contains(Session, "after_begin", _begun):
        return
    links.listen()
    event.listen(Engine, "before_execute", statements.before)
    event.listen(Engine, "after_execute", statements.after)
    event.listen(Session, "after_begin", _begun)
    event.listen(Session, "after_commit", _committed)
    event.listen(Session, "after_transaction_end", _ended)
    event.listen(Session, "do_orm_execute", reads.executing)
    event.listen(Mapper, "load", reads.loaded)
    event.listen(Mapper, "refresh", reads.refreshed)
    event.listen(Mapper, "before_insert", flushes.begin_insert)
    event.listen(Mapper, "after_insert", flushes.end_insert)
    event.listen(Mapper, "before_update", flushes.begin_update)
    event.listen(Mapper, "after_update", flushes.end_update)
    event.listen(Mapper, "before_delete", flushes.begin_delete)
    event.listen(Mapper, "after_delete", flushes.end_delete)


def _begun(
    session: Session, transaction: SessionTransaction, connection: Connection
) -> None:
    del transaction
    tracking = links.tracking_of(session)
    if tracking is None:
        return
    links.used_by(session, connection, tracking)


def _committed(session: Session) -> None:
    tracking = links.tracking_of(session)
    if tracking is None:
        return
    for link in links.of_session(session):
        links.settle(link)


def _ended(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        links.forget(session)
