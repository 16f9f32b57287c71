"""The writer thread: events from many threads, committed together.

Guarantees: a call ends only after the commit that holds its rows, or as its policy says
(`policy`); the rows of one call commit together. While one group commits, the next one
gathers; what somebody waits for waits for no timer. Background events alone gather for
20 ms: many of them are one commit, and wake this thread once. A lost connection is
replaced and the group sent again, which is safe because the sealer drops the same bytes
under the same eventId. One event whose values the database refuses fails alone. While
the database is away, calls that may be spooled go to the spool, and behind what is in
it until it is empty; it is replayed in order, beside calls that may not. After a fork
the child begins with a thread, a connection, a queue and a spool of its own, and never
touches its parent's. At the interpreter's end every call is waited for, and its thread
does the writer's work where no other can begin.

Does not: keep closed events anywhere but in memory before they are committed. A process
that is killed loses those whose call had not returned, and background ones. An INSERT
that hangs holds all up until the connection counts as lost (`store.inbox`).
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections import deque
from concurrent.futures import wait
from typing import TYPE_CHECKING

from prooftrail.capture.pending import Call
from prooftrail.capture.policy import Counting
from prooftrail.capture.reaching import started
from prooftrail.capture.writing import BYTES, ROWS, Writing
from prooftrail.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from prooftrail.capture.policy import Counts
    from prooftrail.capture.spool import Spool
    from prooftrail.catalog import Policy
    from prooftrail.store import inbox
    from prooftrail.store.connect import Connection

QUEUE_BYTES = 64 * 1024 * 1024  # text that waits at most, whatever the queue's size

_GRACE = 5.0  # seconds that close() waits beyond the patience
_LOOK = 0.02  # seconds between looks at whether the spool is empty
_GATHER = 0.02  # seconds in which what nobody waits for becomes a group

_log = logging.getLogger("prooftrail")


class GroupCommit:
    """A bounded queue and the one thread that empties it into the inbox.

    Args:
        connect: opens a connection in autocommit; called by a thread of its own.
        queue_size: calls that may wait at most.
        patience: seconds after which an event that could not be made durable fails.
        spool: where calls may go whose policy says so; without one they are as closed.

    Safe to be shared by threads.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        queue_size: int,
        patience: float,
        spool: Spool | None = None,
    ) -> None:
        self._connect = connect
        self._queue_size = queue_size
        self._many = min(ROWS, max(1, queue_size // 4))  # calls that gather at most
        self._patience = patience
        self._spool = spool
        self._closed = False
        self._inherited: list[Connection] = []
        self._begin()
        _ALL.add(self)
        if spool is not None:
            with self._lock:
                self._start()  # what a dead process left waits for no new event

    def put(
        self, rows: Sequence[inbox.Row], event_id: str, policy: Policy = "closed"
    ) -> Future[str]:
        """Queue the rows of one call; the future gives `event_id` once durable.

        Blocks while the queue is full, at most for the patience. The future cannot be
        cancelled: what was stated is recorded. With the policy `background` it never
        blocks or raises, the future is done, and what finds half the queue full is
        lost.

        Raises:
            RecordError: the queue stayed full, or it is closed.
        """
        deadline = time.monotonic() + self._patience
        call = Call(rows, event_id, policy, deadline)
        if policy == "background":
            self._put_if_room(call)
            return call.future
        with self._lock:
            while not self._closed and not self._fits(call.size, self._queue_size):
                left = deadline - time.monotonic()
                if left <= 0 or not self._room.wait(left):
                    self._counting.add("failed")
                    raise RecordError(
                        f"{len(self._queue) + self._stuck} events wait already and "
                        f"none was written for {self._patience:g} s: the event was NOT "
                        "recorded. Check that the database keeps up (prooftrail "
                        "doctor), then try again"
                    )
            if self._closed:
                raise RecordError("the recorder is closed: the event was NOT recorded")
            self._add(call)
        self._see_through(call)
        return call.future

    def counts(self) -> Counts:
        """Return how calls have ended so far."""
        waiting = 0 if self._spool is None else self._spool.waiting
        return self._counting.counts(waiting)

    @property
    def full(self) -> bool:
        """Whether `put` would block."""
        with self._lock:
            return not self._fits(0, self._queue_size)

    def close(self) -> None:
        """Write what waits, then end the thread and its connection."""
        with self._lock:
            self._closed = True
            self._close_by = time.monotonic() + self._patience
            self._filled.notify_all()
            self._room.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(self._patience + _GRACE)
        with self._lock:
            left = list(self._queue)
            self._queue.clear()
        for call in left:
            told = "the recorder was closed before it was written"
            call.fail(self._counting, RecordError, told)

    def drain(self) -> None:
        """Wait until all that was put before has ended.

        Where the database answers, also until the spool is empty, for the patience.
        """
        with self._lock:
            if self._closed or self._thread is None:
                return
        self.put((), "").result(2 * self._patience)
        if self._spool is None:
            return
        until = time.monotonic() + self._patience
        while self._spool.waiting and not self._writing.away:
            if time.monotonic() > until:
                break
            time.sleep(_LOOK)
        self.tell_of_the_spool()

    def tell_of_the_spool(self) -> None:
        """Say what is left in the spool when a process ends."""
        if self._spool is not None and self._spool.waiting:
            _log.warning(
                "%d audit events stay in the spool %s: the next process that uses it "
                "records them, or prooftrail spool replay",
                self._spool.waiting,
                self._spool.directory,
            )

    def start_over(self) -> None:
        """Forget thread, queue, connection and spool: they are the parent's."""
        if self._writing.connection is not None:
            # Closing it would say goodbye on the socket that the parent still uses.
            self._inherited.append(self._writing.connection)
        if self._spool is not None:
            self._spool.start_over()
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.RLock()  # a signal handler may record, too
        self._filled = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._queue: deque[Call] = deque()
        self._waiting_bytes = 0
        self._stuck = 0  # calls that the thread has taken and cannot write at present
        self._stuck_bytes = 0
        self._hurried = False  # there is more in the queue than a few background calls
        self._close_by = 0.0
        self._last = False  # whoever does the work ends with it
        self._thread: threading.Thread | None = None
        self._counting = Counting()
        self._writing = Writing(
            self._connect,
            patience=self._patience,
            spool=self._spool,
            counting=self._counting,
            wake=self._filled,
        )

    def _fits(self, size: int, most: int) -> bool:
        waiting = len(self._queue) + self._stuck
        if not waiting:
            return True
        held = self._waiting_bytes + self._stuck_bytes
        return waiting < most and held + size <= QUEUE_BYTES

    def _put_if_room(self, call: Call) -> None:
        with self._lock:
            # the other half is for those who wait for their events
            fits = self._fits(call.size, max(1, self._queue_size // 2))
            closed = self._closed
            if fits and not closed:
                self._add(call)
        if fits and not closed:
            self._see_through(call)
            return
        why = "the recorder is closed" if closed else "the queue is full"
        self._counting.lose(1, why)

    def _add(self, call: Call) -> None:
        first = not self._queue
        self._queue.append(call)
        self._waiting_bytes += call.size
        many = len(self._queue) >= self._many or self._waiting_bytes >= BYTES
        self._hurried = self._hurried or many or call.policy != "background"
        if self._thread is None:
            self._start()
        if first or self._hurried:
            self._filled.notify()

    def _start(self) -> None:
        # A daemon: the interpreter's end runs close(), which drains, and would
        # otherwise wait for a thread that waits for work.
        self._thread = started(self._run, "prooftrail-record")

    def _see_through(self, call: Call) -> None:
        """At the interpreter's end, let a call end: nothing drains the queue later."""
        if threading.main_thread().is_alive():
            return
        while not call.done:
            with self._lock:
                self._hurried = True
                self._filled.notify()
                alone = self._thread is None and bool(self._queue)
                if alone:
                    self._thread = threading.current_thread()
                    self._last = True
            if alone:
                self._run()
            elif wait([call.future], self._patience).not_done:
                return  # the connection hangs: so `record` would say

    def _run(self) -> None:
        writing = self._writing
        try:
            while self._take():
                writing.turn()
                self._note_what_is_stuck()
        except BaseException as error:
            told = f"the writer thread failed: {type(error).__name__}"
            for call in writing.held:
                if not call.done:
                    call.fail(self._counting, RecordError, told, error)
            writing.held.clear()
            raise
        finally:
            if self._closed or self._last:
                self.tell_of_the_spool()
            writing.end()
            self._counting.tell_rest()
            with self._lock:
                self._thread = None
                self._stuck = self._stuck_bytes = 0
                if self._queue and not self._closed:
                    self._start()

    def _take(self) -> bool:
        """Wait for something to do; False when there will be no more."""
        with self._lock:
            while not self._queue:
                if (self._closed or self._last) and self._is_done():
                    return False
                due = self._writing.due_in()
                if due is not None and due <= 0:
                    break
                self._filled.wait(due)
            self._gather()
            rows = size = 0
            while self._queue and rows < ROWS and size < BYTES:
                call = self._queue.popleft()
                self._writing.held.append(call)
                rows += len(call.rows)
                size += call.size
            self._waiting_bytes -= size
            self._hurried = bool(self._queue)
            if self._writing.ready:
                self._stuck = self._stuck_bytes = 0
            self._room.notify_all()
            return True

    def _gather(self) -> None:
        """Let more come to background calls, as long as nothing hurries."""
        until = time.monotonic() + _GATHER
        while (
            self._queue
            and not (self._hurried or self._closed or self._last)
            and not self._writing.held
            and (left := until - time.monotonic()) > 0
        ):
            self._filled.wait(left)

    def _is_done(self) -> bool:
        if self._writing.held:
            return False
        if self._spool is None or not self._spool.waiting or self._writing.away:
            return True
        return time.monotonic() > self._close_by

    def _note_what_is_stuck(self) -> None:
        held = self._writing.held
        if not held and not self._stuck:
            return
        with self._lock:
            self._stuck = len(held)
            self._stuck_bytes = sum(call.size for call in held)
            self._room.notify_all()


_ALL: weakref.WeakSet[GroupCommit] = weakref.WeakSet()


def _after_fork() -> None:
    for one in list(_ALL):
        one.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
