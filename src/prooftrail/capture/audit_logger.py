"""The audit logger: `record` an event, durably, from any thread.

Guarantees: when `record` returns, the event is committed, and will be in the log under
the returned eventId exactly once; with ``connection=`` it commits or rolls back with
the caller's transaction. When `record` raises EventError, the event was refused and is
not there; when it raises RecordError, it is not known to be durable. kill -9 loses
only events whose call had not returned.

Does not: seal, chain or hold a key (`seal` does, in another process), and writes to no
file: where the database is away for longer than the patience, the caller is told.

In asynchronous code: ``await asyncio.wrap_future(prooftrail.submit(...))``.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prooftrail.capture.envelopes import Envelopes
from prooftrail.capture.group_commit import GroupCommit
from prooftrail.capture.published import VARIABLE, PublishedFile
from prooftrail.capture.stating import Fields, Stated, Stating
from prooftrail.core import catalog, ids
from prooftrail.errors import RecordError
from prooftrail.store import inbox, streams, within

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from concurrent.futures import Future
    from typing import Self, Unpack

    from prooftrail.capture.envelopes import Missing
    from prooftrail.capture.redaction import Redactor
    from prooftrail.core.events import Event
    from prooftrail.store.connect import Connection
    from prooftrail.store.within import Statement

STREAM = "main"
QUEUE_SIZE = 10_000  # calls that wait at most
PATIENCE = 10.0  # seconds


class Recorder:
    """Records events through one writer thread, which starts with the first event.

    Args:
        connect: opens a connection in autocommit as a login that may INSERT; called by
            the writer thread, again whenever the connection was lost.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        known: the catalog: which actions there are.
        stream: where events go that name no other.
        queue_size: calls that may wait; `submit` blocks while as many do.
        patience: seconds for which a call waits for the database.
        redactor: with the application's own secret names.
        envelopes: protects what is marked as personal; by default that is dropped.

    Safe to be shared by threads, and by processes that fork.
    """

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
        self._writer = GroupCommit(connect, queue_size=queue_size, patience=patience)
        # Not close(): what is registered before us still records after us.
        atexit.register(self._writer.drain)

    def record(
        self,
        event: Event | Mapping[str, Any] | None = None,
        *,
        stream: str | None = None,
        connection: object = None,
        **fields: Unpack[Fields],
    ) -> str:
        """Record an event; return its eventId once it is durable.

        Args:
            event: an Event or a mapping in camelCase; or state it by keywords.
            stream: where it goes.
            connection: the caller's own, whose transaction the event then rides:
                psycopg, SQLAlchemy (Connection, Session) or Django.
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
        future = self._writer.put(rows, stated.event_id)
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
        **fields: Unpack[Fields],
    ) -> Future[str]:
        """Hand an event over; the future gives its eventId once it is durable.

        Takes what `record` takes. Blocks only while the queue is full.

        Raises:
            EventError: it is refused.
            RecordError: the queue stayed full, or the recorder is closed.
        """
        stated, rows = self._rows(event, stream, fields)
        return self._writer.put(rows, stated.event_id)

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

    def submit_stated(self, stated: Stated, *, stream: str) -> Future[str]:
        """Hand over what `state` returned, as `submit` does.

        Raises:
            RecordError: the queue stayed full, or the recorder is closed.
        """
        rows = _rows(streams.check_name(stream), stated)
        return self._writer.put(rows, stated.event_id)

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
        stated = self._stating.state(event, fields, stream=name)
        return stated, _rows(name, stated)


def _rows(stream: str, stated: Stated) -> list[inbox.Row]:
    return [
        inbox.Row(stream, text, envelope)
        for text, envelope in zip(stated.texts, stated.envelopes, strict=True)
    ]


def open_recorder(
    dsn: str | None = None,
    *,
    known: catalog.Catalog = catalog.OPEN,
    stream: str = STREAM,
    queue_size: int = QUEUE_SIZE,
    patience: float = PATIENCE,
    redactor: Redactor | None = None,
    envelopes: Envelopes | None = None,
) -> Recorder:
    """Make a recorder with the system's clock and randomness.

    Args:
        dsn: of a login that may INSERT; by default `PROOFTRAIL_WRITER_DSN`, or
            `PROOFTRAIL_DSN` acting as the writer. Connects with the first event.
        known: see `Recorder`, as all others.
        stream: see `Recorder`.
        queue_size: see `Recorder`.
        patience: see `Recorder`.
        redactor: see `Recorder`.
        envelopes: see `Recorder`; by default those of `open_envelopes`.
    """
    return Recorder(
        lambda: inbox.open_writer(dsn),
        clock=_clock,
        random=os.urandom,
        known=known,
        stream=stream,
        queue_size=queue_size,
        patience=patience,
        redactor=redactor,
        envelopes=open_envelopes() if envelopes is None else envelopes,
    )


def open_envelopes(
    path: str | None = None,
    *,
    missing: Missing = "drop",
    drop: Collection[str] = (),
) -> Envelopes:
    """Make what protects personal values, by the epoch keys that the keeper published.

    Args:
        path: of the file; by default `PROOFTRAIL_EPOCH_KEYS`. Without any, values that
            are marked as personal are dropped.
        missing: see `Envelopes`.
        drop: see `Envelopes`.
    """
    found = path or os.environ.get(VARIABLE)
    return Envelopes(
        (lambda: None) if not found else PublishedFile(Path(found)),
        random=os.urandom,
        missing=missing,
        drop=drop,
    )


def _clock() -> int:
    return time.time_ns() // 1_000


class _Default:
    """The process's own recorder, made when it is first used."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.recorder: Recorder | None = None

    def unlock(self) -> None:
        self.lock = threading.Lock()

    def get(self) -> Recorder:
        if self.recorder is None:
            with self.lock:
                if self.recorder is None:
                    self.recorder = open_recorder()
        return self.recorder


_default = _Default()
if hasattr(os, "register_at_fork"):
    # another thread may have held the lock when this one forked
    os.register_at_fork(after_in_child=_default.unlock)


def use(recorder: Recorder) -> None:
    """Make `recorder` the one that `prooftrail.record` uses; the caller closes it."""
    with _default.lock:
        _default.recorder = recorder


def record(
    event: Event | Mapping[str, Any] | None = None,
    *,
    stream: str | None = None,
    connection: object = None,
    **fields: Unpack[Fields],
) -> str:
    """Record by the process's own recorder: see `Recorder.record`."""
    return _default.get().record(event, stream=stream, connection=connection, **fields)


def submit(
    event: Event | Mapping[str, Any] | None = None,
    *,
    stream: str | None = None,
    **fields: Unpack[Fields],
) -> Future[str]:
    """Submit to the process's own recorder: see `Recorder.submit`."""
    return _default.get().submit(event, stream=stream, **fields)


def statement(
    event: Event | Mapping[str, Any] | None = None,
    *,
    stream: str | None = None,
    **fields: Unpack[Fields],
) -> Statement:
    """Return an INSERT for any driver: see `Recorder.statement`."""
    return _default.get().statement(event, stream=stream, **fields)
