"""The audit logger: `record` an event, durably, from any thread.

Guarantees: when `record` returns, the event is committed, and will be in the log under
the returned eventId exactly once; with ``connection=`` it commits or rolls back with
the caller's transaction. When `record` raises EventError, the event was refused and is
not there; when it raises RecordError, it is not known to be durable. kill -9 loses
only events whose call had not returned. Each call's `policy` may say otherwise.

Does not: seal, chain or hold a key to the log (`seal` does, in another process).
Without a `spool` it writes to no file: where the database is away for longer than the
patience, the caller is told.

In asynchronous code: ``await asyncio.wrap_future(prooftrail.submit(...))``.
"""

from __future__ import annotations

import atexit
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any

from prooftrail.capture.group_commit import GroupCommit
from prooftrail.capture.scope import completed, current_scope
from prooftrail.capture.stating import Fields, Stated, Stating
from prooftrail.catalog.event_type import EventType
from prooftrail.core import catalog, events, ids
from prooftrail.errors import RecordError
from prooftrail.store import inbox, streams, within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from typing import Self, Unpack

    from prooftrail.capture.envelopes import Envelopes
    from prooftrail.capture.policy import Counts
    from prooftrail.capture.redaction import Redactor
    from prooftrail.capture.spool import Spool
    from prooftrail.catalog import Policy
    from prooftrail.core.events import Event
    from prooftrail.store.connect import Connection
    from prooftrail.store.within import Statement

STREAM = "main"
QUEUE_SIZE = 10_000  # calls that wait at most
PATIENCE = 10.0  # seconds


