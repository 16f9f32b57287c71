"""The intake: which rows of the inbox come next.

Guarantees: rows come in the order of their ids, and a row that commits after later
ones were fetched is found by a sweep; a row that is being committed is not taken
twice. A sweep passes over what was sealed since the last vacuum, so it is seldom
while there is much to do. Rows of a stream that is not sealed stay where they are and
take no place of others. A change of the registry is noticed within a second.

Does not: lock a row. The sealer discards a batch that another sealer overtook.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prooftrail.seal import guard
from prooftrail.seal.batch import gather
from prooftrail.store import sealing, waiting
from prooftrail.store import streams as registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prooftrail.seal.batch import Batch
    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head
    from prooftrail.store.streams import Stream
    from prooftrail.store.waiting import InboxRow

BYTES = 8 * 1024 * 1024  # a batch's text, about
SWEEP = 0.2  # seconds between looks below the floor, for rows that committed late
BUSY_SWEEP = 1.0  # the same while every look fills a batch, or passes over rows
LOOK = 1.0  # seconds between looks for streams that were created


class Intake:
    """Fetches and prepares batches.

    Args:
        connection: of its own, in autocommit.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        rows: a batch's rows at most.
        registered: all streams, as the sealer knows them.
        streams: those that are sealed, by name, in order of number.
        choice: whose rows are fetched.
        past: whether the clock may be behind the database's (see `Sealer`).
    """

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        rows: int,
        registered: Sequence[Stream] = (),
        streams: Mapping[str, Stream] | None = None,
        choice: waiting.Choice = waiting.ALL,
        past: bool = False,
    ) -> None:
        self._past = past
        self.stale = False  # the registry is no longer what the sealer knows
        self._connection = connection
        self._clock = clock
        self._random = random
        self._rows = rows
        self._registered = list(registered)
        self._streams = streams or {}
        self._choice = choice
        self._looked = time.monotonic()  # at the registry
        self._floor: int | None = None  # ids above it are fetched
        self._full = False
        self.sweep_next()

    def is_done(self) -> bool:
        """Return whether no row waits that would be fetched."""
        return waiting.is_empty(self._connection, self._choice)

    def sweep_next(self) -> None:
        """Look at the whole inbox the next time."""
        self._swept = float("-inf")
        self._sweep_seconds = 0.0

    def now_us(self) -> int:
        """Return what the clock shows.

        Raises:
            SealError: it is behind the database's.
        """
        database_us = sealing.clock(self._connection)
        now_us = self._clock()
        if not self._past:
            guard.check_behind(now_us, database_us)
        return now_us

    def next(self, heads: Mapping[int, Head], in_flight: Batch | None) -> Batch | None:
        """Return the next batch, None if there is none.

        Args:
            heads: which the batch will continue, by stream number.
            in_flight: the batch that is being committed.

        Raises:
            SealError: the clock is behind the database's.
        """
        if time.monotonic() - self._looked >= LOOK and self._is_stale():
            return None
        rows = self._fetch(len(in_flight.ids) if in_flight is not None else 0)
        if any(row.stream not in self._streams for row in rows) and self._is_stale():
            return None
        if not rows:
            return None
        self._floor = max(rows[-1].id, self._floor or rows[-1].id)
        batch = gather(
            self._connection,
            rows,
            streams=self._streams,
            heads=heads,
            in_flight=in_flight,
            now_us=self.now_us(),  # read behind the rows: none is of its future
            random=self._random,
        )
        return batch if batch.ids else None

    def _fetch(self, in_flight: int) -> list[InboxRow]:
        begun = time.monotonic()
        partial = self._choice != waiting.ALL
        pause, share = (BUSY_SWEEP, 20) if self._full or partial else (SWEEP, 5)
        pause = max(pause, share * self._sweep_seconds)
        sweep = self._floor is None or begun - self._swept >= pause
        newest = waiting.newest_id(self._connection) if partial else 0
        rows = waiting.fetch(
            self._connection,
            floor=None if sweep else self._floor,
            rows=self._rows + (in_flight if sweep else 0),
            size=BYTES,
            choice=self._choice,
        )
        if sweep:
            self._swept = time.monotonic()
            self._sweep_seconds = self._swept - begun
        self._full = len(rows) >= self._rows
        if not rows and newest:
            # what is passed over is passed over once, and then by sweeps
            self._floor = max(newest, self._floor or newest)
        return rows

    def _is_stale(self) -> bool:
        self._looked = time.monotonic()
        self.stale = registry.read(self._connection) != self._registered
        return self.stale
