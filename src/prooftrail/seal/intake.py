"""The intake: which rows of the inbox come next.

Guarantees: rows come in the order of their ids, and a row that commits after later
ones were fetched is found by a sweep; a row that is being committed is not taken
twice. A sweep passes over what was sealed since the last vacuum, so it is seldom
while there is much to do.

Does not: lock a row. The sealer discards a batch that another sealer overtook.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prooftrail.seal import guard
from prooftrail.seal.batch import gather
from prooftrail.store import sealing
from prooftrail.store import streams as registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prooftrail.seal.batch import Batch
    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head
    from prooftrail.store.streams import Stream

BYTES = 8 * 1024 * 1024  # a batch's text, about
SWEEP = 0.2  # seconds between looks below the floor, for rows that committed late
BUSY_SWEEP = 1.0  # the same while every look fills a batch


class Intake:
    """Fetches and prepares batches.

    Args:
        connection: of its own, in autocommit.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        rows: a batch's rows at most.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        rows: int,
    ) -> None:
        self.stale = False  # a stream was created that the sealer does not know
        self._connection = connection
        self._clock = clock
        self._random = random
        self._rows = rows
        self._floor: int | None = None  # ids above it are fetched
        self._full = False
        self.sweep_next()

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
        guard.check_behind(now_us, database_us)
        return now_us

    def next(
        self,
        streams: Mapping[str, Stream],
        heads: Mapping[int, Head],
        in_flight: Batch | None,
    ) -> Batch | None:
        """Return the next batch, None if there is none.

        Args:
            streams: by name, in order of number.
            heads: which the batch will continue, by stream number.
            in_flight: the batch that is being committed.

        Raises:
            SealError: the clock is behind the database's.
        """
        begun = time.monotonic()
        pause, share = (BUSY_SWEEP, 20) if self._full else (SWEEP, 5)
        pause = max(pause, share * self._sweep_seconds)
        sweep = self._floor is None or begun - self._swept >= pause
        rows = sealing.fetch(
            self._connection,
            floor=None if sweep else self._floor,
            rows=self._rows + (len(in_flight.ids) if sweep and in_flight else 0),
            size=BYTES,
        )
        if sweep:
            self._swept = time.monotonic()
            self._sweep_seconds = self._swept - begun
        self._full = len(rows) >= self._rows
        if any(row.stream not in streams for row in rows) and (
            len(registry.read(self._connection)) != len(streams)
        ):
            self.stale = True
            return None
        if not rows:
            return None
        self._floor = max(rows[-1].id, self._floor or rows[-1].id)
        batch = gather(
            self._connection,
            rows,
            streams=streams,
            heads=heads,
            in_flight=in_flight,
            now_us=self.now_us(),  # read behind the rows: none is of its future
            random=self._random,
        )
        return batch if batch.ids else None
