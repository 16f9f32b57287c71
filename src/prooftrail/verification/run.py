"""A verification run: the log in the database against itself and what left it.

Guarantees: recomputes every entry of the asked range, all links, gaps, the clock
order, the tree, every projection, the rollup (whole runs), the head and the
checkpoints; says how far the log is anchored, and that the rest is self-attested.
Reading only; a lost connection is "could not verify", and never hides a failure.

Does not: say anything of events that were never captured (`docs/explanation/
threat-model.md`).
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from prooftrail.core import merkle
from prooftrail.errors import DatabaseError, FormatError
from prooftrail.integrity import segment
from prooftrail.integrity.findings import (
    Finding,
    Kind,
    failure,
    incomplete,
    warning,
)
from prooftrail.integrity.tree import Tree
from prooftrail.store import connect, reading
from prooftrail.store.streams import origin
from prooftrail.verification import ends, worker
from prooftrail.verification.claims import Claims, read_anchors
from prooftrail.verification.report import Asked, Report, StreamReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prooftrail.integrity.segment import Segment
    from prooftrail.sign.anchor_reading import AnchorContents
    from prooftrail.store.connect import Connection
    from prooftrail.store.reading import StreamState

ALONE = 2 * segment.SIZE  # entries up to which further processes do not pay
UNSEALED_SECONDS = 60.0  # an older unsealed event is worth a warning


class Run:
    """One run.

    Args:
        asked: what to verify.
        dsn: the database; by default from the environment, as the verifier.
        told: called with (entries checked, entries in all) as the run goes on.
    """

    def __init__(
        self,
        asked: Asked,
        *,
        dsn: str | None = None,
        told: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self._asked = asked
        self._dsn = dsn
        self._told = told
        self._report = Report()
        self._done = 0
        self._total = 0

    def run(self) -> Report:
        """Verify; findings are in the report, never raised."""
        try:
            connection = connect.connect("verifier", dsn=self._dsn, autocommit=True)
        except DatabaseError as error:
            self._add(incomplete("", str(error)))
            return self._report
        try:
            self._run(connection)
        except DatabaseError as error:
            self._add(incomplete("", str(error)))
        finally:
            connection.close()
        return self._report

    def _add(self, *found: Finding) -> None:
        self._report.findings.extend(found)

    def _run(self, connection: Connection) -> None:
        anchors, missing = read_anchors(self._asked.anchors)
        self._add(*missing)
        whole = self._asked.whole
        with reading.snapshot(connection):
            states = reading.states(connection)
            days = {
                state.number: reading.days(connection, state.number) if whole else {}
                for state in states
            }
        self._find_missing(states, anchors)
        chosen = [state for state in states if self._is_chosen(state)]
        self._total = sum((state.last_seq or 0) + 1 for state in chosen)
        for state in chosen:
            self._stream(connection, state, anchors, days[state.number])
        if whole:
            self._find_repeated(connection, states)
        self._look_around(connection)

    def _is_chosen(self, state: StreamState) -> bool:
        names = self._asked.streams
        return not names or state.name in names

    def _find_missing(
        self, states: list[StreamState], anchors: list[tuple[Path, AnchorContents]]
    ) -> None:
        """Name streams that were asked for or anchored, and are not there."""
        names = {state.name for state in states}
        for name in self._asked.streams:
            if name not in names:
                self._add(incomplete(name, f"there is no stream {name!r}"))
        there = {(state.stream_id, state.incarnation) for state in states}
        for directory, contents in anchors:
            for log in contents.logs:
                if (log.stream_id, log.incarnation) not in there:
                    told = (
                        f"the anchor {directory} holds checkpoints of stream "
                        f"{log.stream_id.hex()}, incarnation {log.incarnation}, which "
                        "this database does not have: it was deleted, or this is "
                        "another log's anchor"
                    )
                    self._add(failure(Kind.MISSING, log.stream_id.hex(), 0, told))

    def _stream(
        self,
        connection: Connection,
        state: StreamState,
        anchors: list[tuple[Path, AnchorContents]],
        days: dict[segment.DayKey, int],
    ) -> None:
        name = state.name if state.name is not None else f"number {state.number}"
        if state.stream_id is None or state.base is None or state.incarnation is None:
            told = "entries or a head stand under a stream that is not registered"
            self._add(failure(Kind.REGISTRY_EDITED, name, 0, told))
            return
        line = origin(state.base, state.stream_id, state.incarnation)
        report = StreamReport(name, line)
        self._report.streams.append(report)
        claims = self._claims(connection, state, line, anchors)
        self._add(*ends.of_log(state, name))
        start, stop = self._range(connection, state)
        report.start, report.stop = start, stop
        begun = self._begin(connection, state, claims, start)
        tree = Tree(name, claims.claims, begun)
        counted: Counter[segment.DayKey] = Counter()
        tasks = [
            worker.Task(
                state.number,
                name,
                state.stream_id,
                at,
                min(at + segment.SIZE, stop),
                tree.sizes(at, min(at + segment.SIZE, stop)),
            )
            for at in range(start, stop, segment.SIZE)
        ]
        first: int | None = None
        last: Segment | None = None
        for part in self._checked(tasks):
            seqs = [found.seq for found in part.findings if found.seq is not None]
            first = min([*seqs, *([first] if first is not None else [])], default=None)
            tree.join(part, first)
            counted += part.days
            report.entries += part.entries
            self._add(*part.findings)
            self._report.more += part.failures - len(part.findings)
            if part.start == 0:
                self._add(*ends.registry(state, name, line, part.first_event))
            last = part
        if stop == (state.last_seq if state.last_seq is not None else -1) + 1:
            self._add(*ends.head(state, name, last))
            tree.end(stop)
        self._add(*tree.findings)
        if self._asked.whole and days != counted:
            self._add(ends.rollup(name, days, counted, first))
        report.compared, report.anchored = tree.compared, tree.anchored
        report.root = tree.root()

    def _claims(
        self,
        connection: Connection,
        state: StreamState,
        line: str,
        anchors: list[tuple[Path, AnchorContents]],
    ) -> Claims:
        claims = Claims(state.name or "", line, self._asked.keys)
        claims.add_stored(
            reading.checkpoints(connection, state.number), state.keys or []
        )
        for directory, contents in anchors:
            log = contents.log(state.stream_id or b"", state.incarnation or 0)
            claims.add_anchor(log, directory)
        for path in self._asked.checkpoints:
            claims.add_file(path)
        self._add(*claims.findings)
        return claims

    def _range(self, connection: Connection, state: StreamState) -> tuple[int, int]:
        """Return the seqs to check; the start lies on a segment's boundary."""
        stop = (state.last_seq if state.last_seq is not None else -1) + 1
        start = 0
        asked = self._asked
        if asked.until_us is not None:
            end = reading.first_since(connection, state.number, asked.until_us)
            stop = min(stop, end) if end is not None else stop
        if asked.since_us is not None:
            begin = reading.first_since(connection, state.number, asked.since_us)
            start = stop if begin is None else min(begin, stop)
            start -= start % segment.SIZE
        return start, stop

    def _begin(
        self, connection: Connection, state: StreamState, claims: Claims, start: int
    ) -> merkle.Range:
        """Return the compact range of the leaves before `start`."""
        if start == 0:
            return merkle.Range()
        begun = _resume(connection, state.number, claims, start)
        for seq, leaf in reading.leaves(connection, state.number, begun.size, start):
            if seq >= begun.size:
                while begun.size < seq:
                    begun.append(bytes(merkle.HASH_BYTES))
                begun.append(leaf)
        while begun.size < start:
            begun.append(bytes(merkle.HASH_BYTES))
        return begun

    def _checked(self, tasks: list[worker.Task]) -> Iterator[Segment]:
        """Yield the checked segments, in order."""
        entries = sum(task.stop - task.start for task in tasks)
        if entries <= ALONE or self._asked.processes <= 1:
            alone = worker.Worker(self._dsn)
            try:
                for task in tasks:
                    yield self._counted(alone.check(task))
            finally:
                alone.close()
            return
        with ProcessPoolExecutor(
            self._asked.processes,
            mp_context=get_context("spawn"),
            initializer=worker.begin,
            initargs=(self._dsn,),
        ) as pool:
            # a few segments ahead, so that results never pile up
            ahead = deque(
                pool.submit(worker.check, task)
                for task in tasks[: 2 * self._asked.processes]
            )
            rest = iter(tasks[2 * self._asked.processes :])
            while ahead:
                done = ahead.popleft().result()
                ahead.extend(
                    pool.submit(worker.check, task)
                    for task in itertools.islice(rest, 1)
                )
                yield self._counted(done)

    def _counted(self, part: Segment) -> Segment:
        self._done += part.entries
        self._told(self._done, self._total)
        return part

    def _find_repeated(
        self, connection: Connection, states: Sequence[StreamState]
    ) -> None:
        names = {state.number: state.name or "" for state in states}
        for number, seq in reading.repeated_ids(connection):
            told = f"the eventId of entry {seq} stands in the stream twice"
            self._add(failure(Kind.DUPLICATED, names.get(number, ""), seq, told))

    def _look_around(self, connection: Connection) -> None:
        """Add the warnings: what waits, what could not be sealed."""
        count, age = reading.waiting(connection)
        if age > UNSEALED_SECONDS:
            told = (
                f"{count} events wait to be sealed, the oldest for {age:.0f} s: is the "
                "sealer running?"
            )
            self._add(warning(Kind.UNSEALED, "", told))
        if kept := reading.quarantined(connection):
            told = f"{kept} rows stand in quarantine: prooftrail doctor says why"
            self._add(warning(Kind.QUARANTINED, "", told))


def _resume(
    connection: Connection, number: int, claims: Claims, start: int
) -> merkle.Range:
    """Return the compact range that a signed checkpoint at or before `start` gives."""
    signed = {claim.size: claim.root for claim in claims.claims}
    best = merkle.Range()
    for row in reading.checkpoints(connection, number):
        if row.size > start:
            break
        if row.size not in signed or row.size <= best.size:
            continue
        stored = reading.before(connection, number, row.size - 1)
        if stored is None or stored.leaf is None:
            continue
        try:
            held = merkle.Range(row.size - 1, merkle.split(row.peaks))
        except FormatError:
            continue  # the stored range does not count: its root is compared anyway
        held.append(stored.leaf)
        if held.root() == signed[row.size]:
            best = held
    return best
