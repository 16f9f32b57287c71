"""The sealer: moves events from the inbox to the log, exactly once, in order.

Guarantees: an event is in the inbox or in the log, never in both or neither; one
sealer leads at a time (who holds the head rows), and a second one waits and takes
over; nothing is sealed over a log that does not end where its head says, that does
not extend the newest checkpoint, or while the clock is ahead of the database's. The
next batch is prepared while one commits.

Does not: sign, decrypt, or know a key. Source: `docs/adr/0004`, `docs/adr/0005`.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prooftrail.core import entry
from prooftrail.errors import PoisonError, SealError
from prooftrail.seal import chain, guard, prepare, statements
from prooftrail.seal.batch import Batch, gather
from prooftrail.store import sealing, wire
from prooftrail.store import streams as registry

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head
    from prooftrail.store.streams import Stream

ROWS = 2_000  # a batch's rows at most
BYTES = 8 * 1024 * 1024  # and its text, about
POLL = 0.05  # seconds between looks at an empty inbox
BUSY_SWEEP = 1.0  # the same while every look fills a batch
SWEEP = 0.2  # seconds between looks below the floor, for rows that committed late


class _OvertakenError(Exception):
    """Another sealer sealed since this batch was prepared."""


@dataclass
class Sealed:
    """What a turn did."""

    events: int = 0
    statements: int = 0
    duplicates: int = 0
    quarantined: int = 0
    leading: bool = True

    def add(self, other: Sealed) -> None:
        """Sum up."""
        self.events += other.events
        self.statements += other.statements
        self.duplicates += other.duplicates
        self.quarantined += other.quarantined
        self.leading = other.leading


@dataclass
class _Opened:
    """A batch whose transaction has begun."""

    batch: Batch
    heads: dict[int, Head]  # as they will be
    done: Sealed


class Sealer:
    """One sealer over two connections: one commits, one reads ahead.

    Args:
        connect: opens a connection as the sealer.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        rows: a batch's rows at most.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        rows: int = ROWS,
    ) -> None:
        self._clock = clock
        self._random = random
        self._rows = rows
        self._writing = connect()
        try:
            self._reading = connect()
            self._reading.autocommit = True
        except BaseException:
            self._writing.close()
            raise
        self._pool = ThreadPoolExecutor(1, "prooftrail-seal")
        self._guard = guard.Guard()
        self._wire = wire.Wire()
        self._next: Batch | None = None
        self._forget()
        sealing.open_tables(self._writing)

    def close(self) -> None:
        """Close both connections; a batch in flight ends first."""
        self._pool.shutdown()
        self._writing.close()
        self._reading.close()

    def run(self, stop: threading.Event, told: Callable[[Sealed], None]) -> None:
        """Seal until `stop` is set.

        Args:
            stop: ends the loop after the present batch.
            told: called after each turn that did something.
        """
        while not stop.is_set():
            done = self.turn()
            if done.events or done.statements or done.duplicates or done.quarantined:
                told(done)
            elif not self._pending():
                stop.wait(POLL)

    def drain(self) -> Sealed:
        """Seal until the inbox is empty, whoever empties it.

        Raises:
            SealError: the log does not fit.
        """
        total = Sealed()
        while True:
            self._swept = float("-inf")
            total.add(self.turn())
            if not self._pending() and sealing.is_empty(self._reading):
                return total
            if not total.leading:
                time.sleep(POLL)

    def turn(self) -> Sealed:
        """Seal one batch, preparing the next meanwhile.

        Raises:
            SealError: nothing is sealed over a log that does not fit.
            DatabaseError: try again; nothing was lost.
        """
        try:
            if self._stale:
                self._forget()
            if not self._leading and not self._take_lead():
                return Sealed(leading=False)
            batch, self._next = self._next, None
            if batch is None or not batch.ids:
                batch = self._gather(None)
            if not batch.ids:
                return Sealed(leading=not self._stale)
            try:
                opened = self._open(batch)
                future = self._pool.submit(self._end, opened)
                try:
                    self._next = self._gather(batch)
                finally:
                    error = future.exception()
                if error is not None:
                    raise error
            except PoisonError as error:
                self._next = None
                sealing.roll_back(self._writing)
                return self._divide(batch, str(error))
            else:
                return opened.done
        except _OvertakenError:
            self._forget()
            return Sealed(leading=False)
        except BaseException:
            self._forget()
            raise

    def _pending(self) -> bool:
        return self._stale or (self._next is not None and bool(self._next.ids))

    def _forget(self) -> None:
        """Know nothing: the next turn begins with looking who leads."""
        sealing.roll_back(self._writing)
        self._leading = False
        self._stale = False
        self._next = None
        self._floor: int | None = None
        self._swept = float("-inf")
        self._sweep_seconds = 0.0
        self._full = False
        self._heads: dict[int, Head] = {}
        self._streams: dict[str, Stream] = {}
        self._months: set[str] = set()

    def _take_lead(self) -> bool:
        self._streams = {stream.name: stream for stream in registry.read(self._reading)}
        if not self._streams:
            raise SealError("there is no stream yet: prooftrail stream create main")
        locked = sealing.lock_heads(self._writing, len(self._streams))
        if locked is None:
            sealing.roll_back(self._writing)
            return False
        for head in locked[0]:
            guard.check_nothing_beyond(self._writing, head, self._name(head.stream))
        sealing.roll_back(self._writing)
        self._heads = {head.stream: head for head in locked[0]}
        self._leading = True
        if any(head.seq < 0 for head in self._heads.values()):
            self._apply(Batch())
        return True

    def _gather(self, in_flight: Batch | None) -> Batch:
        begun = time.monotonic()
        # a sweep passes over what was sealed since the last vacuum: seldom while busy
        pause = BUSY_SWEEP if self._full else SWEEP
        sweep = self._floor is None or begun - self._swept >= max(
            pause, 5 * self._sweep_seconds
        )
        rows = sealing.fetch(
            self._reading,
            floor=None if sweep else self._floor,
            rows=self._rows + (len(in_flight.ids) if sweep and in_flight else 0),
            size=BYTES,
        )
        if sweep:
            self._swept = time.monotonic()
            self._sweep_seconds = self._swept - begun
        self._full = len(rows) >= self._rows
        if any(row.stream not in self._streams for row in rows) and (
            len(registry.read(self._reading)) != len(self._streams)
        ):
            self._stale = True  # a stream was created: begin again with all of them
            return Batch()
        if rows:
            self._floor = max(rows[-1].id, self._floor or rows[-1].id)
        return gather(
            self._reading,
            rows,
            streams=self._streams,
            in_flight=in_flight,
            now_us=self._clock(),
            random=self._random,
        )

    def _apply(self, batch: Batch) -> Sealed:
        """Seal a batch, all in one go."""
        opened = self._open(batch)
        self._end(opened)
        return opened.done

    def _open(self, batch: Batch) -> _Opened:
        """Begin a batch's transaction: lock, look, chain, copy in."""
        opened = _Opened(batch, dict(self._heads), Sealed(duplicates=batch.duplicates))
        heads, done = opened.heads, opened.done
        locked = sealing.lock_heads(self._writing, len(self._streams))
        if locked is None or {head.stream: head for head in locked[0]} != heads:
            raise _OvertakenError
        now_us = self._clock()
        self._guard.check(self._writing, locked, now_us, self._streams.values())
        rows: list[sealing.LogRow] = []
        subjects: list[sealing.SubjectRow] = []
        for stream in self._streams.values():
            linked = self._link(stream, heads[stream.number], batch, now_us, done)
            rows += linked.rows
            subjects += linked.subjects
            heads[stream.number] = linked.head
        if rows:
            self._ensure_partitions(max(row.recorded_us for row in rows))
            sealing.copy_in(self._writing, self._wire, rows, subjects)
        self._hand_over_envelopes(batch)
        return opened

    def _end(self, opened: _Opened) -> None:
        """Insert, delete and commit: the database's part, without Python's lock."""
        ids = opened.batch.ids
        if sealing.seal(self._writing, ids) != len(ids):
            raise _OvertakenError
        sealing.commit(self._writing)
        self._heads = opened.heads

    def _link(
        self, stream: Stream, head: Head, batch: Batch, now_us: int, done: Sealed
    ) -> chain.Linked:
        ready = batch.ready.get(stream.number, [])
        bodies = [
            chain.Body(entry.EVENT, item.sealed, item.projection, item.subjects)
            for item in ready
        ]
        state = statements.Statements(stream, now_us, self._random)
        before = state.before(head, self._guard, busy=bool(bodies))
        after = state.after(self._writing, ready, batch.refused.get(stream.number, []))
        done.events += len(bodies)
        done.statements += len(before) + len(after)
        done.quarantined += len(batch.refused.get(stream.number, []))
        if not (before or bodies or after):
            return chain.Linked([], [], head)
        return chain.link(
            stream,
            head,
            [*before, *bodies, *after],
            recorded_us=max(now_us, head.recorded_us),
            random=self._random,
        )

    def _divide(self, batch: Batch, told: str) -> Sealed:
        """Seal all but the row that the database refuses, by halving."""
        if len(batch.ids) == 1:
            for number, ready in list(batch.ready.items()):
                refused = [
                    prepare.Refused(item.row, prepare.POISON, told) for item in ready
                ]
                batch.refused.setdefault(number, []).extend(refused)
            batch.ready.clear()
            return self._apply(batch)
        total = Sealed(duplicates=batch.duplicates)
        for half in batch.halves():
            try:
                total.add(self._apply(half))
            except PoisonError as error:
                sealing.roll_back(self._writing)
                total.add(self._divide(half, str(error)))
        return total

    def _hand_over_envelopes(self, batch: Batch) -> None:
        envelopes = [
            (number, statements.id_of(item), item.row.envelope)
            for number, ready in batch.ready.items()
            for item in ready
            if item.row.envelope is not None
        ]
        if envelopes:
            sealing.insert_envelopes(self._writing, envelopes)

    def _ensure_partitions(self, recorded_us: int) -> None:
        moment = datetime.fromtimestamp(recorded_us / 1_000_000, UTC)
        for ahead in range(4):
            month = moment.month - 1 + ahead
            day = f"{moment.year + month // 12:04d}-{month % 12 + 1:02d}-01"
            if day not in self._months:
                sealing.ensure_partition(self._writing, day)
                self._months.add(day)

    def _name(self, number: int) -> str:
        return next(s.name for s in self._streams.values() if s.number == number)
