"""What the writer thread does with calls: into the database, into the spool, or failed.

Guarantees: calls are written in the order in which they were put, those that may be
spooled never before what is in the spool. What does not end is held, and tried again
until its patience is over.

Does not: wait. `turn` does what can be done now, `due_in` says when there is more.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from prooftrail.capture.reaching import Reaching
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
    import threading
    from collections.abc import Callable, Sequence

    from prooftrail.capture.pending import Call
    from prooftrail.capture.policy import Counting
    from prooftrail.capture.spool import Held, Spool
    from prooftrail.store.connect import Connection

ROWS = 1_000  # a group's rows, about
BYTES = 4 * 1024 * 1024  # and its text

_FIRST_PAUSE = 0.02  # seconds between tries to reach the database; doubles
_LONGEST_PAUSE = 1.0
_SILENT = 1.0  # seconds after which a database that does not answer is away
_REPLAYED_A_TURN = 4  # groups: more than one turn can add, so that it comes to an end
_ADOPT_EVERY = 30.0  # seconds
_FULL_FOR = 0.25  # seconds until a spool that took less than all is tried again

_SAFE_AGAIN = (
    "It may or may not be there: record it again with the same eventId, the same "
    "bytes are never counted twice"
)

_log = logging.getLogger("prooftrail")


class Writing:
    """The state of one writer thread, which alone calls its methods.

    Args:
        connect: opens a connection in autocommit.
        patience: seconds, as told to whom it fails.
        spool: see `GroupCommit`.
        counting: where ends are counted.
        wake: notified when an attempt to connect has ended.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        patience: float,
        spool: Spool | None,
        counting: Counting,
        wake: threading.Condition,
    ) -> None:
        self._connect = connect
        self._patience = patience
        self._spool = spool
        self._counting = counting
        self._wake = wake
        self.held: list[Call] = []  # taken and not ended, in order
        self.connection: Connection | None = None
        self._reaching: Reaching | None = None
        self._error: ProoftrailError | None = None  # why the database is away
        self._failures = 0  # one after another
        self._try_at = 0.0  # on the monotonic clock, as all below
        self._adopt_at = 0.0
        self._full_until = 0.0  # the spool took less than all: not at every turn again
        self._told_away = False

    @property
    def away(self) -> bool:
        """Whether the database is known not to take events at present."""
        return self._failures > 1

    @property
    def ready(self) -> bool:
        """Whether the next turn can write, as far as is known."""
        reaching = self._reaching
        return self.connection is not None or (
            reaching is not None and reaching.outcome is not None
        )

    def turn(self) -> None:
        """Do what can be done now, and let end what can end."""
        self._adopt()
        try:
            if self._reach():
                self._write(self._direct())
                self._replay()
        except UnavailableError as error:
            self._lose(error)
        except (DatabaseError, ConfigurationError) as error:
            self._refused(error)
        self._spool_what_may_be()
        self._expire()
        while self.held and not self.held[0].rows:
            self.held.pop(0).finish()

    def due_in(self) -> float | None:
        """Return the seconds until there is something to do; None: only new calls."""
        times = []
        if self.held or self._backlog:
            if self.connection is not None:
                return 0.0
            reaching = self._reaching
            if reaching is None:
                times.append(self._try_at)
            elif reaching.outcome is not None:
                return 0.0
            elif not self.away:
                times.append(reaching.begun_at + _SILENT)
        if self.held:
            times.append(self.held[0].deadline)
            if self._full_until > time.monotonic():
                times.append(self._full_until)
        if self._spool is not None:
            times.append(self._adopt_at)
        return min(times) - time.monotonic() if times else None

    def end(self) -> None:
        """Let go of connection and spool."""
        self._disconnect()
        if self._reaching is not None:
            self._reaching.give_up()
            self._reaching = None
        if self._spool is not None:
            self._spool.close()
            self._adopt_at = 0.0

    @property
    def _backlog(self) -> int:
        return 0 if self._spool is None else self._spool.waiting

    def _adopt(self) -> None:
        if self._spool is not None and time.monotonic() >= self._adopt_at:
            self._spool.adopt()
            self._count_lost()
            self._adopt_at = time.monotonic() + _ADOPT_EVERY

    def _reach(self) -> bool:
        """Say whether there is a connection; begin to make one when it is time.

        Raises:
            DatabaseError: or ConfigurationError: the attempt ended with it.
        """
        if self.connection is not None:
            return True
        if not self.held and not self._backlog:
            return False
        if self._reaching is None:
            if time.monotonic() < self._try_at:
                return False
            self._reaching = Reaching(self._connect, self._wake)
        outcome = self._reaching.outcome
        if outcome is None:
            if time.monotonic() >= self._reaching.begun_at + _SILENT:
                silent = f"the database does not answer within {_SILENT:g} s"
                self._failures = max(self._failures, 2)
                self._tell_away(self._error or UnavailableError(silent))
            return False
        begun_at, self._reaching = self._reaching.begun_at, None
        if isinstance(outcome, BaseException):
            if time.monotonic() >= begun_at + _SILENT:
                self._failures = max(self._failures, 1)  # more than a lost connection
            raise outcome
        self.connection = outcome
        return True

    def _direct(self) -> list[Call]:
        """Return the calls that go to the database without passing what is spooled."""
        if not self._backlog:
            return self.held
        return [call for call in self.held if not self._may_spool(call)]

    def _may_spool(self, call: Call) -> bool:
        return self._spool is not None and call.policy != "closed"

    def _write(self, calls: Sequence[Call]) -> None:
        """Write calls, a group at a time.

        Raises:
            DatabaseError: or ConfigurationError: for those that have not ended.
        """
        group: list[Call] = []
        rows = size = 0
        for call in calls:
            group.append(call)
            rows += len(call.rows)
            size += call.size
            if rows >= ROWS or size >= BYTES:
                self._write_group(group)
                group, rows, size = [], 0, 0
        self._write_group(group)
        self.held = [call for call in self.held if not call.done]

    def _write_group(self, group: Sequence[Call]) -> None:
        try:
            self._insert([row for call in group for row in call.rows])
        except PoisonError as error:
            if len(group) == 1:
                told = f"{inbox.REFUSED}: {error}"
                group[0].fail(self._counting, EventError, told, error)
                return
            middle = len(group) // 2
            self._write_group(group[:middle])
            self._write_group(group[middle:])
            return
        self._counting.add("recorded", sum(bool(call.rows) for call in group))
        for call in group:
            call.finish()

    def _insert(self, rows: Sequence[inbox.Row]) -> None:
        if rows and self.connection is not None:
            inbox.insert_all(self.connection, rows)
            self._failures, self._error, self._told_away = 0, None, False

    def _replay(self) -> None:
        """Move what is spooled to the database, some groups of it."""
        if self._spool is None or not self._spool.waiting:
            return
        before = self._spool.waiting
        for _ in range(_REPLAYED_A_TURN):
            held = self._spool.first(ROWS, BYTES)
            self._count_lost()
            if not held:
                break
            self._replay_group(self._spool, held)
        if before and not self._spool.waiting:
            _log.info("the spool %s is empty again", self._spool.directory)

    def _replay_group(self, spool: Spool, group: Sequence[Held]) -> None:
        try:
            self._insert([row for held in group for row in held.record.rows])
        except PoisonError:
            if len(group) == 1:
                spool.refuse(group[0])
                self._count_lost()
                return
            middle = len(group) // 2
            self._replay_group(spool, group[:middle])
            self._replay_group(spool, group[middle:])
            return
        self._counting.add("replayed", len(group))
        spool.replayed(group)

    def _count_lost(self) -> None:
        if self._spool is not None and self._spool.lost:
            lost, self._spool.lost = self._spool.lost, 0
            self._counting.lose(lost, "they cannot be read from the spool, or written")

    def _lose(self, error: UnavailableError) -> None:
        """Note that the database is away, and when to try again."""
        self.held = [call for call in self.held if not call.done]
        self._disconnect()
        self._pause(error)

    def _refused(self, error: DatabaseError | ConfigurationError) -> None:
        """Fail what is held: trying again would not help."""
        self._disconnect()
        for call in self.held:
            if not call.done and not (self._may_spool(call) and self._backlog):
                call.fail(self._counting, type(error), str(error), error)
        self.held = [call for call in self.held if not call.done]
        if self._backlog:
            self._pause(error)

    def _pause(self, error: DatabaseError | ConfigurationError) -> None:
        self._failures += 1
        self._error = error
        if self.away:  # the first failure may be a lost connection
            self._tell_away(error)
        # at once for the first time; then after pauses that double
        pause = min(_FIRST_PAUSE * 2 ** min(self._failures - 2, 20), _LONGEST_PAUSE)
        self._try_at = time.monotonic() + (pause if self._failures > 1 else 0)

    def _tell_away(self, error: ProoftrailError) -> None:
        self._error = error
        if not self._told_away:
            self._told_away = True
            _log.warning("the audit trail's database is away: %s", error)

    def _spool_what_may_be(self) -> None:
        spool = self._spool
        if spool is None or not self.held or not (self.away or spool.waiting):
            return
        now = time.monotonic()
        if self.connection is None and now < self._full_until:
            return
        calls = [call for call in self.held if self._may_spool(call) and call.rows]
        taken = spool.append([call.record for call in calls]) if calls else 0
        self._full_until = now + _FULL_FOR if taken < len(calls) else 0.0
        self._counting.add("spooled", taken)
        for call in calls[:taken]:
            call.finish()
        if taken:
            self.held = [call for call in self.held if not call.done]

    def _expire(self) -> None:
        now = time.monotonic()
        if not self.held or self.held[0].deadline > now:
            return
        error = self._error or UnavailableError("the database does not answer yet")
        told = f"not durable after {self._patience:g} s: {error}. {_SAFE_AGAIN}"
        for call in self.held:
            if call.deadline <= now:
                if call.rows:
                    call.fail(self._counting, RecordError, told, error)
                else:
                    call.finish()
        self.held = [call for call in self.held if not call.done]

    def _disconnect(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()
