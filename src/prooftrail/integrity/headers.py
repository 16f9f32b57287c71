"""Following headers: leaves, links, gaps and clock of entries whose bytes stay unread.

Guarantees: every header that is followed gives its stored leaf again, is chained to the
one before it and not recorded before it; what does not fit is a finding with the
entry's seq, as `check` would name it. Leaves come out in order for the tree; where an
entry was altered, the leaf that its sound successor is chained to stands in.

Does not: look at event bytes, columns or subjects: a body is taken as it stands.

Source: `spec/verification.md`, "A part of the log".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import entry
from prooftrail.integrity import diagnosis
from prooftrail.integrity.findings import MAX_KEPT, Finding, Kind, failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.integrity.diagnosis import Row
    from prooftrail.integrity.segment import Before

HELD = 2  # leaves that the next entries may still correct
_NOTHING = bytes(entry.HASH_BYTES)  # stands for a leaf that is gone


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
        self._links = before.leaves
        self._recorded_us = before.recorded_us
        # Whether a sound successor still has to tell the leaf of the entry before.
        self._open = not before.sound
        self._doubted: Row | None = None  # sound, and chained to another predecessor
        self._leaves: list[bytes] = []  # not yet given out
        self._unresolved: set[int] = set()
        self.findings: list[Finding] = []
        self.more = 0  # failures beyond those kept
        self.last: Row | None = None  # the newest that was followed
        self.last_sound = False

    @property
    def unresolved(self) -> int | None:
        """The lowest seq whose leaf nothing tells, of those that were given out."""
        given = self.given
        return min((seq for seq in self._unresolved if seq < given), default=None)

    @property
    def given(self) -> int:
        """One past the seq of the last leaf that was given out, or passed over."""
        return self._expected - len(self._leaves)

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
        return self._given(len(self._leaves) - HELD)

    def skip(self, stop: int) -> None:
        """Pass over entries that are all gone; call `end` before."""
        self._tell_gone(stop)
        self._expected = stop

    def end(self) -> list[bytes]:
        """Return the leaves that were held back."""
        self._blame_doubted()
        return self._given(len(self._leaves))

    def _given(self, count: int) -> list[bytes]:
        count = max(count, 0)
        given, self._leaves = self._leaves[:count], self._leaves[count:]
        return given

    def _extra(self, row: Row) -> None:
        if row == self.last:
            told = f"entry {row.seq} stands in the log twice"
            self._tell(Kind.DUPLICATED, row, told)
        else:
            told = f"a second entry {row.seq} stands in the log"
            self._tell(Kind.INSERTED, row, told)

    def _gap(self, until: int) -> None:
        self._blame_doubted()
        self._leaves.extend([_NOTHING] * (until - self._expected))
        self._tell_gone(until)
        self._expected = until

    def _tell_gone(self, until: int) -> None:
        first, last = self._expected, until - 1
        told = (
            f"entry {first} is gone"
            if first == last
            else f"entries {first} to {last} are gone"
        )
        self._keep(failure(Kind.DELETED, self._stream, first, told, last=last))
        self._unresolved.add(first)
        self._links = None
        self._open = True
        self.last, self.last_sound = None, False

    def _look(self, row: Row) -> None:
        whole = diagnosis.header_fits(row)
        self.last_sound = whole and row.stream_id == self._stream_id
        if self.last_sound:
            self._check_link(row)
            if row.recorded_us < self._recorded_us:
                told = f"entry {row.seq} was recorded before the entry before it"
                self._tell(Kind.CLOCK, row, told)
            self._recorded_us = row.recorded_us
            self._links = {row.leaf}
            self._leaves.append(row.leaf)
            return
        self._blame_doubted()
        if whole:
            told = f"entry {row.seq} belongs to another stream"
            self._tell(Kind.INSERTED, row, told)
        else:
            told = f"entry {row.seq}: its header does not give its leaf"
            self._tell(Kind.EDITED, row, told)
        true_leaf = diagnosis.leaf_of(row, row.body)
        fits = len(row.leaf) == entry.HASH_BYTES
        self._leaves.append(row.leaf if fits else true_leaf)
        self._links = {row.leaf, true_leaf}
        self._open = True
        self._unresolved.add(row.seq)

    def _check_link(self, row: Row) -> None:
        """See whether a sound entry is chained to the one that stands before it."""
        fits = self._links is None or row.prev in self._links
        if fits and not self._open:
            return
        if row.seq == 0:
            told = "entry 0 does not begin this stream: its prev is not the genesis"
            self._tell(Kind.REWRITTEN, row, told)
        elif fits or self._open:
            if not fits and self._doubted is not None:
                # Neither neighbour knows it: it is the one that was replaced.
                self._blame(row.seq)
                self._doubted = None
            self._blame_doubted()
            if self._leaves:
                self._leaves[-1] = row.prev
            self._unresolved.discard(row.seq - 1)
            self._open = False
        else:
            # Which of the two was replaced, the next entry tells.
            self._doubted = row
            self._open = True

    def _blame_doubted(self) -> None:
        """Blame the predecessor of the doubted entry, which stands."""
        doubted, self._doubted = self._doubted, None
        if doubted is None:
            return
        before = len(self._leaves) - HELD  # the doubted entry's leaf is the last
        if before >= 0:
            self._leaves[before] = doubted.prev
        self._blame(doubted.seq)

    def _blame(self, successor: int) -> None:
        told = (
            f"entry {successor - 1} is not the one that entry {successor} was chained "
            "to: it, and maybe entries before it, were replaced and hashed anew"
        )
        self._keep(failure(Kind.REWRITTEN, self._stream, successor - 1, told))

    def _tell(self, kind: Kind, row: Row, told: str) -> None:
        self._keep(
            failure(kind, self._stream, row.seq, told, recorded_us=row.recorded_us)
        )

    def _keep(self, found: Finding) -> None:
        if len(self.findings) < MAX_KEPT:
            self.findings.append(found)
        else:
            self.more += 1
