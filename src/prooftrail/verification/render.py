"""A report as people and programs read it: calm text, or one JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.core import entry, instants
from prooftrail.core.harmless import harmless
from prooftrail.errors import EventError
from prooftrail.integrity.findings import Finding, Weight
from prooftrail.integrity.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.verification.report import Report, StreamReport

LISTED = 20  # findings printed; --json has them all


def lines(report: Report) -> Iterator[str]:
    """Yield the report line by line; the verdict comes last."""
    for line in _lines(report):
        yield harmless(line)


def _lines(report: Report) -> Iterator[str]:
    for stream in report.streams:
        yield _checked(stream)
        if stream.followed is not None:
            yield _followed(stream, stream.followed)
        yield _anchored(stream)
    ordered = sorted(report.findings, key=lambda found: -found.weight)
    for found in ordered[:LISTED]:
        yield line(found)
    more = len(report.findings) - LISTED + report.more
    if more > 0:
        yield f"  … and {more:,} more findings (--json lists them)"
    yield _verdict(report)


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    return {
        "verdict": report.verdict.value,
        "exitCode": report.verdict.exit_code,
        "streams": [
            {
                "stream": stream.name,
                "origin": stream.origin,
                "firstSeq": stream.start if stream.entries else None,
                "lastSeq": stream.stop - 1 if stream.entries else None,
                "entries": stream.entries,
                "root": entry.checksum(stream.root) if stream.root else None,
                "checkpointsCompared": stream.compared,
                "anchored": None
                if stream.anchored is None
                else {
                    "size": stream.anchored.size,
                    "time": _time(stream.anchored.time_s),
                    "place": stream.anchored.place,
                },
                "selfAttestedFrom": self_attested(stream),
                "headersFollowed": _span(stream.followed),
            }
            for stream in report.streams
        ],
        "findings": [finding(found) for found in report.findings],
        "moreFindings": report.more,
    }


def finding(found: Finding) -> dict[str, Any]:
    """Return a finding as plain values."""
    recorded = found.recorded_us
    return {
        "weight": found.weight.name.lower(),
        "kind": found.kind.value,
        "stream": found.stream,
        "seq": found.seq,
        "lastSeq": found.last,
        "recordedAt": None if recorded is None else instant(recorded),
        "told": found.told,
    }


def self_attested(stream: StreamReport) -> int | None:
    """Return the first seq checked that no anchor covers; None if all are covered.

    Where a part ends within the log, the entry behind it belongs to the answer: it
    proves that nothing of the period stands there.
    """
    size = stream.anchored.size if stream.anchored is not None else 0
    stop = stream.stop
    behind = stream.followed is not None and stream.followed[1] > stop
    return None if size >= stop + behind else max(size, stream.start)


def _checked(stream: StreamReport) -> str:
    if not stream.entries:
        when = "" if stream.followed is None else " in this period"
        return f"{stream.name}: no entries{when}"
    last = stream.stop - 1
    return (
        f"{stream.name}: {stream.entries:,} entries checked "
        f"(seq {stream.start} to {last}), {stream.compared:,} checkpoints compared"
    )


def _followed(stream: StreamReport, followed: tuple[int, int]) -> str:
    """Say what the answer for a part covers."""
    start, stop = followed
    told = "  a part: nothing else was looked at"
    if start < stream.start or stream.stop < stop:
        told = (
            f"  a part: around it, the headers and links of seq {start} to {stop - 1}; "
            "nothing else was looked at"
        )
    return f"{told}, nor daily counts, nor ids that stand twice"


def _span(bounds: tuple[int, int] | None) -> dict[str, int] | None:
    """Return first and last seq."""
    if bounds is None or bounds[0] >= bounds[1]:
        return None
    return {"firstSeq": bounds[0], "lastSeq": bounds[1] - 1}


def _anchored(stream: StreamReport) -> str:
    since = self_attested(stream)
    rest = "" if since is None else f"self-attested from {since}"
    if stream.anchored is None:
        return f"  {rest or 'nothing to anchor'}"
    told = f"  anchored up to {stream.anchored.size:,} entries"
    if at := _time(stream.anchored.time_s):
        told += f" as of {at}"
    told += f" ({stream.anchored.place})"
    return f"{told}; {rest}" if rest else told


def line(found: Finding) -> str:
    """Return a finding as it is printed; not harmless yet."""
    mark = {Weight.FAILURE: "✗", Weight.INCOMPLETE: "?", Weight.WARNING: "!"}
    place = f": {found.stream}" if found.stream else ""
    if found.seq is not None:
        span = f"{found.seq}"
        if found.last is not None and found.last != found.seq:
            span += f" to {found.last}"
        place += f" seq {span}"
    if found.recorded_us is not None:
        place += f", recorded {instant(found.recorded_us)}"
    return f"{mark[found.weight]} {found.kind.value}{place}: {found.told}"


def _verdict(report: Report) -> str:
    verdict = report.verdict
    if verdict is Verdict.VERIFIED:
        return "verified"
    if verdict is Verdict.INCOMPLETE:
        return "could not verify: see what is marked '?', mend it and run again"
    first = min(
        (
            found.seq
            for found in report.findings
            if found.weight is Weight.FAILURE and found.seq is not None
        ),
        default=None,
    )
    where = "" if first is None else f", first at seq {first}"
    return (
        f"TAMPERED{where}: keep the database and the anchors as they are, and follow "
        "docs/how-to/when-verification-fails.md"
    )


def _time(time_s: int | None) -> str | None:
    return None if time_s is None else instant(time_s * instants.SECOND)


def instant(microsecond: int) -> str:
    """Spell an instant; one that is outside all years is what somebody wrote there."""
    try:
        return instants.text(microsecond)
    except EventError:
        return f"{microsecond} microseconds after 1970"
