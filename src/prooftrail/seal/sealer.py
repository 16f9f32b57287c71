"""The sealer: moves events from the inbox to the log, exactly once, in order.

Guarantees: an event is in the inbox or in the log, never in both or neither; one
sealer leads at a time (who holds the head rows), and a second one waits and takes
over; nothing is sealed over a log that does not end where its head says, that does
not extend the newest checkpoint, or while its clock and the database's are apart. The
next batch is fetched, chained and copied in while one is inserted and commits.

Does not: sign, decrypt, or know a key. Source: `docs/adr/0004`, `docs/adr/0005`.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from prooftrail.errors import PoisonError, SealError
from prooftrail.seal import prepare
from prooftrail.seal.batch import Batch
from prooftrail.seal.intake import Intake
from prooftrail.seal.sealed import Sealed
from prooftrail.seal.writing import OvertakenError, State, Writing
from prooftrail.store import sealing
from prooftrail.store import streams as registry

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from prooftrail.seal.writing import Loaded
    from prooftrail.store.connect import Connection
    from prooftrail.store.streams import Stream

ROWS = 2_000  # a batch's rows at most
POLL = 0.05  # seconds between looks at an empty inbox


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
        self._reading = connect()
        try:
            self._reading.autocommit = True
            self._writing = Writing(connect, random=random)
        except BaseException:
            self._reading.close()
            raise
        self._pool = ThreadPoolExecutor(1, "prooftrail-seal")
        self._loaded: Loaded | None = None
        self._state = State({}, set())
        self._intake = self._new_intake()
        self._forget()

    def close(self) -> None:
        """Close all connections; a batch in flight ends first."""
        self._pool.shutdown()
        self._writing.close()
        self._reading.close()

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
        except OvertakenError:
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
        self._streams: dict[str, Stream] = {}
        self._unload()

    def _unload(self) -> None:
        """Let go of what was copied in; its rows are fetched again."""
        self._loaded = None
        self._writing.roll_back()
        self._intake = self._new_intake()

    def _new_intake(self) -> Intake:
        return Intake(
            self._reading, clock=self._clock, random=self._random, rows=self._rows
        )

    def _take_lead(self) -> bool:
        self._streams = {stream.name: stream for stream in registry.read(self._reading)}
        if not self._streams:
            raise SealError("there is no stream yet: prooftrail stream create main")
        heads = self._writing.lead(self._streams.values())
        if heads is None:
            return False
        self._state = State(heads, self._state.stepped)
        self._leading = True
        if any(head.seq < 0 for head in heads.values()):
            self._apply(Batch(self._intake.now_us()))
        return True

    def _load_next(self, in_flight: Loaded | None) -> Loaded | None:
        state = self._state if in_flight is None else in_flight.after
        batch = self._intake.next(
            self._streams, state.heads, None if in_flight is None else in_flight.batch
        )
        return None if batch is None else self._load(batch, in_flight)

    def _load(self, batch: Batch, in_flight: Loaded | None = None) -> Loaded:
        return self._writing.load(batch, self._streams.values(), self._state, in_flight)

    def _seal(self, loaded: Loaded) -> None:
        self._writing.seal(loaded, self._streams.values())
        self._state = loaded.after

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
