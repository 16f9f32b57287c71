"""The sealer: moves events from the inbox to the log, exactly once, in order.

Guarantees: an event is in the inbox or in the log, never in both or neither; one
sealer leads at a time (who holds the head rows), and a second one waits and takes
over; nothing is sealed over a log that does not end where its head says, that does
not extend the newest checkpoint, or while the clock is ahead of the database's. The
next batch is fetched, chained and copied in while one is inserted and commits.

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
from prooftrail.seal.batch import Batch
from prooftrail.seal.intake import Intake
from prooftrail.store import sealing, wire
from prooftrail.store import streams as registry

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head
    from prooftrail.store.streams import Stream

ROWS = 2_000  # a batch's rows at most
POLL = 0.05  # seconds between looks at an empty inbox


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
class _Loaded:
    """A batch that was chained and copied in: it holds no lock and changed nothing."""

    batch: Batch
    connection: Connection  # whose temporary tables hold it
    before: Mapping[int, Head]  # the heads that it continues
    heads: dict[int, Head]  # as they will be
    done: Sealed
    latest_us: int | None = None  # of its entries, None if it has none
    poison: PoisonError | None = None  # it could not be copied


class Sealer:
    """One sealer over three connections: two write by turns, one reads ahead.

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
        self._guard = guard.Guard()
        self._wire = wire.Wire()
        self._open: list[Connection] = []
        try:
            for _ in range(3):
                self._open.append(connect())
            *self._writing, self._reading = self._open
            self._reading.autocommit = True
            self._pool = ThreadPoolExecutor(1, "prooftrail-seal")
            self._loaded: _Loaded | None = None
            self._intake = self._new_intake()
            self._forget()
            for connection in self._writing:
                sealing.open_tables(connection)
        except BaseException:
            for connection in self._open:
                connection.close()
            raise

    def close(self) -> None:
        """Close all connections; a batch in flight ends first."""
        self._pool.shutdown()
        for connection in self._open:
            connection.close()

    def run(self, stop: threading.Event, told: Callable[[Sealed], None]) -> None:
        """Seal until `stop` is set.

        Args:
            stop: ends it after the present batch.
            told: called after each turn that did something.
        """
        while not stop.is_set():
            if (done := self.turn()) != Sealed(leading=done.leading):
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
            total.add(self.turn())
            if not self._pending():
                if sealing.is_empty(self._reading):
                    return total
                self._intake.sweep_next()
            if not total.leading:
                time.sleep(POLL)

    def turn(self) -> Sealed:
        """Seal one batch, loading the next meanwhile.

        Raises:
            SealError: nothing is sealed over a log that does not fit.
            DatabaseError: try again; nothing was lost.
        """
        try:
            if self._intake.stale:
                self._forget()
            if not self._leading and not self._take_lead():
                return Sealed(leading=False)
            loaded, self._loaded = self._loaded or self._load_next(None), None
            if loaded is None:
                return Sealed(leading=not self._intake.stale)
            try:
                future = self._pool.submit(self._seal, loaded)
                try:
                    self._loaded = self._load_next(loaded)
                finally:
                    error = future.exception()
                if error is not None:
                    raise error
            except PoisonError as error:
                self._unload()
                return self._divide(loaded.batch, str(error))
            else:
                return loaded.done
        except _OvertakenError:
            self._forget()
            return Sealed(leading=False)
        except BaseException:
            self._forget()
            raise

    def _pending(self) -> bool:
        return self._intake.stale or self._loaded is not None

    def _forget(self) -> None:
        """Know nothing: the next turn begins with looking who leads."""
        self._leading = False
        self._heads: dict[int, Head] = {}
        self._streams: dict[str, Stream] = {}
        self._months: set[str] = set()
        self._unload()

    def _unload(self) -> None:
        """Let go of what was copied in; its rows are fetched again."""
        self._loaded = None
        for connection in self._writing:
            sealing.roll_back(connection)
        self._intake = self._new_intake()

    def _new_intake(self) -> Intake:
        return Intake(
            self._reading, clock=self._clock, random=self._random, rows=self._rows
        )

    def _take_lead(self) -> bool:
        self._streams = {stream.name: stream for stream in registry.read(self._reading)}
        if not self._streams:
            raise SealError("there is no stream yet: prooftrail stream create main")
        connection = self._writing[0]
        locked = sealing.lock_heads(connection, len(self._streams))
        if locked is None:
            sealing.roll_back(connection)
            return False
        for head in locked[0]:
            guard.check_nothing_beyond(connection, head, self._name(head.stream))
        sealing.roll_back(connection)
        self._heads = {head.stream: head for head in locked[0]}
        self._leading = True
        if any(head.seq < 0 for head in self._heads.values()):
            self._apply(Batch())
        return True

    def _load_next(self, in_flight: _Loaded | None) -> _Loaded | None:
        batch = self._intake.next(
            self._streams, in_flight.batch if in_flight is not None else None
        )
        return self._load(batch, in_flight) if batch.ids else None

    def _load(self, batch: Batch, in_flight: _Loaded | None = None) -> _Loaded:
        """Chain a batch behind the one in flight and copy it in."""
        one, other = self._writing
        loaded = _Loaded(
            batch,
            one if in_flight is None or in_flight.connection is other else other,
            before := in_flight.heads if in_flight is not None else self._heads,
            dict(before),
            Sealed(duplicates=batch.duplicates),
        )
        now_us = self._clock()
        rows: list[sealing.LogRow] = []
        subjects: list[sealing.SubjectRow] = []
        for stream in self._streams.values():
            linked = self._link(stream, loaded, now_us)
            rows += linked.rows
            subjects += linked.subjects
            loaded.heads[stream.number] = linked.head
        if rows:
            loaded.latest_us = max(row.recorded_us for row in rows)
            try:
                sealing.copy_in(loaded.connection, self._wire, rows, subjects)
            except PoisonError as error:
                loaded.poison = error  # told once the batch in flight has ended
        return loaded

    def _link(self, stream: Stream, loaded: _Loaded, now_us: int) -> chain.Linked:
        head, batch, done = loaded.heads[stream.number], loaded.batch, loaded.done
        ready = batch.ready.get(stream.number, [])
        refused = batch.refused.get(stream.number, [])
        bodies = [
            chain.Body(entry.EVENT, item.sealed, item.projection, item.subjects)
            for item in ready
        ]
        state = statements.Statements(stream, now_us, self._random)
        before = state.before(head, self._guard, busy=bool(bodies))
        after = state.after(self._reading, ready, refused)
        done.events += len(bodies)
        done.statements += len(before) + len(after)
        done.quarantined += len(refused)
        if not (before or bodies or after):
            return chain.Linked([], [], head)
        return chain.link(
            stream,
            head,
            [*before, *bodies, *after],
            recorded_us=max(now_us, head.recorded_us),
            random=self._random,
        )

    def _seal(self, loaded: _Loaded) -> None:
        """Lock, look, insert, delete and commit: the database's part."""
        if loaded.poison is not None:
            raise loaded.poison
        connection = loaded.connection
        locked = sealing.lock_heads(connection, len(self._streams))
        if locked is None or {h.stream: h for h in locked[0]} != loaded.before:
            raise _OvertakenError
        self._guard.check(connection, locked, self._clock(), self._streams.values())
        if loaded.latest_us is not None:
            self._ensure_partitions(connection, loaded.latest_us)
        _set_aside(connection, loaded.batch)
        ids = loaded.batch.ids
        if sealing.seal(connection, ids) != len(ids):
            raise _OvertakenError
        sealing.commit(connection)
        self._heads = loaded.heads

    def _apply(self, batch: Batch) -> Sealed:
        """Seal a batch, all in one go."""
        loaded = self._load(batch)
        self._seal(loaded)
        return loaded.done

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
                self._unload()
                total.add(self._divide(half, str(error)))
        return total

    def _ensure_partitions(self, connection: Connection, recorded_us: int) -> None:
        moment = datetime.fromtimestamp(recorded_us / 1_000_000, UTC)
        for month in range(moment.month - 1, moment.month + 3):
            day = f"{moment.year + month // 12:04d}-{month % 12 + 1:02d}-01"
            if day not in self._months:
                sealing.ensure_partition(connection, day)
                self._months.add(day)

    def _name(self, number: int) -> str:
        return next(s.name for s in self._streams.values() if s.number == number)


def _set_aside(connection: Connection, batch: Batch) -> None:
    """Keep refused rows in quarantine and hand envelopes to the keeper."""
    for number, refused in batch.refused.items():
        for row, _, told in refused:
            sealing.quarantine(connection, row.id, number, told)
    envelopes = [
        (number, statements.id_of(item), item.row.envelope)
        for number, ready in batch.ready.items()
        for item in ready
        if item.row.envelope is not None
    ]
    if envelopes:
        sealing.insert_envelopes(connection, envelopes)
