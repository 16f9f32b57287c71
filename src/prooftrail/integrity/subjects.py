"""Subject rows against entries: a second list, walked beside the first.

Guarantees: each stored subject row is looked at once, in order, in constant memory; an
entry whose hashes fit must have exactly the rows that its bytes give. Rows of an entry
that is gone or edited are passed over: that entry is named already.
"""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.core.projection import Projection
    from prooftrail.integrity.diagnosis import Row

_END = 2**63  # beyond every seq


class SubjectRow(NamedTuple):
    """A stored subject row."""

    seq: int
    subject: str | None  # these may be null once constraints were dropped
    occurred_us: int | None
    recorded_us: int | None


class Subjects:
    """Walks stored subject rows in order of seq and subject.

    Args:
        rows: fields of a `SubjectRow` each.
    """

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._held: deque[tuple[Any, ...]] = deque()  # read, and not yet taken
        self._read_seq = 0
        self._read()

    @property
    def next_seq(self) -> int:
        """The seq of the row that is taken next; beyond every seq at the end."""
        return self._held[0][0] if self._held else _END

    def through(self, seq: int) -> list[tuple[Any, ...]]:
        """Return the rows up to `seq`; `drop` takes them."""
        while self._held and self._held[-1][0] <= seq and self._read():
            continue
        return list(takewhile(lambda row: row[0] <= seq, self._held))

    def drop(self, count: int) -> None:
        """Take so many rows."""
        for _ in range(count):
            self._held.popleft()
        if not self._held:
            self._read()

    def before(self, seq: int) -> list[int]:
        """Take the rows below `seq`; return which seqs they name."""
        found = self.through(seq - 1)
        self.drop(len(found))
        return [row[0] for row in found]

    def fit(self, row: Row, found: Projection, touched: list[str]) -> bool:
        """Take an entry's rows; return whether they are what its bytes give."""
        wanted = [
            (row.seq, subject, found.occurred_us, row.recorded_us)
            for subject in touched
        ]
        return self.take(row.seq) == wanted

    def take(self, seq: int) -> list[tuple[Any, ...]]:
        """Take and return an entry's rows; none lies below it."""
        found = self.through(seq)
        self.drop(len(found))
        return found

    def _read(self) -> bool:
        row = next(self._rows, None)
        if row is None:
            return False
        if type(row[0]) is not int:
            # the column was given another type: whatever it says is no entry's row
            row = (self._read_seq, None, None, None)
        self._read_seq = max(self._read_seq, row[0])
        self._held.append(row)
        return True
