"""The verification of one stream: its segments, its tree, and what stands beside them.

Guarantees: every entry of the range is checked once, in parallel segments joined in
order; a seq far beyond the others costs a look, not a walk to it.

Does not: look at other streams (`run` does).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import merkle
from prooftrail.errors import FormatError
from prooftrail.integrity import ends, segment
from prooftrail.integrity.ends import Damage
from prooftrail.integrity.findings import Finding, Kind, failure, warning
from prooftrail.integrity.tree import Tree
from prooftrail.store import reading
from prooftrail.verification import worker
from prooftrail.verification.claims import Claims
from prooftrail.verification.part import Borders, Followed
from prooftrail.verification.report import StreamReport
from prooftrail.verification.worker import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail.integrity.diagnosis import Row
    from prooftrail.integrity.ends import Identity
    from prooftrail.integrity.headers import Headers
    from prooftrail.integrity.segment import DayKey, Segment
    from prooftrail.integrity.stored import StreamState
    from prooftrail.store.connect import Connection
    from prooftrail.verification.evidence import Evidence
    from prooftrail.verification.report import Asked, Report


class FoundStream(NamedTuple):
    """A stream as the run found it, as of one moment."""

    state: StreamState
    identity: Identity | None  # None: nothing says which log it is
    newest: Row | None
    days: tuple[Counter[DayKey], int] | None  # None unless the run is whole

    @property
    def name(self) -> str:
        """What findings call it."""
        if self.identity is not None:
            return self.identity.name
        named = self.state.name
        return named if named is not None else f"number {self.state.number}"


class StreamRun:
    """Verifies one stream.

    Args:
        connection: the run's.
        found: the stream.
        asked: what to verify.
        evidence: what left the database.
        report: takes the findings.
        dsn: for the workers' own connections.
        told: called with how many entries were checked.
    """

    def __init__(
        self,
        connection: Connection,
        found: FoundStream,
        *,
        asked: Asked,
        evidence: Evidence,
        report: Report,
        dsn: str | None,
        told: Callable[[int], None],
    ) -> None:
        self._connection = connection
        self._found = found
        self._state = found.state
        self._name = found.name
        self._asked = asked
        self._evidence = evidence
        self._report = report
        self._dsn = dsn
        self._told = told
        self._counted: Counter[DayKey] = Counter()
        self._damage = Damage(0, 0)
        self._last: Segment | Headers | None = None  # what was looked at last
        self._own = StreamReport(found.name, None)

    def run(self) -> None:
        """Verify; findings and figures go into the report."""
        identity = self._found.identity
        if identity is None:
            told = "rows stand under a stream that is not registered"
            self._add(failure(Kind.REGISTRY_EDITED, self._name, 0, told))
            return
        report = self._own = StreamReport(identity.name, identity.origin)
        self._report.streams.append(report)
        state, name = self._state, self._name
        self._add(*ends.registry(state, identity))
        end = self._end()
        start, stop = 0, end
        if not self._asked.whole:
            borders = Borders(self._connection, state.number, identity.stream_id, end)
            start, stop = borders.find(self._asked.since_us, self._asked.until_us)
        report.number, report.keys = state.number, tuple(identity.keys)
        report.start, report.stop = start, stop
        base = start - start % segment.SIZE
        claims = self._claims(identity, base, stop)
        # after them: what was sealed and anchored since the run began is not missing
        known = reading.size(self._connection, state.number)
        begun = self._resume(claims, base) if base else merkle.Range()
        followed = begun.size
        tree = Tree(name, claims.claims, begun, claims.stored, good=followed)
        lead = self._lead(identity.stream_id, tree, followed, start, stop)
        for part in self._checked(identity.stream_id, tree, start, stop, lead):
            report.entries += part.entries
            self._take(part)
            tree.join(part)
        report.root = tree.root() if report.entries else None
        reached = stop
        if stop < end:
            reached = claims.covering(stop, end) or end
            self._go_on(identity.stream_id, tree, start, stop, reached)
        if not self._asked.whole:
            report.followed = (followed, reached)
        newest = self._found.newest
        if state.last_seq != end - 1:
            newest = reading.entry(self._connection, state.number, end - 1)
        self._add(*ends.of_log(state, name, end, newest))
        if reached == end:
            self._add(*ends.head(state, name, self._last))
        tree.end(end, known if end == (state.last_seq or 0) + 1 else end)
        self._add(*tree.findings)
        if self._found.days is not None:
            gone = max((state.head_seq or 0) + 1 - end, 0)
            damage = self._damage._replace(lost=self._damage.lost + gone)
            self._add(*ends.rollup(name, self._found.days, self._counted, damage))
            odd = reading.strays(self._connection, state.number)
            self._add(*ends.strays(name, state, odd))
        report.compared, report.anchored = tree.compared, tree.anchored
        report.claims, report.agreed = claims.claims, tree.agreed
        report.signed = max(
            filter(claims.proves, tree.fitting.values()),
            key=lambda claim: claim.size,
            default=None,
        )

    def _add(self, *found: Finding) -> None:
        self._report.findings.extend(found)

    def _beyond(self, failures: int) -> None:
        """Count failures that are not listed."""
        self._own.more += failures
        self._report.more += failures

    def _take(self, part: Segment) -> None:
        self._told(part.entries)
        self._last = part
        self._counted += part.days
        lost, extra = self._damage
        self._damage = Damage(lost + part.lost, extra + part.extra)
        self._add(*part.findings)
        self._beyond(part.failures - len(part.findings))
        for seq in part.clocks:
            told = f"entry {seq} states that the sealer's clock was set back"
            self._add(warning(Kind.CLOCK, self._name, told, seq=seq))

    def _claims(self, identity: Identity, start: int, stop: int) -> Claims:
        asked, number = self._asked, self._state.number
        claims = Claims(self._name, identity.origin, identity.keys, asked.keys)
        if asked.recent is None or asked.whole:
            claims.add_stored(reading.checkpoints(self._connection, number))
        else:
            claims.add_stored(
                reading.checkpoints_near(
                    self._connection, number, start, stop, asked.recent
                )
            )
        for directory, contents in self._evidence.anchors:
            log = contents.log(identity.stream_id, identity.incarnation)
            if log is not None or self._state.last_seq is not None:
                claims.add_anchor(log, directory, asked.recent)
        claims.add_file(self._evidence.records.get(identity.origin, ()))
        claims.end(empty=self._state.last_seq is None)
        self._add(*claims.findings)
        return claims

    def _end(self) -> int:
        """Return one past the last entry to check, and name what stands apart.

        Entries that follow the head without a gap are checked like all others; one
        that stands somewhere beyond is named, and the way there is not walked.
        """
        state = self._state
        last = state.last_seq if state.last_seq is not None else -1
        if state.head_seq is None or last <= state.head_seq:
            return last + 1
        head = max(state.head_seq, -1)
        count, seqs = reading.beyond(self._connection, state.number, head)
        if count == last - head:
            return last + 1
        run = 0
        while run < len(seqs) and seqs[run] == head + 1 + run:
            run += 1
        for seq in seqs[run:]:
            told = f"an entry stands at seq {seq}, apart from all others"
            self._add(failure(Kind.INSERTED, self._name, seq, told))
        return head + 1 + run

    def _lead(
        self, stream_id: bytes, tree: Tree, since: int, start: int, stop: int
    ) -> tuple[bytes, ...]:
        """Follow the headers before a part; return its first segment's leaves there."""
        base = start - start % segment.SIZE
        lead: list[bytes] = []
        for first, leaves, unresolved in self._follow(stream_id, since, start):
            before = max(base - first, 0)
            tree.append(min(first, base), leaves[:before], unresolved)
            lead += leaves[before:]
        if start == stop:  # no segment will bring them
            tree.append(base, lead, None)
        return tuple(lead)

    def _go_on(
        self, stream_id: bytes, tree: Tree, start: int, stop: int, reached: int
    ) -> None:
        """Follow the headers behind a part."""
        if start < stop:
            tree.confirm(stop - 1)  # `part` saw that the entry behind is chained to it
        for run in self._follow(stream_id, stop, reached):
            tree.append(*run)

    def _follow(
        self, stream_id: bytes, start: int, stop: int
    ) -> Iterator[tuple[int, list[bytes], int | None]]:
        """Yield first seq and leaves, and the lowest seq whose leaf nothing tells."""
        if start >= stop:
            return
        side = Followed(
            self._connection, self._state.number, self._name, stream_id, start
        )
        for first, leaves in side.to(stop):
            yield first, leaves, side.headers.unresolved
        self._add(*side.headers.findings)
        self._beyond(side.headers.more)
        self._last = side.headers

    def _resume(self, claims: Claims, start: int) -> merkle.Range:
        """Return the compact range that a signed checkpoint before `start` gives."""
        for claim in sorted(claims.claims, key=lambda one: -one.size):
            stored = claims.stored.get(claim.size)
            if not stored or not 0 < claim.size <= start or not claims.proves(claim):
                continue
            row = reading.entry(self._connection, self._state.number, claim.size - 1)
            for peaks in stored if row is not None else ():
                try:
                    held = merkle.Range(claim.size - 1, merkle.split(peaks))
                except FormatError:
                    continue  # a whole run says so
                held.append(row.leaf if row is not None else b"")
                if held.root() == claim.root:
                    return held
        return merkle.Range()

    def _checked(
        self,
        stream_id: bytes,
        tree: Tree,
        start: int,
        stop: int,
        lead: tuple[bytes, ...],
    ) -> Iterator[Segment]:
        """Yield the checked segments, in order; those that are all gone are named."""

        def tasks() -> Iterator[Task]:
            if stop == 0 and self._state.last_seq is not None:
                # whatever stands below entry 0
                yield Task(self._state.number, self._name, stream_id, 0, 0, 0, [])
            at = start
            while at < stop:
                there = reading.next_seq(self._connection, self._state.number, at)
                upto = min(stop if there is None else there, stop)
                if upto - at >= segment.SIZE:
                    at = upto - upto % segment.SIZE  # whole segments are gone
                    continue
                base = at - at % segment.SIZE
                last = min(base + segment.SIZE, stop)
                sizes = tree.sizes(base, last)
                yield Task(
                    self._state.number,
                    self._name,
                    stream_id,
                    base,
                    at,
                    last,
                    sizes,
                    lead if at > base else (),
                )
                at = last

        at = start - start % segment.SIZE
        for part in worker.checked(
            self._dsn,
            tasks(),
            processes=self._asked.processes,
            entries=stop - start,
        ):
            if part.start != at:
                self._skip(tree, max(at, start), part.start)
            yield part
            at = part.stop
        if max(at, start) < stop:
            self._skip(tree, max(at, start), stop)

    def _skip(self, tree: Tree, first: int, stop: int) -> None:
        told = f"entries {first} to {stop - 1} are gone"
        self._add(failure(Kind.DELETED, self._name, first, told, last=stop - 1))
        lost, extra = self._damage
        self._damage = Damage(lost + stop - first, extra)
        tree.skip(stop)
