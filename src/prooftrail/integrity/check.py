"""The checker of a segment: a run of entries of one stream, in constant memory.

Guarantees: for every entry the body is recomputed from salt and event bytes, the leaf
from the header, the link from the leaf before, every projection column and subject
row from the bytes; what does not fit is a finding with the entry's seq. Leaves come
back as subtree hashes, so that segments checked in parallel join into one tree: where
an entry was altered, the leaf that its sound successor is chained to stands in, so
that the tree tells of everything else.

Does not: read a database (rows come as values), nor check signatures (`tree`).

Source: `spec/verification.md`.
"""

from __future__ import annotations

from itertools import compress, islice
from operator import not_
from typing import TYPE_CHECKING, Any

from prooftrail.core import entry, instants, merkle, projection, statement
from prooftrail.errors import EventError
from prooftrail.integrity import bulk, diagnosis
from prooftrail.integrity.diagnosis import Row
from prooftrail.integrity.findings import Finding, Kind, failure
from prooftrail.integrity.links import Links
from prooftrail.integrity.segment import Segment
from prooftrail.integrity.subjects import Subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prooftrail.core.projection import Projection
    from prooftrail.integrity.diagnosis import Raw
    from prooftrail.integrity.segment import Before

_PREV = Row._fields.index("prev")
FEW = 4  # rows of a run that are looked at one by one
MAX_CLOCKS = 20  # statements of a clock's step that are told one by one


