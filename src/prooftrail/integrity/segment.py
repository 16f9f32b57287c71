"""The checker of a segment: a run of entries of one stream, in constant memory.

Guarantees: for every entry the body is recomputed from salt and event bytes, the leaf
from the header, the link from the leaf before, every projection column and subject
row from the bytes; what does not fit is a finding with the entry's seq. Leaves come
back as subtree hashes, so that segments checked in parallel join into one tree.

Does not: read a database (rows come as values), nor check signatures (`tree`).

Source: `spec/verification.md`.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from prooftrail.core import catalog, entry, instants, merkle, projection
from prooftrail.errors import EventError
from prooftrail.integrity import diagnosis
from prooftrail.integrity.findings import MAX_KEPT, Finding, Kind, failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prooftrail.core.projection import Projection
    from prooftrail.integrity.diagnosis import Row

LEVEL = 16
SIZE = 1 << LEVEL  # entries a segment; aligned, so that its tree is a subtree

# day, action, role, result, pii: the key of the daily rollup
DayKey: TypeAlias = tuple[int, str, str | None, str, bool]

# 0x00 || version || kind || stream id || prev || seq || recorded_at || body
_LEAF = struct.Struct(">BBB16s32sQq32s")
_BODY = entry.label("body")
_NOTHING = bytes(merkle.HASH_BYTES)  # stands for a leaf that is gone
_MAX_SEQ = 2**63 - 1


class SubjectRow(NamedTuple):
    """A stored subject row."""

    seq: int
    subject: str
    occurred_us: int
    recorded_us: int


class Spelling(Protocol):
    """How a source writes projection columns, so that they compare as bytes."""

    def spell(self, found: Projection) -> bytes:
        """Return the columns as the source would write them."""

    def differences(self, found: Projection, columns: bytes) -> list[str]:
        """Name the columns that differ."""


class Before(NamedTuple):
    """The entry before a segment."""

    leaf: bytes | None  # None: it is gone, its successor's link cannot be checked
    recorded_us: int


@dataclass
class Segment:
    """What checking a segment gave."""

    start: int
    stop: int
    entries: int = 0
    findings: list[Finding] = field(default_factory=list)
    failures: int = 0  # all of them, also those not kept
    last_leaf: bytes | None = None  # as stored
    last_recorded_us: int = 0
    peaks: list[bytes] = field(default_factory=list)  # of all its leaves
    at: dict[int, list[bytes]] = field(default_factory=dict)  # of its first n leaves
    days: Counter[DayKey] = field(default_factory=Counter)
    first_event: bytes | None = None

    def add(self, *found: Finding) -> None:
        """Keep findings, up to a bound."""
        self.failures += len(found)
        if len(self.findings) < MAX_KEPT:
            self.findings.extend(found)


class Check:
    """Checks one segment.

    Args:
        stream: the stream's name, for findings.
        stream_id: 16 bytes.
        start: the first seq.
        stop: one past the last.
        before: the entry before `start`; the genesis where start is 0.
        spelling: how the rows' columns are written.
    """

    def __init__(
        self,
        stream: str,
        stream_id: bytes,
        start: int,
        stop: int,
        *,
        before: Before,
        spelling: Spelling,
    ) -> None:
        self._stream = stream
        self._stream_id = stream_id
        self._spelling = spelling
        self._result = Segment(start, stop)
        self._expected = start
        self._links = {before.leaf} if before.leaf is not None else None
        self._recorded_us = before.recorded_us
        self._leaves: list[bytes] = []
        self._last: Row | None = None
        self._last_bad = False
        self._suspects: list[tuple[Row, bytes]] = []  # hashes that do not fit

    def run(
        self,
        rows: Iterable[Row],
        subjects: Iterator[SubjectRow],
        sizes: Sequence[int] = (),
    ) -> Segment:
        """Check all rows.

        Args:
            rows: in order of seq.
            subjects: the stored subject rows, in order of seq and subject.
            sizes: numbers of the segment's leaves after which a checkpoint stands.
        """
        result = self._result
        days = result.days
        spell = self._spelling.spell
        waiting = next(subjects, None)
        for row in rows:
            (
                seq,
                recorded_us,
                kind,
                stream_id,
                prev,
                body,
                leaf,
                salt,
                event,
                columns,
            ) = row
            if seq != self._expected and not self._step(row):
                continue
            true_body = sha256(_BODY + (salt or b"") + (event or b"")).digest()
            true_leaf = sha256(
                _LEAF.pack(0, 1, kind & 1, stream_id, prev, seq, recorded_us, true_body)
            ).digest()
            found, touched = _projected(event)
            links = self._links
            good = (
                true_leaf == leaf
                and true_body == body
                and found is not None
                and spell(found) == columns
                and stream_id == self._stream_id
                and (links is None or prev in links)
                and recorded_us >= self._recorded_us
                and (kind == entry.STATEMENT) == found.action.startswith(catalog.TRAIL)
            )
            if good:
                self._links = {leaf}
            else:
                self._diagnose(row, true_body, found)
                self._links = {leaf, true_leaf}
            if touched or (waiting is not None and waiting.seq <= seq):
                waiting = self._check_subjects(row, found, touched, waiting, subjects)
            if found is not None:
                days[
                    (
                        found.occurred_us // instants.DAY,
                        found.action,
                        found.role,
                        found.result,
                        found.pii,
                    )
                ] += 1
            self._leaves.append(true_leaf)
            self._last, self._last_bad = row, not good
            self._recorded_us = max(recorded_us, self._recorded_us)
            self._expected = seq + 1
            result.entries += 1
            if seq == 0:
                result.first_event = event
        self._end(waiting, subjects)
        self._hash(sizes)
        return result

    def _step(self, row: Row) -> bool:
        """Handle a seq that was not expected; tell whether to check the row."""
        if row.seq < self._expected:
            fits = self._links is not None and row.prev in self._links
            told = (
                f"a second entry {row.seq} stands in the log"
                if not fits
                else f"entry {row.seq} stands in the log twice"
            )
            self._result.add(self._failure(Kind.INSERTED, row, told))
            return False
        self._gap(row.seq)
        return True

    def _gap(self, until: int) -> None:
        first, last = self._expected, until - 1
        told = (
            f"entry {first} is gone"
            if first == last
            else f"entries {first} to {last} are gone"
        )
        self._result.add(
            failure(
                Kind.DELETED,
                self._stream,
                first,
                told,
                last=last,
                recorded_us=self._recorded_us or None,
            )
        )
        self._leaves.extend([_NOTHING] * (until - first))
        self._links = None
        self._last = None
        self._expected = until

    def _diagnose(self, row: Row, true_body: bytes, found: Projection | None) -> None:
        told = diagnosis.of_row(
            row,
            stream_id=self._stream_id,
            links=self._links,
            true_body=true_body,
            found=found,
            differences=self._spelling.differences,
        )
        for kind, text in told:
            self._result.add(self._failure(kind, row, text))
        if not diagnosis.consistent(row, true_body):
            if len(self._suspects) <= diagnosis.MAX_SUSPECTS:
                self._suspects.append((row, true_body))
        elif self._links is not None and row.prev not in self._links:
            self._blame_link(row)
        if row.recorded_us < self._recorded_us:
            text = f"entry {row.seq} was recorded before the entry before it"
            self._result.add(self._failure(Kind.CLOCK, row, text))

    def _blame_link(self, row: Row) -> None:
        """A sound entry commits to another predecessor than the one that stands."""
        if self._last_bad:
            return  # that one is named already
        if row.seq == 0:
            text = "entry 0 does not begin this stream: its prev is not the genesis"
            self._result.add(self._failure(Kind.REWRITTEN, row, text))
            return
        seq = row.seq - 1
        told = (
            f"entry {seq} is not the one that entry {row.seq} was chained to: "
            "it was replaced and its hash recomputed"
        )
        when = self._last.recorded_us if self._last is not None else None
        self._result.add(
            failure(Kind.REWRITTEN, self._stream, seq, told, recorded_us=when)
        )

    def _check_subjects(
        self,
        row: Row,
        found: Projection | None,
        touched: list[str],
        waiting: SubjectRow | None,
        subjects: Iterator[SubjectRow],
    ) -> SubjectRow | None:
        stored: list[SubjectRow] = []
        while waiting is not None and waiting.seq <= row.seq:
            stored.append(waiting)
            waiting = next(subjects, None)
        if found is None:
            return waiting
        wanted = [
            SubjectRow(row.seq, subject, found.occurred_us, row.recorded_us)
            for subject in touched
        ]
        if stored != wanted:
            odd = sorted({item.subject for item in set(stored) ^ set(wanted)})
            told = (
                f"the subject rows of entry {row.seq} differ from its bytes "
                f"({len(odd)} of them)"
            )
            self._result.add(self._failure(Kind.PROJECTION_EDITED, row, told))
        return waiting

    def _end(self, waiting: SubjectRow | None, subjects: Iterator[SubjectRow]) -> None:
        if self._expected < self._result.stop:
            self._gap(self._result.stop)
        extra = 0
        first = waiting
        while waiting is not None:
            extra += 1
            waiting = next(subjects, None)
        if first is not None:
            told = f"{extra} subject rows belong to no entry"
            self._result.add(
                failure(Kind.PROJECTION_EDITED, self._stream, first.seq, told)
            )

    def _hash(self, sizes: Sequence[int]) -> None:
        result = self._result
        rows = merkle.levels(self._leaves)
        result.peaks = merkle.peaks(rows, len(self._leaves))
        result.at = {size: merkle.peaks(rows, size) for size in sizes}
        result.last_recorded_us = self._recorded_us
        result.last_leaf = self._last.leaf if self._last is not None else None
        places = diagnosis.swapped(self._suspects)
        if places:
            result.findings = diagnosis.renamed(result.findings, places)
        self._leaves = []

    def _failure(self, kind: Kind, row: Row, told: str) -> Finding:
        return failure(kind, self._stream, row.seq, told, recorded_us=row.recorded_us)


def _projected(event: bytes | None) -> tuple[Projection | None, list[str]]:
    if event is None:
        return None, []
    try:
        return projection.read(event)
    except EventError:
        return None, []
