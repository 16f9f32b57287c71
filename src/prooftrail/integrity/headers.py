"""Following headers: leaves, links, gaps and clock of entries whose bytes stay unread.

Guarantees: every header that is followed gives its stored leaf again, is chained to the
one before it and not recorded before it; what does not fit is a finding with the
entry's seq, as `check` would name it. Leaves come out in order for the tree (`links`).

Does not: look at event bytes, columns or subjects: a body is taken as it stands.

Source: `spec/verification.md`, "A part of the log".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.integrity import diagnosis
from prooftrail.integrity.findings import MAX_KEPT, Finding, Kind, failure
from prooftrail.integrity.links import HELD, Links

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.integrity.diagnosis import Row
    from prooftrail.integrity.segment import Before


class Headers:
    """Follows the headers of one stream.

    Args:
        stream: the stream's name, for findings.
        stream_id: 16 bytes.
        start: the first seq.
        before: the entry before it.
    """

    def __init__(
        self, stream: str, stream_id: bytes, start: int, before: Before
    ) -> None:
        self._stream = stream
        self._stream_id = stream_id
        self._expected = start
        self.findings: list[Finding] = []
        self.more = 0  # failures beyond those kept
        self.last: Row | None = None  # the newest that was followed
        self.last_sound = False
        self._links = Links(stream, before, self._keep)

    @property
    def unresolved(self) -> int | None:
        """The lowest seq whose leaf nothing tells, of those that were given out."""
        given = self.given
        return min((seq for seq in self._links.unresolved if seq < given), default=None)

    @property
    def given(self) -> int:
        """One past the seq of the last leaf that was given out, or passed over."""
        return self._expected - len(self._links.leaves)

    def follow(self, rows: Iterable[Row], stop: int) -> list[bytes]:
        """Follow the headers below `stop`; return the leaves that are certain."""
        for row in rows:
            if row.seq < self._expected:
                self._extra(row)
                continue
            if row.seq > self._expected:
                self._gap(row.seq)
            self._look(row)
            self.last = row
            self._expected = row.seq + 1
        if self._expected < stop:
            self._gap(stop)
        return self._given(len(self._links.leaves) - HELD)

    def skip(self, stop: int) -> None:
        """Pass over entries that are all gone; call `end` before."""
        self._links.skip(self._expected, stop)
        self.last, self.last_sound = None, False
        self._expected = stop

    def end(self) -> list[bytes]:
        """Return the leaves that were held back."""
        self._links.end()
        return self._given(len(self._links.leaves))

    def _given(self, count: int) -> list[bytes]:
        count = max(count, 0)
        leaves = self._links.leaves
        given, self._links.leaves = leaves[:count], leaves[count:]
        return given

    def _extra(self, row: Row) -> None:
        if row == self.last:
            told = f"entry {row.seq} stands in the log twice"
            self._tell(Kind.DUPLICATED, row, told)
        else:
            told = f"a second entry {row.seq} stands in the log"
            self._tell(Kind.INSERTED, row, told)

    def _gap(self, until: int) -> None:
        self._links.gap(self._expected, until)
        self.last, self.last_sound = None, False
        self._expected = until

    def _look(self, row: Row) -> None:
        whole = diagnosis.header_fits(row)
        self.last_sound = whole and row.stream_id == self._stream_id
        if self.last_sound:
            self._links.sound(row)
            return
        if whole:
            told = f"entry {row.seq} belongs to another stream"
            self._tell(Kind.INSERTED, row, told)
        else:
            told = f"entry {row.seq}: its header does not give its leaf"
            self._tell(Kind.EDITED, row, told)
        self._links.damaged(row, diagnosis.leaf_of(row, row.body))

    def _tell(self, kind: Kind, row: Row, told: str) -> None:
        self._keep(
            failure(kind, self._stream, row.seq, told, recorded_us=row.recorded_us)
        )

    def _keep(self, found: Finding) -> None:
        if len(self.findings) < MAX_KEPT:
            self.findings.append(found)
        else:
            self.more += 1
