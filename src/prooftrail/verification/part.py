"""A part of a log, by recorded time: which entries it has, and what proves its borders.

Guarantees: an entry is left out only where the entry that stands at the border is
whole by its header, was recorded outside the period and is linked with its neighbour.
A time is believed only where the leaf confirms it, and a leaf only where a checkpoint,
or the end of the log, does: `follow` walks headers on both sides to there, since
whoever hashes entries anew can give them any time that he likes.

Does not: read event bytes outside the part; walk through a gap, however wide it is.

Source: `spec/verification.md`, "A part of the log".
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from prooftrail.core import entry
from prooftrail.integrity import diagnosis, segment
from prooftrail.integrity.headers import Headers
from prooftrail.integrity.segment import Before
from prooftrail.store import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.integrity.diagnosis import Row
    from prooftrail.store.connect import Connection

_BLOCK = 256  # headers read at once around a border
_BLOCKS = 4


class Borders:
    """Finds where a part begins and ends.

    Args:
        connection: the run's.
        number: of the stream.
        stream_id: 16 bytes.
        end: one past the log's last entry.
    """

    def __init__(
        self, connection: Connection, number: int, stream_id: bytes, end: int
    ) -> None:
        self._connection = connection
        self._number = number
        self._stream_id = stream_id
        self._end = end
        self._blocks: OrderedDict[int, dict[int, list[Row]]] = OrderedDict()

    def find(self, since_us: int | None, until_us: int | None) -> tuple[int, int]:
        """Return the seqs to check, start and one past the last.

        Args:
            since_us: recorded at or after; None from the log's beginning.
            until_us: recorded before; None up to the log's end.
        """
        start, stop = 0, self._end
        if since_us is not None:
            first = reading.first_since(self._connection, self._number, since_us)
            start = self._end if first is None else self._within(first)
        if until_us is not None:
            last = reading.last_before(self._connection, self._number, until_us)
            stop = 0 if last is None else self._within(last + 1)
        # Where nothing was recorded in the period, or all of it is gone, what stands
        # between the entries before and after it is looked at.
        start, stop = min(start, stop), max(start, stop)
        if since_us is not None:
            start = self._back(start, since_us)
        if until_us is not None:
            stop = self._on(stop, until_us)
        return start, stop

    def _within(self, seq: int) -> int:
        return min(max(seq, 0), self._end)

    def _back(self, start: int, since_us: int) -> int:
        """Take in what stands before the part, as far as nothing proves it outside."""
        while start > 0:
            rows, after = self._rows(start - 1), self._row(start)
            if not rows:
                there = reading.previous_seq(self._connection, self._number, start)
                start = 0 if there is None else self._within(there + 1)
                continue
            (row, *more) = rows
            if (
                not more
                and self._sound(row)
                and row.recorded_us < since_us
                and (after is None or after.prev == row.leaf)
            ):
                break
            start -= 1
        return start

    def _on(self, stop: int, until_us: int) -> int:
        """Take in what stands behind the part, as far as nothing proves it outside."""
        while stop < self._end:
            rows = self._rows(stop)
            if not rows:
                there = reading.next_seq(self._connection, self._number, stop)
                stop = self._end if there is None else self._within(there)
                continue
            (row, *more) = rows
            if (
                not more
                and self._sound(row)
                and row.recorded_us >= until_us
                and self._linked(row)
            ):
                break
            stop += 1
        return stop

    def _sound(self, row: Row) -> bool:
        return diagnosis.header_fits(row) and row.stream_id == self._stream_id

    def _linked(self, row: Row) -> bool:
        if row.seq == 0:
            return row.prev == entry.genesis(self._stream_id)
        before = self._row(row.seq - 1)
        # Else this one is taken in as well, and tells the leaf of the one before it.
        return before is not None and self._sound(before) and row.prev == before.leaf

    def _row(self, seq: int) -> Row | None:
        rows = self._rows(seq) if seq < self._end else []
        return rows[0] if rows else None

    def _rows(self, seq: int) -> list[Row]:
        """Return the rows that stand at a seq: one, unless somebody altered the log."""
        base = seq - seq % _BLOCK
        block = self._blocks.get(base)
        if block is None:
            block = {}
            for row in reading.headers(
                self._connection, self._number, base, base + _BLOCK
            ):
                block.setdefault(row.seq, []).append(row)
            self._blocks[base] = block
            if len(self._blocks) > _BLOCKS:
                self._blocks.popitem(last=False)
        return block.get(seq, [])


class Followed:
    """The headers on one side of a part, followed run by run.

    Args:
        connection: the run's.
        number: of the stream.
        name: the stream's, for findings.
        stream_id: 16 bytes.
        start: the first seq.
    """

    def __init__(
        self,
        connection: Connection,
        number: int,
        name: str,
        stream_id: bytes,
        start: int,
    ) -> None:
        self._connection = connection
        self._number = number
        if start == 0:
            before = Before.genesis(stream_id)
        else:
            before = Before.of(reading.entry(connection, number, start - 1))
        self._start = start
        self.headers = Headers(name, stream_id, start, before)

    def to(self, stop: int) -> Iterator[tuple[int, list[bytes]]]:
        """Yield leaves in order, run by run, each with its first seq.

        What lacks between two runs is gone, whole segments of it.
        """
        at = self._start
        while at < stop:
            there = reading.next_seq(self._connection, self._number, at)
            upto = stop if there is None else min(there, stop)
            first = self.headers.given
            if upto - at >= segment.SIZE:
                yield first, self.headers.end()
                at = upto - upto % segment.SIZE
                self.headers.skip(at)
                continue
            upto = min(at + segment.SIZE, stop)
            rows = reading.headers(self._connection, self._number, at, upto)
            yield first, self.headers.follow(rows, upto)
            at = upto
        yield self.headers.given, self.headers.end()