class Check:
    """Checks one segment.

    Args:
        stream: the stream's name, for findings.
        stream_id: 16 bytes.
        start: the first seq.
        stop: one past the last.
        before: the entry before `start`.
        address: how the rows' source writes a projected address.
        lead: the stored leaves just before `start`, where it is not aligned: they
            belong to the segment's tree and are not checked.
    """

    def __init__(
        self,
        stream: str,
        stream_id: bytes,
        start: int,
        stop: int,
        *,
        before: Before,
        address: Callable[[bytes | None], bytes | None],
        lead: Sequence[bytes] = (),
    ) -> None:
        self._stream = stream
        self._stream_id = stream_id
        self._address = address
        self._result = Segment(start - len(lead), stop)
        self._start = self._expected = start
        self._links = Links(stream, before, self._result.add, lead)
        self._last: Row | None = None
        self._suspects: list[tuple[Row, bytes]] = []  # hashes that do not fit

    def run(
        self,
        rows: Iterable[Raw],
        subjects: Iterator[tuple[Any, ...]],
        sizes: Sequence[int] = (),
    ) -> Segment:
        """Check all rows.

        Args:
            rows: fields of a `Row` each, in order of seq.
            subjects: fields of a `SubjectRow` each, in order of seq and subject.
            sizes: numbers of the segment's leaves after which a checkpoint stands.
        """
        walk = Subjects(subjects)
        unread = iter(rows)
        while run := list(islice(unread, bulk.RUN)):
            self._take(run, walk)
        self._end(walk)
        self._hash(sizes)
        return self._result

    def _take(self, rows: list[Raw], walk: Subjects) -> None:
        """Check some rows, by halving: what is odd is mostly one among many."""
        if self._look_at_all(rows, walk):
            return
        if len(rows) <= FEW:
            for raw in rows:
                self._look_at(Row.of(raw), walk)
            return
        middle = len(rows) // 2
        self._take(rows[:middle], walk)
        self._take(rows[middle:], walk)

    def _look_at_all(self, rows: list[Raw], walk: Subjects) -> bool:
        """Take rows that are all sound; return whether they are."""
        before, expected = rows[0][_PREV], self._expected
        if not self._links.continues(before) or walk.next_seq < expected:
            return False
        subjects = walk.through(expected + len(rows) - 1)
        sound = bulk.look(
            rows,
            bulk.After(expected, before, self._links.recorded_us),
            stream_id=self._stream_id,
            subjects=subjects,
            address=self._address,
        )
        if sound is None:
            return False
        walk.drop(len(subjects))
        result, found = self._result, sound.columns
        days = [occurred_us // instants.DAY for occurred_us in found.occurred_us]
        keys = zip(days, found.action, found.role, found.result, found.pii, strict=True)
        # the rollup counts events: one that others continue is counted where it begins
        result.days.update(compress(keys, map(not_, found.continues)))
        if statement.CLOCK in found.action:
            # a sound action of the trail's own is a statement's
            result.clocks += [
                expected + at
                for at, action in enumerate(found.action)
                if action == statement.CLOCK
            ]
        self._last = Row.of(rows[-1])
        self._links.run(sound.leaves, self._last)
        self._expected += len(rows)
        result.last_sound = True
        result.entries += len(rows)
        return True

    def _look_at(self, row: Row, walk: Subjects) -> None:
        """Check one row."""
        if row.seq != self._expected and not self._step(row):
            return
        result = self._result
        found, touched = _projected(row.event)
        known, sound = self._look(row, found)
        if touched or walk.next_seq <= row.seq:
            self._compare_subjects(row, found if sound else None, touched, walk)
        if known and found is not None:
            if found.continues is None:
                key = found.action, found.role, found.result, found.pii
                result.days[found.occurred_us // instants.DAY, *key] += 1
            if row.kind and found.action == statement.CLOCK:
                result.clocks.append(row.seq)
        else:
            result.lost += 1
        self._last, result.last_sound = row, sound
        self._expected = row.seq + 1
        result.entries += 1

    def _step(self, row: Row) -> bool:
        """Handle a seq that was not expected; tell whether to check the row."""
        if row.seq >= self._expected:
            self._gap(row.seq)
            return True
        self._result.extra += 1
        if row.seq < self._start:
            told = f"an entry stands at seq {row.seq}, where no entry belongs"
            self._result.add(self._failure(Kind.INSERTED, row, told))
        elif row == self._last:
            told = f"entry {row.seq} stands in the log twice"
            self._result.add(self._failure(Kind.DUPLICATED, row, told))
        else:
            told = f"a second entry {row.seq} stands in the log"
            self._result.add(self._failure(Kind.INSERTED, row, told))
        return False

    def _gap(self, until: int) -> None:
        when = self._last.recorded_us if self._last is not None else None
        self._links.gap(self._expected, until, when)
        self._result.lost += until - self._expected
        self._last, self._result.last_sound = None, False
        self._expected = until

    def _look(self, row: Row, found: Projection | None) -> tuple[bool, bool]:
        """Say what is wrong with a row; return whether bytes and header are sound."""
        true_body = entry.body(row.salt or b"", row.event or b"")
        told = diagnosis.of_row(
            row,
            stream_id=self._stream_id,
            links=self._links.to,
            true_body=true_body,
            found=found,
            address=self._address,
        )
        for kind, text in told:
            self._result.add(self._failure(kind, row, text))
        if (
            diagnosis.consistent(row, true_body)
            and row.stream_id == self._stream_id
            and row.event is not None
        ):
            self._links.sound(row)
            return True, True
        if len(self._suspects) <= diagnosis.MAX_SUSPECTS:
            self._suspects.append((row, true_body))
        self._links.damaged(row, diagnosis.leaf_of(row, true_body))
        # a whole entry of another stream stands in the place of one of ours
        foreign = diagnosis.consistent(row, true_body)
        return diagnosis.holds(row, true_body) and not foreign, False

    def _compare_subjects(
        self, row: Row, found: Projection | None, touched: list[str], walk: Subjects
    ) -> None:
        """Compare an entry's subject rows; found is None where nothing can be said."""
        self._tell_strays(walk, row.seq)
        if found is None:
            walk.take(row.seq)
        elif not walk.fit(row, found, touched):
            told = f"the subject rows of entry {row.seq} differ from its bytes"
            self._result.add(self._failure(Kind.PROJECTION_EDITED, row, told))

    def _tell_strays(self, walk: Subjects, seq: int) -> None:
        """Name rows below the segment; those of entries that are gone are not new."""
        for stray in walk.before(seq):
            if stray < self._start:
                told = f"a subject row stands at seq {stray}, where no entry belongs"
                self._result.add(
                    failure(Kind.PROJECTION_EDITED, self._stream, stray, told)
                )

    def _end(self, walk: Subjects) -> None:
        if self._expected < self._result.stop:
            self._gap(self._result.stop)
        self._links.end()
        self._result.extra += self._links.replaced
        self._tell_strays(walk, self._result.stop)

    def _hash(self, sizes: Sequence[int]) -> None:
        result = self._result
        leaves = self._links.leaves
        rows = merkle.levels(leaves)
        result.peaks = merkle.peaks(rows, len(leaves))
        result.at = {size: merkle.peaks(rows, size) for size in sizes}
        result.last = self._last
        result.unresolved = min(self._links.unresolved, default=None)
        del result.clocks[MAX_CLOCKS:]
        places = diagnosis.swapped(self._suspects)
        if places:
            result.findings = diagnosis.renamed(result.findings, places)

    def _failure(self, kind: Kind, row: Row, told: str) -> Finding:
        return failure(kind, self._stream, row.seq, told, recorded_us=row.recorded_us)


def _projected(event: bytes | None) -> tuple[Projection | None, list[str]]:
    if event is None:
        return None, []
    try:
        return projection.read(event)
    except (EventError, RecursionError):
        return None, []
