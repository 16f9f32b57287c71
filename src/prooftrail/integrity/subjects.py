"""Subject rows against entries: a second list, walked beside the first.

Guarantees: each stored subject row is looked at once, in order, in constant memory; an
entry whose hashes fit must have exactly the rows that its bytes give. Rows of an entry
that is gone or edited are passed over: that entry is named already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
    """Walks stored subject rows in order of seq and subject."""

    def __init__(self, rows: Iterator[SubjectRow]) -> None:
        self._rows = rows
        self._waiting: SubjectRow | None = None
        self.next_seq = _END  # of the row that waits
        self._step()

    def before(self, seq: int) -> list[int]:
        """Take the rows below `seq`; return which seqs they name."""
        found = []
        while self._waiting is not None and self._waiting.seq < seq:
            found.append(self._waiting.seq)
            self._step()
        return found

    def fit(self, row: Row, found: Projection, touched: list[str]) -> bool:
        """Take an entry's rows; return whether they are what its bytes give."""
        wanted = [
            SubjectRow(row.seq, subject, found.occurred_us, row.recorded_us)
            for subject in touched
        ]
        return self.take(row.seq) == wanted

    def take(self, seq: int) -> list[SubjectRow]:
        """Take and return an entry's rows."""
        stored = []
        while self._waiting is not None and self._waiting.seq == seq:
            stored.append(self._waiting)
            self._step()
        return stored

    def _step(self) -> None:
        self._waiting = next(self._rows, None)
        self.next_seq = self._waiting.seq if self._waiting is not None else _END
