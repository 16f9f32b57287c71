"""The Integrity report: was anything altered or deleted, and how is that known?

Guarantees: what was found stands on page one, with the first entry concerned; the range
that was asked for stands beside the range that was recomputed. What the proof does not
cover is said as plainly as what it does. It is made of whatever a verification gives,
of a log that was altered too.

Source: shared requirements R4; the findings are those of `integrity.findings`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from prooftrail.core import entry, instants
from prooftrail.integrity.findings import Weight
from prooftrail.reports import chain, integrity_breaks
from prooftrail.reports import integrity_sections as parts
from prooftrail.reports.circumstances import counted, glossary, sentence, spanned
from prooftrail.reports.document import (
    Answer,
    Column,
    Day,
    Report,
    Run,
    State,
    Strip,
    Table,
)
from prooftrail.reports.enclosing import Data, Draft

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.reports.circumstances import Circumstances
    from prooftrail.reports.integrity_facts import Integrity, Segment
    from prooftrail.reports.typesetting import Attachment

NAME: Final = "integrity"
TITLE: Final = "Integrity Report"
QUESTION: Final = "Was anything altered or deleted, and how is that known?"
VERSION: Final = 1
_WORST: Final[tuple[State, ...]] = ("empty", "verified", "unanchored", "broken")
_CONTROLS: Final = (
    ("PCI DSS 10.3.4", "changes of audit logs are detected", "Findings; Segments"),
    (
        "PCI DSS 10.3.2, 10.3.3",
        "logs cannot be altered, and leave the system",
        "Who could alter the log; Segments",
    ),
    ("PCI DSS 10.7.2, 10.7.3", "failures of logging are found and recorded", "Outages"),
    ("SOC 2 CC7.2, CC7.3", "anomalies are detected and evaluated", "Verification runs"),
    (
        "ISO/IEC 27001 A.8.15",
        "logs are protected against tampering",
        "Findings; Segments",
    ),
    ("HIPAA 164.312(c)", "records were not altered or destroyed", "Findings"),
)
_COLUMNS: Final = (
    Column("Stream", share=0.8),
    Column("First seq", "number", 0.7),
    Column("Last seq", "number", 0.7),
    Column("Entries", "number", 0.6),
    Column("Root of all up to the last", "code", 3),
    Column("Signed", "time", 1.5),
    Column("Anchored", "text", 2),
    Column("Recomputed", share=0.9),
)
_DATA: Final = (
    "stream",
    "firstSeq",
    "lastSeq",
    "entries",
    "root",
    "signedAt",
    "anchor",
    "anchoredAt",
    "agrees",
)


def draft(
    found: Integrity,
    made: Circumstances,
    parameters: Mapping[str, Any],
    enclosed: Sequence[Attachment] = (),
) -> Draft:
    """Return the report.

    Args:
        found: what it shows.
        made: by whom, of what and when.
        parameters: by which it can be made again.
        enclosed: checkpoints and keys.
    """
    period = spanned(found.since_us, found.until_us)
    rows = [_row(one) for one in found.segments]
    report = Report(
        cover=made.cover(TITLE, QUESTION, period, VERSION),
        answer=_answer(found),
        chart=_strip(found),
        controls=_CONTROLS,
        scope=(
            f"Streams: {_names(found)}. Entries by the time of their recording.",
            (
                "Not in scope: events that an application never recorded. A chain says"
                " nothing of these; which routes are recorded is shown by prooftrail"
                " coverage."
            ),
        ),
        method=parts.METHOD,
        sections=parts.sections(found),
        exceptions=parts.exceptions(found),
        run=_run(found, made, len(rows)),
        glossary=glossary("Anchor", "Checkpoint", "Entry", "Root", "Seq", "Stream"),
        listing=Table(
            _COLUMNS,
            tuple(_printed(one) for one in found.segments),
            "No entry lies in this range.",
            "What lies between two sizes that checkpoints state; no entry is left out.",
            "Segments",
        ),
    )
    return Draft(report, Data(_DATA, rows), parameters, made.finished_us, enclosed)


def _answer(found: Integrity) -> Answer:
    report = found.report
    anchored = sum(
        one.anchored is not None and one.anchored.size >= one.stop
        for one in report.streams
        if one.entries
    )
    figures = (
        (f"{report.entries:,}", "entries recomputed"),
        (f"{sum(one.compared for one in report.streams):,}", "checkpoints compared"),
        (f"{len(found.failures) + report.more:,}", "things that do not fit"),
        (
            f"{anchored} of {sum(bool(one.entries) for one in report.streams)}",
            "streams anchored to their end",
        ),
    )
    failures = found.failures
    if failures:
        first = failures[0]
        return Answer(
            chain.headline(first),
            "attention",
            (
                sentence(first.told),
                *integrity_breaks.altered(found),
            ),
            figures,
        )
    unread = [one for one in report.findings if one.weight is Weight.INCOMPLETE]
    if unread:
        return Answer(
            "It could not be verified whether the log was altered.",
            "attention",
            tuple(sentence(one.told) for one in unread[:3]),
            figures,
        )
    if not report.entries:
        return Answer(
            "Nothing was recorded in this period.",
            "fact",
            parts.silence(found),
            figures,
        )
    return Answer(
        "Nothing was found altered, deleted or inserted.",
        "fact",
        (
            (
                f"{counted(report.entries, 'entry', 'entries')} were recomputed from"
                " their"
                " bytes: each is what its hash says, follows the one before, and lies"
                " under"
                " the roots that were signed."
            ),
            *parts.reach(found),
        ),
        figures,
    )


def _names(found: Integrity) -> str:
    return ", ".join(sorted(found.streams.values())) or "none"


def _strip(found: Integrity) -> Strip | None:
    """Return a cell for each day from the first to the last."""
    known: dict[int, tuple[State, int]] = {}
    for day in found.days:
        state, n = known.get(day.recorded.day, ("empty", 0))
        worst = max(state, day.state, key=_WORST.index)
        known[day.recorded.day] = (worst, n + day.recorded.n)
    for one in found.failures:
        if one.recorded_us is not None:
            at = one.recorded_us // instants.DAY
            known[at] = ("broken", known.get(at, ("broken", 0))[1])
    if not known:
        return None
    days = tuple(
        Day(_date(at), *known.get(at, ("empty", 0)))
        for at in range(max(min(known), max(known) - 3_660), max(known) + 1)
    )
    each = {state: sum(one.state == state for one in days) for state in _WORST}
    return Strip(
        days,
        f"{counted(len(days), 'day')} from {days[0].day} to {days[-1].day}:"
        f" {each['verified']} recomputed and anchored, {each['unanchored']} recomputed"
        f" and not anchored yet, {each['broken']} that do not fit, {each['empty']}"
        " without an entry.",
    )


def _date(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(day)).date().isoformat()


def _row(one: Segment) -> tuple[str | int | bool | None, ...]:
    return (
        one.stream,
        one.first,
        one.last,
        one.n,
        None if one.root is None else entry.checksum(one.root),
        _second(one.signed_s),
        one.place,
        _second(one.anchored_s),
        one.agrees,
    )


def _printed(one: Segment) -> tuple[str, ...]:
    anchored = one.place or "no"
    if one.anchored_s is not None:
        anchored += f", {_second(one.anchored_s)}"
    return (
        one.stream,
        f"{one.first:,}",
        f"{one.last:,}",
        f"{one.n:,}",
        "no checkpoint yet" if one.root is None else entry.checksum(one.root),
        _second(one.signed_s) or "",
        anchored,
        "agrees" if one.agrees else ("" if one.root is None else "does not fit"),
    )


def _second(time_s: int | None) -> str | None:
    return None if time_s is None else instants.text(time_s * instants.SECOND)


def _run(found: Integrity, made: Circumstances, rows: int) -> Run:
    report = found.report
    spans = [
        f"{one.name}: {one.start:,} to {one.stop - 1:,}"
        if one.entries
        else f"{one.name}: none"
        for one in report.streams
    ]
    gaps = sum(one.kind.value in {"deleted", "truncated"} for one in found.failures)
    anchors = [
        f"{one.name}: up to {one.anchored.size:,} entries, {one.anchored.place}"
        + (f", {_second(one.anchored.time_s)}" if one.anchored.time_s else "")
        for one in report.streams
        if one.anchored is not None
    ]
    return Run(
        report=f"{NAME}, {made.told_version(VERSION)}",
        source=made.told_source,
        filters=f"recorded in {spanned(found.since_us, found.until_us)};"
        f" streams {_names(found)}",
        query="every entry of the range, by seq; no filter of content",
        run_by=made.told_by,
        times=made.told_times,
        population=counted(report.entries, "entry", "entries"),
        filtered="none is filtered",
        printed=f"{counted(rows, 'segment')} printed = rows.csv = rows.jsonl; together"
        f" {sum(one.n for one in found.segments):,} entries",
        sequence=f"{'; '.join(spans) or 'no stream'};"
        f" {counted(gaps, 'gap') if gaps else 'none missing'}",
        completeness="each seq follows the one before; segments join without a gap;"
        " daily counts were compared where the whole log was asked for",
        accuracy=f"{report.entries:,} of {report.entries:,} entries hashed again, all"
        " projected columns compared",
        integrity=f"{report.verdict.value}; {'; '.join(anchors) or 'not anchored'}",
        files="",  # said when they are there
        limitations=(
            *parts.LIMITATIONS,
            *(
                f"What this report has of {name} could not be read: {why}."
                for name, why in found.unread.items()
            ),
        ),
    )
