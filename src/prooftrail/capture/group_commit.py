"""The writer thread: events from many threads, committed together.

Guarantees: a future resolves only after the commit that holds its rows; the rows of
one call commit together. While one group commits, the next one gathers: no event waits
for a timer. A lost connection is replaced and the group sent again, which is safe
because the sealer drops the same bytes under the same eventId. One event whose values
the database refuses fails alone. After a fork the child begins with a thread, a
connection and a queue of its own, and never touches its parent's.

Does not: keep events anywhere but in memory before they are committed. A process that
is killed loses those whose call had not returned.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.errors import (
    ConfigurationError,
    DatabaseError,
    EventError,
    PoisonError,
    ProoftrailError,
    RecordError,
    UnavailableError,
)
from prooftrail.store import inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prooftrail.store.connect import Connection

ROWS = 1_000  # a group's rows, about
BYTES = 4 * 1024 * 1024  # and its text
QUEUE_BYTES = 64 * 1024 * 1024  # text that waits at most, whatever the queue's size

_FIRST_PAUSE = 0.02  # seconds between tries to reach the database; doubles
_LONGEST_PAUSE = 1.0
_GRACE = 5.0  # seconds that close() waits beyond the patience

_SAFE_AGAIN = (
    "It may or may not be there: record it again with the same eventId, the same "
    "bytes are never counted twice"
)


class _Item(NamedTuple):
    """What one call wants to be durable."""

    rows: Sequence[inbox.Row]
    event_id: str
    size: int  # bytes of text
    deadline: float  # on the monotonic clock
    future: Future[str]


class GroupCommit:
    """A bounded queue and the one thread that empties it into the inbox.

    Args:
        connect: opens a connection in autocommit; called by the thread.
        queue_size: calls that may wait at most.
        patience: seconds after which an event that could not be made durable fails.

    Safe to be shared by threads.
    """

    def __init__(
        self, connect: Callable[[], Connection], *, queue_size: int, patience: float
    ) -> None:
        self._connect = connect
        self._queue_size = queue_size
        self._patience = patience
        self._closed = False
        self._inherited: list[Connection] = []
        self._begin()
        _ALL.add(self)

    def put(self, rows: Sequence[inbox.Row], event_id: str) -> Future[str]:
        """Queue the rows of one call; the future gives `event_id` once durable.

        Blocks while the queue is full, at most for the patience. The future cannot be
        cancelled: what was stated is recorded.

        Raises:
            RecordError: the queue stayed full, or it is closed.
        """
        size = sum(len(row.event) + len(row.envelope or b"") for row in rows)
        deadline = time.monotonic() + self._patience
        future: Future[str] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            while not self._closed and not self._fits(size):
                left = deadline - time.monotonic()
                if left <= 0 or not self._room.wait(left):
                    raise RecordError(
                        f"{len(self._queue)} events wait already and none was written "
                        f"for {self._patience:g} s: the event was NOT recorded. Check "
                        "that the database keeps up (prooftrail doctor), then try again"
                    )
            if self._closed:
                raise RecordError("the recorder is closed: the event was NOT recorded")
            self._queue.append(_Item(rows, event_id, size, deadline, future))
            self._waiting_bytes += size
            if self._thread is None:
                self._start()
            self._filled.notify()
        return future

    def close(self) -> None:
        """Write what waits, then end the thread and its connection."""
        with self._lock:
            self._closed = True
            self._filled.notify_all()
            self._room.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(self._patience + _GRACE)
        with self._lock:
            left = list(self._queue)
            self._queue.clear()
        for item in left:
            _fail(item, RecordError, "the recorder was closed before it was written")

    def drain(self) -> None:
        """Wait until all that was put before is written or has failed."""
        with self._lock:
            if self._closed or self._thread is None:
                return
        self.put((), "").result(2 * self._patience)

    def start_over(self) -> None:
        """Forget thread, queue and connection: they are the parent process's."""
        if self._connection is not None:
            # Closing it would say goodbye on the socket that the parent still uses.
            self._inherited.append(self._connection)
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.RLock()  # a signal handler may record, too
        self._filled = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._queue: deque[_Item] = deque()
        self._waiting_bytes = 0
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None

    def _fits(self, size: int) -> bool:
        if not self._queue:
            return True
        return (
            len(self._queue) < self._queue_size
            and self._waiting_bytes + size <= QUEUE_BYTES
        )

    def _start(self) -> None:
        # A daemon: the interpreter's end runs close(), which drains, and would
        # otherwise wait for a thread that waits for work.
        self._thread = threading.Thread(
            target=self._run, name="prooftrail-record", daemon=True
        )
        self._thread.start()

    def _run(self) -> None:
        group: list[_Item] = []
        try:
            while group := self._take():
                self._write(group)
        except BaseException as error:
            for item in group:
                if not item.future.done():
                    _fail(item, RecordError, f"the writer thread failed: {error!r}")
            raise
        finally:
            self._disconnect()
            with self._lock:
                self._thread = None
                if self._queue and not self._closed:
                    self._start()

    def _take(self) -> list[_Item]:
        """Wait for work; return a group, empty when there will be no more."""
        with self._lock:
            while not self._queue and not self._closed:
                self._filled.wait()
            group: list[_Item] = []
            rows = size = 0
            while self._queue and rows < ROWS and size < BYTES:
                item = self._queue.popleft()
                group.append(item)
                rows += len(item.rows)
                size += item.size
            self._waiting_bytes -= size
            self._room.notify_all()
            return group

    def _write(self, group: list[_Item]) -> None:
        """Make a group durable, or fail those of it that cannot be."""
        pause = 0.0
        while group:
            try:
                self._insert(group)
            except PoisonError as error:
                self._divide(group, error)
                return
            except UnavailableError as error:
                self._disconnect()
                group = self._still_patient(group, error)
                if group:
                    time.sleep(pause)
                    pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
            except (DatabaseError, ConfigurationError) as error:
                self._disconnect()
                for item in group:
                    _fail(item, type(error), str(error), error)
                return
            else:
                for item in group:
                    item.future.set_result(item.event_id)
                return

    def _insert(self, group: list[_Item]) -> None:
        rows = [row for item in group for row in item.rows]
        if rows:
            if self._connection is None:
                self._connection = self._connect()
            inbox.insert_all(self._connection, rows)

    def _divide(self, group: list[_Item], error: PoisonError) -> None:
        """Write all but what the database refuses, by halving."""
        if len(group) == 1:
            _fail(group[0], EventError, f"{inbox.REFUSED}: {error}", error)
            return
        middle = len(group) // 2
        self._write(group[:middle])
        self._write(group[middle:])

    def _still_patient(
        self, group: list[_Item], error: UnavailableError
    ) -> list[_Item]:
        now = time.monotonic()
        told = f"not durable after {self._patience:g} s: {error}. {_SAFE_AGAIN}"
        for item in group:
            if item.deadline <= now:
                _fail(item, RecordError, told, error)
        return [item for item in group if item.deadline > now]

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _fail(
    item: _Item,
    kind: type[ProoftrailError],
    told: str,
    cause: BaseException | None = None,
) -> None:
    """Fail one future with an error of its own: threads must not share a traceback."""
    error = kind(told)
    error.__cause__ = cause
    item.future.set_exception(error)


_ALL: weakref.WeakSet[GroupCommit] = weakref.WeakSet()


def _after_fork() -> None:
    for one in list(_ALL):
        one.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