class Recorder:
    """Records events through one writer thread, which starts with the first event.

    Args:
        connect: opens a connection in autocommit as a login that may INSERT; called in
            a thread of its own, again whenever the connection was lost.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        known: the catalog: which actions there are.
        stream: where events go that name no other.
        queue_size: calls that may wait; `submit` blocks while as many do.
        patience: seconds for which a call waits for the database.
        redactor: with the application's own secret names.
        envelopes: protects what is marked as personal; by default that is dropped.
        spool: where events with the policy `spool` or `background` go while the
            database is away; without one, `spool` is as `closed`.

    Safe to be shared by threads, and by processes that fork.
    """

    hears_of_capture = True  # that it starts and stops, by the middleware

    def __init__(  # noqa: PLR0913  all but the first have defaults or names
        self,
        connect: Callable[[], Connection],
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        known: catalog.Catalog = catalog.OPEN,
        stream: str = STREAM,
        queue_size: int = QUEUE_SIZE,
        patience: float = PATIENCE,
        redactor: Redactor | None = None,
        envelopes: Envelopes | None = None,
        spool: Spool | None = None,
    ) -> None:
        self._stream = streams.check_name(stream)
        self._patience = patience
        self._clock = clock
        self._random = random
        self._stating = Stating(
            clock=clock,
            random=random,
            known=known,
            redactor=redactor,
            envelopes=envelopes,
        )
        self._writer = GroupCommit(
            connect, queue_size=queue_size, patience=patience, spool=spool
        )
        # Not close(): what is registered before us still records after us.
        atexit.register(self._writer.drain)

    def record(
        self,
        event: Event | Mapping[str, Any] | None = None,
        *,
        stream: str | None = None,
        connection: object = None,
        policy: Policy = "closed",
        **fields: Unpack[Fields],
    ) -> str:
        """Record an event; return its eventId once it is durable.

        Args:
            event: an Event or a mapping in camelCase; or state it by keywords.
            stream: where it goes.
            connection: the caller's own, whose transaction the event then rides:
                psycopg, SQLAlchemy (Connection, Session) or Django.
            policy: what durable means while the database is away: see `policy`. Not
                with `connection`, where the transaction decides.
            **fields: the fields of an Event, such as ``actor=`` and ``action=``.

        Raises:
            EventError: it is refused; the message names the field and the remedy.
            RecordError: it is not known to be durable.
            DatabaseError: the database refuses this login, or has no trail.
            ConfigurationError: no database is named, or the connection is unusable.
        """
        stated, rows = self._rows(event, stream, fields)
        if connection is not None:
            within.insert_within(connection, rows)
            return stated.event_id
        future = self._writer.put(rows, stated.event_id, policy)
        try:
            # the writer keeps to the patience; this is for a connection that hangs
            return future.result(2 * self._patience)
        except FutureTimeoutError as error:
            if future.done():  # just now, or the error is the event's own
                return future.result()
            raise RecordError(
                f"event {stated.event_id} is not known to be durable after "
                f"{2 * self._patience:g} s: the connection hangs. It may still be "
                "written: record it again with the same eventId, which is safe"
            ) from error

    def submit(
        self,
        event: Event | Mapping[str, Any] | None = None,
        *,
        stream: str | None = None,
        policy: Policy = "closed",
        **fields: Unpack[Fields],
    ) -> Future[str]:
        """Hand an event over; the future gives its eventId once it is durable.

        Takes what `record` takes. Blocks only while the queue is full, and never with
        the policy `background`, whose future is done at once.

        Raises:
            EventError: it is refused.
            RecordError: the queue stayed full, or the recorder is closed.
        """
        stated, rows = self._rows(event, stream, fields)
        return self._writer.put(rows, stated.event_id, policy)

    def new_id(self) -> str:
        """Return an eventId, for an event that goes into more than one stream."""
        return ids.uuid7(self._clock(), self._random(8))

    def state(
        self, event: Event | Mapping[str, Any], *, stream: str | None = None
    ) -> Stated:
        """Return an event as `submit` would record it; `submit_stated` records it.

        Raises:
            EventError: it is refused.
        """
        return self._stating.state(event, {}, stream=stream or self._stream)

    def submit_stated(
        self, stated: Stated, *, stream: str, policy: Policy = "closed"
    ) -> Future[str]:
        """Hand over what `state` returned, as `submit` does.

        Raises:
            RecordError: the queue stayed full, or the recorder is closed.
        """
        rows = _rows(streams.check_name(stream), stated)
        return self._writer.put(rows, stated.event_id, policy)

    def counts(self) -> Counts:
        """Return how calls have ended so far in this process."""
        return self._writer.counts()

    def statement(
        self,
        event: Event | Mapping[str, Any] | None = None,
        *,
        stream: str | None = None,
        **fields: Unpack[Fields],
    ) -> Statement:
        """Return the INSERT for a driver that `record` does not know.

        Takes what `record` takes; ``cursor.execute(*recorder.statement(event))``.

        Raises:
            EventError: it is refused.
        """
        return within.statement(self._rows(event, stream, fields)[1])

    def drain(self) -> None:
        """Wait until all that was handed over before is written or has failed.

        Where the database answers, also until the spool is empty, for the patience.
        """
        self._writer.drain()

    @property
    def stream(self) -> str:
        """Where events go that name no other."""
        return self._stream

    @property
    def secret_names(self) -> list[list[str]]:
        """The names that the redactor knows of the application: secret, harmless."""
        return self._stating.secret_names

    @property
    def longest(self) -> float:
        """Seconds for which `record` waits at most for what it handed over."""
        return 2 * self._patience

    @property
    def crowded(self) -> bool:
        """Whether the queue is full, so that handing over more would block."""
        return self._writer.full

    def close(self) -> None:
        """Write what waits, then end; the interpreter's end writes it, too."""
        atexit.unregister(self._writer.drain)
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(
        self,
        event: Event | Mapping[str, Any] | None,
        stream: str | None,
        fields: Mapping[str, Any],
    ) -> tuple[Stated, list[inbox.Row]]:
        name = self._stream if stream is None else streams.check_name(stream)
        scope = current_scope()
        event, fields = completed(event, fields)
        stated = self._stating.state(event, fields, stream=name)
        if scope is not None:
            scope.note(*_said(event, fields))
        return stated, _rows(name, stated)


def _rows(stream: str, stated: Stated) -> list[inbox.Row]:
    return [
        inbox.Row(stream, text, envelope)
        for text, envelope in zip(stated.texts, stated.envelopes, strict=True)
    ]


def _said(
    event: Event | Mapping[str, Any] | None, fields: Mapping[str, Any]
) -> tuple[str, str]:
    """Return action and result of an event that was stated."""
    if isinstance(event, events.Event):
        return event.action, event.result
    given = fields if event is None else event
    action: object = given["action"]
    name = action.name if isinstance(action, EventType) else str(action)
    return name, str(given["result"])
