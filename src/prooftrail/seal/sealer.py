"""The sealer: moves events from the inbox to the log, exactly once, in order.

Guarantees: an event is in the inbox or in the log, never in both or neither; one
sealer leads at a time (who holds the head rows), and a second one waits and takes
over; nothing is sealed over a log that does not end where its head says or does not
extend the newest checkpoint: that stream's events wait, the others go on. Nothing at
all is sealed while its clock and the database's are apart. The next batch is fetched,
chained and copied in while one is inserted and commits.

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
from prooftrail.seal.writing import MisfitError, OvertakenError, State, Writing
from prooftrail.store import sealing, waiting

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from prooftrail.seal.writing import Loaded
    from prooftrail.store.connect import Connection
    from prooftrail.store.streams import Stream

ROWS = 2_000  # a batch's rows at most
POLL = 0.05  # seconds between looks at an empty inbox
KEEPER = 1.0  # seconds between looks at what the keeper found
LOOK_AGAIN = 60.0  # seconds between looks at streams that did not fit, and tellings


def _ignore(_: Sealed) -> None:
    """Tell nobody."""


class Sealer:
    """One sealer over three connections: two write by turns, one reads ahead.

    Args:
        connect: opens a connection as the sealer.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        rows: a batch's rows at most.
        past: whether its clock may be behind the database's: a simulation's, which
            seals as of earlier days. Never so where the trail is to be relied on.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        rows: int = ROWS,
        past: bool = False,
    ) -> None:
        self._past = past
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
        self._state = State({}, set())
        self._keeper_due = 0.0
        self._told: dict[int, float] = {}  # when a stream's misfit was told
        self._loaded: Loaded | None = None
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
            told: called after each turn that has something to say.

        Raises:
            SealError: no stream is left that could be sealed.
            DatabaseError: try again with a new sealer.
        """
        while not stop.is_set():
            done = self.turn()
            if done.any or done.warnings:
                told(done)
            elif not self._pending():
                stop.wait(POLL)

    def drain(self, told: Callable[[Sealed], None] = _ignore) -> Sealed:
        """Seal until the inbox is empty, whoever empties it.

        Args:
            told: called with what was done, also before an error.

        Raises:
            SealError: the logs of some streams do not fit; the others were sealed.
        """
        total = Sealed()
        self._keeper_due = 0.0
        try:
            while True:
                total.add(self.turn())
                if not self._pending():
                    if self._intake.is_done():
                        break
                    self._intake.sweep_next()
                if not total.leading:
                    time.sleep(POLL)
        finally:
            told(total)
        if self._misfits:
            raise self._refusal()
        return total

    def turn(self) -> Sealed:
        """Seal one batch, loading the next meanwhile.

        A stream whose log does not fit is left out and told of; its rows wait.

        Raises:
            SealError: no stream is left, or the clock is apart from the database's.
            DatabaseError: try again; nothing was lost.
        """
        if self._intake.stale or self._untold():
            self._forget()  # look at all again, also at what did not fit
        try:
            done = self._seal_next()
        except OvertakenError:
            self._forget()
            return Sealed(leading=False)
        except BaseException:
            self._forget()
            raise
        for number in self._untold():
            self._told[number] = time.monotonic()
            done.warnings.append(self._misfits[number])
        return done

    def _seal_next(self) -> Sealed:
        try:
            if not self._leading and not self._take_lead():
                return Sealed(leading=False)
            if mismatches := self._mismatches():
                self._unload()
                return self._apply(Batch(self._intake.now_us(), mismatches=mismatches))
            loaded, self._loaded = self._loaded or self._load_next(None), None
            if loaded is None:
                return Sealed(leading=not self._intake.stale)
            future = self._pool.submit(self._seal, loaded)
            try:
                self._loaded = self._load_next(loaded)
            finally:
                error = future.exception()
            if isinstance(error, PoisonError):
                self._unload()
                return self._divide(loaded.batch, str(error))
            if error is not None:
                raise error
        except MisfitError as error:
            self._leave_out(error.misfits)
            return Sealed()
        else:
            return loaded.done

    def _mismatches(self) -> list[sealing.Mismatch]:
        """Return what the keeper found, to be stated, where it is time to look."""
        if time.monotonic() < self._keeper_due:
            return []
        self._keeper_due = time.monotonic() + KEEPER
        numbers = [stream.number for stream in self._streams.values()]
        return sealing.mismatches(self._reading, numbers, self._rows)

    def _pending(self) -> bool:
        return self._intake.stale or self._loaded is not None

    def _forget(self) -> None:
        """Know nothing: the next turn begins with looking who leads."""
        self._leading = False
        self._registered: list[Stream] = []
        self._streams: dict[str, Stream] = {}
        self._misfits: dict[int, str] = {}
        self._unload()

    def _unload(self) -> None:
        """Let go of what was copied in; its rows are fetched again."""
        self._loaded = None
        self._writing.roll_back()
        self._intake = self._new_intake()

    def _new_intake(self) -> Intake:
        return Intake(
            self._reading,
            clock=self._clock,
            random=self._random,
            rows=self._rows,
            registered=self._registered,
            streams=self._streams,
            choice=self._choice(),
            past=self._past,
        )

    def _choice(self) -> waiting.Choice:
        known = {stream.number for stream in self._registered}
        if self._misfits.keys() - known:
            # one whose name nobody knows: rows of unknown streams may be its own
            return waiting.Choice(list(self._streams), named=True)
        out = [s.name for s in self._registered if s.name not in self._streams]
        return waiting.Choice(out, named=False)

    def _take_lead(self) -> bool:
        lead = self._writing.lead()
        if lead is None:
            return False
        if not lead.streams and not lead.misfits:
            raise SealError("there is no stream yet: prooftrail stream create main")
        self._leading = True
        self._registered = lead.streams
        self._state = State(lead.heads, self._state.stepped)
        self._leave_out(lead.misfits)
        if any(head.seq < 0 for head in self._state.heads.values()):
            self._apply(Batch(self._intake.now_us()))
        return True

    def _leave_out(self, misfits: dict[int, str]) -> None:
        """Go on without the streams whose logs do not fit.

        Raises:
            SealError: none is left.
        """
        self._misfits |= misfits
        heads = self._state.heads
        fitting = {at: heads[at] for at in heads if at not in self._misfits}
        self._state = self._state._replace(heads=fitting)
        self._streams = {s.name: s for s in self._registered if s.number in fitting}
        self._unload()
        if not self._streams:
            raise self._refusal()

    def _refusal(self) -> SealError:
        return SealError("\n".join(self._misfits.values()))

    def _untold(self) -> list[int]:
        """Return the streams that are left out and were not told of for a minute."""
        due = time.monotonic() - LOOK_AGAIN
        return [at for at in self._misfits if self._told.get(at, due) <= due]

    def _load_next(self, in_flight: Loaded | None) -> Loaded | None:
        heads = (self._state if in_flight is None else in_flight.after).heads
        batch = self._intake.next(heads, None if in_flight is None else in_flight.batch)
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
