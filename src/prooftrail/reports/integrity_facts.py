"""What the Integrity report is made of: read, and put in order.

Guarantees: a segment is what lies between two sizes that checkpoints state, each with
the root that was signed, the signature's time and the place outside the database where
the same checkpoint is kept. Segments are in order and leave no entry out; what no
checkpoint covers is a segment of its own, without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.reports import chain
from prooftrail.store import reporting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.doctor.check import Check
    from prooftrail.doctor.powers import Holder
    from prooftrail.integrity.findings import Finding
    from prooftrail.integrity.tree import Claim
    from prooftrail.reports.document import State
    from prooftrail.store.connect import Connection
    from prooftrail.store.continuity import Continuity
    from prooftrail.store.reporting import RecordedDay
    from prooftrail.verification.report import Report, StreamReport


class Segment(NamedTuple):
    """Entries between two checkpoints."""

    stream: str
    first: int  # seq
    last: int
    root: bytes | None = None  # of all up to `last`; None: no checkpoint covers it
    signed_s: int | None = None  # seconds since the epoch
    place: str | None = None  # outside the database
    anchored_s: int | None = None
    agrees: bool = False

    @property
    def n(self) -> int:
        """How many entries."""
        return self.last - self.first + 1


class StreamDay(NamedTuple):
    """A day of a stream, and what is known of it."""

    stream: str
    recorded: RecordedDay
    state: State


class Verified(NamedTuple):
    """An earlier verification, as the trail has it."""

    seq: int
    at: str
    stream: str
    by: str
    verdict: str
    findings: str
    asked: str


class Integrity(NamedTuple):
    """All that the report shows."""

    since_us: int | None
    until_us: int | None
    report: Report
    segments: tuple[Segment, ...]
    days: tuple[StreamDay, ...]
    runs: tuple[Verified, ...]
    continuity: Continuity
    holders: tuple[Holder, ...]
    acts: tuple[tuple[str, int], ...]
    streams: Mapping[int, str]  # names by number
    unread: Mapping[str, str]  # why a part could not be read, by its name
    waited: Mapping[int, int]  # days: the longest an entry was not signed, microseconds
    guards: tuple[Check, ...]  # of the database, as this release installs them

    def without(self, part: str, told: str) -> str:
        """Return what is said where a part has nothing: that it could not be read."""
        why = self.unread.get(part)
        return told if why is None else f"This could not be read: {why}."

    @property
    def failures(self) -> list[Finding]:
        """Return what was altered, the first entry first."""
        return chain.failures(self.report.findings)


def segments(stream: StreamReport) -> list[Segment]:
    """Return a stream's segments, of what was verified."""
    within: dict[int, list[Claim]] = {}
    for claim in stream.claims:
        if stream.start < claim.size <= stream.stop:
            within.setdefault(claim.size, []).append(claim)
    found: list[Segment] = []
    first = stream.start
    for size, claims in sorted(within.items()):
        outside = next((one for one in claims if one.outside), None)
        found.append(
            Segment(
                stream.name,
                first,
                size - 1,
                claims[0].root,
                min((one.time_s for one in claims if one.time_s), default=None),
                None if outside is None else outside.place,
                None if outside is None else outside.time_s,
                size in stream.agreed,
            )
        )
        first = size
    if first < stream.stop:
        found.append(Segment(stream.name, first, stream.stop - 1))
    return found


def days(
    connection: Connection, stream: StreamReport, failures: Sequence[Finding]
) -> list[StreamDay]:
    """Return a stream's days, of what was verified.

    Args:
        connection: the verifier's.
        stream: what was found out about it.
        failures: of it.
    """
    if stream.number is None:
        return []
    anchored = 0 if stream.anchored is None else stream.anchored.size
    return [
        StreamDay(stream.name, day, _state(day, anchored, failures))
        for day in reporting.days(connection, stream.number, stream.start, stream.stop)
    ]


def _state(day: RecordedDay, anchored: int, failures: Sequence[Finding]) -> State:
    for one in failures:
        if one.seq is None:
            continue
        last = one.seq if one.last is None else one.last
        if one.seq <= day.last and last >= day.first:
            return "broken"
    return "verified" if day.last < anchored else "unanchored"
