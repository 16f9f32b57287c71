"""Links: the connections of tracked sessions and engines, and their transactions.

Guarantees: each connection of a tracked session or engine has one `Link`, with the
ledger of its transaction. The ledger hears of savepoints, rollbacks and commits from
the connection itself, so that a session that joined somebody's outer transaction, and a
connection without a session, are right as well. Events of their own are recorded when
the commit is done; with `within` just before it, in the same transaction, so that they
are there together or not at all.

A connection has no event for a commit that is done: a session tells, else the return
of the connection to its pool, or its next transaction. With `AUTOCOMMIT` as isolation
level each statement is settled when it was executed.

Does not: know of an autocommit that the driver was told of behind SQLAlchemy's back.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool
from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet

from prooftrail.capture import ledger, process
from prooftrail.capture.waiting import settled, waited
from prooftrail.errors import ProoftrailError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from sqlalchemy.engine import Connection, ExceptionContext
    from sqlalchemy.orm import Session

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.integrations.sqlalchemy.models import Models

TRACKING = "_prooftrail_tracking"  # at classes of sessions

_KEPT = "prooftrail.link"
_NUMBER = re.compile(r"sa_savepoint_(\d+)")
_logger = logging.getLogger("prooftrail.sqlalchemy")


@dataclass(frozen=True, slots=True)
class Tracking:
    """What one `track` asked for; see there."""

    models: Models
    reads: bool = False
    within: bool = False
    recorder: Recorder | None = None
    stream: str | None = None


@dataclass(slots=True, eq=False)
class Link:
    """A connection, and what its transaction has changed."""

    tracking: Tracking
    ledger: ledger.Ledger = field(default_factory=ledger.Ledger)
    savepoints: int = 0  # so many were begun: SQLAlchemy numbers them likewise
    own: bool = False  # whether what runs now is a statement of ours
    rows: dict[Any, Any] = field(default_factory=dict)  # that a flush writes now
    statement: Any = None  # a bulk statement that is under way


_links: WeakKeyDictionary[Connection, Link] = WeakKeyDictionary()
_engines: WeakKeyDictionary[Any, Tracking] = WeakKeyDictionary()
_named: WeakSet[Any] = WeakSet()  # of these, those that were tracked by themselves


def follow(engine: Engine, tracking: Tracking, *, named: bool) -> None:
    """Track the connections of an engine, with sessions or without.

    Args:
        engine: they are of.
        tracking: what was asked for.
        named: whether for the engine itself, and not for sessions that use it.
    """
    # Engines made by execution_options() share the dialect with the one they are of.
    if named:
        _named.add(engine.dialect)
    elif engine.dialect in _named:
        return
    _engines[engine.dialect] = tracking


def link_to(connection: Connection, tracking: Tracking) -> Link:
    """Return the link of a connection that a tracked session uses."""
    found = _links.get(connection)
    if found is None:
        found = _links[connection] = Link(tracking)
        connection.info[_KEPT] = found
        _engines.setdefault(connection.dialect, tracking)
    found.tracking = tracking
    return found


def link_of(connection: Connection) -> Link | None:
    """Return the link of a connection; None where nothing is tracked."""
    found = _links.get(connection)
    if found is None:
        tracking = _engines.get(connection.dialect)
        if tracking is not None:
            return link_to(connection, tracking)
    return found


def tracking_of(session: Session) -> Tracking | None:
    """Return what was asked for a session; None for one that nobody tracks."""
    found: Tracking | None = getattr(type(session), TRACKING, None)
    return found


def of_session(session: Session) -> list[Link]:
    """Return the links of the connections that a session uses."""
    found: list[Link] = session.info.get(_KEPT, [])
    return found


def forget(session: Session) -> None:
    """Forget them, at the end of its transaction."""
    session.info.pop(_KEPT, None)


def used_by(session: Session, connection: Connection, tracking: Tracking) -> None:
    """Link a connection that a session begins to use."""
    link = link_to(connection, tracking)
    kept: list[Link] = session.info.setdefault(_KEPT, [])
    if link not in kept:
        kept.append(link)


@contextmanager
def reading(link: Link) -> Iterator[None]:
    """Run statements of ours, which are not told of."""
    link.own = True
    try:
        yield
    finally:
        link.own = False


def settle(link: Link) -> None:
    """Record what a commit leaves, and wait until it is durable.

    Raises:
        RecordError: an event is not durable, or the queue stayed full.
        EventError: one cannot be recorded.
    """
    made = link.ledger.settled()
    if made:
        tracking = link.tracking
        own = tracking.recorder
        _wait(
            ledger.record(made, recorder=own, stream=tracking.stream),
            process.chosen(own).longest,
        )


def done(connection: Connection, link: Link) -> None:
    """Settle what was just done, where the connection commits each statement.

    Raises:
        RecordError: as `settle`.
        EventError: likewise.
    """
    # a savepoint of such a connection begins a transaction, in databases that allow it
    if _autocommits(connection) and not link.ledger.in_savepoint:
        link.ledger.commit()
        settle(link)


def _autocommits(connection: Connection) -> bool:
    return connection._is_autocommit_isolation()  # noqa: SLF001  nothing public says it


def listen() -> None:
    """Listen to all engines; those that nobody tracks cost a look-up a transaction."""
    if event.contains(Engine, "commit", _commit):
        return
    event.listen(Engine, "begin", _begin)
    event.listen(Engine, "savepoint", _savepoint)
    event.listen(Engine, "release_savepoint", _release)
    event.listen(Engine, "rollback_savepoint", _rollback_to)
    event.listen(Engine, "rollback", _rollback)
    event.listen(Engine, "rollback_twophase", _rollback_prepared)
    event.listen(Engine, "commit", _commit)
    event.listen(Engine, "commit_twophase", _commit_prepared)
    event.listen(Engine, "handle_error", _failed)
    event.listen(Pool, "checkin", _checkin)


def _wait(futures: Iterable[Future[str]], seconds: float) -> None:
    for future in futures:
        if in_greenlet():  # of an AsyncSession: the event loop goes on meanwhile
            await_only(waited(future, seconds))
        else:
            settled(future, seconds)


def _settle_late(link: Link) -> None:
    """Settle where an error would only break the pool, and nobody expects one."""
    try:
        settle(link)
    except ProoftrailError:
        _logger.exception("changes that were committed could not be recorded")


def _tell_undone(link: Link) -> None:
    """Tell what was rolled back although a success was told of it; wait for nothing."""
    made = link.ledger.undone()
    if not made:
        return
    tracking = link.tracking
    try:
        ledger.record(made, recorder=tracking.recorder, stream=tracking.stream)
    except ProoftrailError:
        _logger.exception("that changes were rolled back could not be recorded")


def _begin(connection: Connection) -> None:
    link = link_of(connection)
    if link is not None:
        _settle_late(link)


def _savepoint(connection: Connection, name: str | None) -> None:
    link = link_of(connection)
    if link is not None:
        link.savepoints += 1
        link.ledger.savepoint(name or link.savepoints)


def _release(connection: Connection, name: str, context: object) -> None:
    del context
    link = _links.get(connection)
    if link is not None:
        link.ledger.release(_number(name))


def _rollback_to(connection: Connection, name: str, context: object) -> None:
    del context
    link = _links.get(connection)
    if link is not None:
        link.rows.clear()
        link.ledger.rollback_to(_number(name))
        _tell_undone(link)


def _number(name: str) -> object:
    found = _NUMBER.fullmatch(name)
    return int(found[1]) if found else name


def _rollback(connection: Connection) -> None:
    link = _links.get(connection)
    if link is None:
        return
    link.rows.clear()
    if _autocommits(connection):  # there is nothing that it could take back
        link.ledger.commit()
        _settle_late(link)
    else:
        link.ledger.rollback()
        _tell_undone(link)


def _rollback_prepared(connection: Connection, *_: object) -> None:
    _rollback(connection)


def _commit(connection: Connection) -> None:
    link = _links.get(connection)
    if link is None:
        return
    link.ledger.commit()
    if not link.tracking.within:
        return
    try:
        with reading(link):
            ledger.record(
                link.ledger.drafts(),
                recorder=link.tracking.recorder,
                stream=link.tracking.stream,
                connection=connection,
            )
    except BaseException:
        # SQLAlchemy takes an error here for one of COMMIT, which ends a transaction:
        # it would give the connection back with this one open.
        connection.dialect.do_rollback(connection.connection)
        link.ledger.rollback()
        _tell_undone(link)
        raise
    link.ledger.recorded()


def _failed(context: ExceptionContext) -> None:
    """Take back what was to be committed: a COMMIT that fails has no other event."""
    link = None if context.connection is None else _links.get(context.connection)
    if link is not None and link.ledger.committing and context.statement is None:
        link.ledger.rollback()
        _tell_undone(link)


def _commit_prepared(connection: Connection, *_: object) -> None:
    _commit(connection)


def _checkin(dbapi_connection: object, record: Any) -> None:  # noqa: ANN401  private type
    del dbapi_connection
    link = record.info.pop(_KEPT, None)
    if link is None:
        return
    _settle_late(link)
