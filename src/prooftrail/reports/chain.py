"""Whether the log that a report is of was altered: verified for it, told on page one.

Guarantees: a report over an altered log is made all the same, its headline says that
the log was altered and names the first entry concerned, and each thing found stands
among its exceptions. Where the log was not or could not be verified, page one says that
and why. Nothing else of the report changes.

What is verified is what was recorded from the period's beginning on: an event is
recorded when it happens, or later.

Does not: tell whoever is limited to a period of the log's state at all times; does not
record that it was verified (whoever has it verified does).
"""

from __future__ import annotations

from dataclasses import replace as altered_copy
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from prooftrail.core import instants
from prooftrail.errors import ConfigurationError, DatabaseError
from prooftrail.integrity.findings import Weight
from prooftrail.integrity.verdict import Verdict, conclude
from prooftrail.reports.circumstances import counted, second, sentence
from prooftrail.store.keys import FIRST_US, LAST_US

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prooftrail.integrity.findings import Finding
    from prooftrail.reports.desk import Desk
    from prooftrail.reports.document import Table
    from prooftrail.reports.enclosing import Draft
    from prooftrail.verification.report import Asked, Report, StreamReport

LISTED: Final = 20  # findings among the exceptions
ASKED: Final = "nobody asked for it"


def verified(
    desk: Desk, draft: Draft, base: Asked, verify: Callable[[Asked], Report]
) -> tuple[Draft, int]:
    """Verify the log that a report is of; return the report that tells, and the code.

    Args:
        desk: where it was made.
        draft: the report.
        base: against what to verify, and by how many processes.
        verify: does it, and records that it did.

    Returns:
        The report, and what `prooftrail verify` would exit with: 0 verified, 1 altered,
        2 could not verify.
    """
    holder = desk.holder
    if holder.from_us > FIRST_US or holder.to_us < LAST_US:
        told = "whoever made it may see a period alone, and the log is verified whole"
        return unverified(draft, told)
    if not desk.chosen:
        return unverified(draft, "there is no stream that whoever made it may read")
    some = not holder.all_streams or desk.asked.question.streams is not None
    wanted = altered_copy(
        base,
        streams=tuple(desk.chosen.values()) if some else (),
        since_us=desk.asked.question.from_us,
        until_us=None,
    )
    try:
        report = verify(wanted)
    except (ConfigurationError, DatabaseError) as error:
        return unverified(draft, str(error))
    own = set(desk.chosen.values())
    findings = [one for one in report.findings if not one.stream or one.stream in own]
    return _told(draft, report, findings, wanted), conclude(findings).exit_code


def headline(first: Finding) -> str:
    """Say that the log was altered, and where first."""
    if first.seq is None:
        where = f"{first.stream}: " if first.stream else ""
    elif first.last is None or first.last == first.seq:
        where = f"Entry {first.seq:,} of {first.stream}: "
    else:
        where = f"Entries {first.seq:,} to {first.last:,} of {first.stream}: "
    return f"The log was altered. {where}{first.kind.value}."


def failures(findings: Sequence[Finding]) -> list[Finding]:
    """Return what was altered, the first entry of each stream first."""
    found = [one for one in findings if one.weight is Weight.FAILURE]
    return sorted(found, key=lambda one: (one.stream, one.seq is None, one.seq or 0))


def unverified(draft: Draft, why: str) -> tuple[Draft, int]:
    """Return a report that says that the log was not verified for it, and why."""
    told = f"The log was not verified for this report: {why}."
    report = draft.report
    run = replace(
        report.run,
        integrity=f"{told[0].lower()}{told[1:-1]}",
        limitations=(*report.run.limitations, told),
    )
    answer = replace(report.answer, sentences=(*report.answer.sentences, told))
    return draft._replace(report=replace(report, run=run, answer=answer)), 2


def _told(
    draft: Draft, report: Report, findings: Sequence[Finding], wanted: Asked
) -> Draft:
    answer, verdict = draft.report.answer, conclude(findings)
    wrong = failures(findings)
    unread = [one for one in findings if one.weight is Weight.INCOMPLETE]
    checked = f"{counted(report.entries, 'entry', 'entries')} recomputed"
    if wanted.since_us is not None:
        checked += f", those recorded since {instants.text(wanted.since_us)}"
    many = len(wrong) + report.more
    told: tuple[str, ...]
    if verdict is Verdict.VERIFIED:
        told = (f"Verified for this report: {checked}; nothing was altered.",)
        answer = replace(answer, sentences=(*answer.sentences, *told))
    elif wrong:
        more = (
            f"{counted(many, 'thing does', 'things do')} not fit. What this report"
            " shows may be wrong, or lack something; the Integrity report has the rest."
        )
        told = (sentence(wrong[0].told), more, answer.headline)
        answer = replace(
            answer,
            headline=headline(wrong[0]),
            tone="attention",
            sentences=(*told, *answer.sentences),
        )
    else:
        told = ("Whether the log was altered could not be verified.",)
        told += tuple(sentence(one.told) for one in unread[:3])
        answer = replace(answer, tone="attention", sentences=(*told, *answer.sentences))
    parts = [
        f"{verdict.value} for this report",
        checked,
        *(_span(one) for one in report.streams if one.entries),
        *([f"{counted(many, 'thing does', 'things do')} NOT fit"] if many else []),
    ]
    return draft._replace(
        report=replace(
            draft.report,
            answer=answer,
            exceptions=_with(draft.report.exceptions, [*wrong, *unread]),
            run=replace(draft.report.run, integrity="; ".join(parts)),
        )
    )


def _span(one: StreamReport) -> str:
    anchored = one.anchored
    if anchored is None:
        told = "no anchor compared"
    else:
        told = f"anchored up to {anchored.size:,} entries, {anchored.place}"
        if anchored.time_s:
            told += f", {instants.text(anchored.time_s * instants.SECOND)}"
    return f"{one.name}: seq {one.start:,} to {one.stop - 1:,}, {told}"


def _with(table: Table, findings: Sequence[Finding]) -> Table:
    """Return exceptions with what was found in front, by the names of their columns."""
    rows = []
    for number, one in enumerate(findings[:LISTED], 1):
        seq = "" if one.seq is None else f"{one.seq:,}"
        at = "" if one.recorded_us is None else second(one.recorded_us)
        known = {
            "Id": f"C-{number}",
            "Criterion": one.kind.value,
            "What": one.told,
            "When": at,
            "Evidence": f"{one.stream} {seq}".strip(),
            "Severity": "high" if one.weight is Weight.FAILURE else "medium",
            "Status": "open",
        }
        rows.append(tuple(known.get(column.name, "") for column in table.columns))
    return replace(table, rows=(*rows, *table.rows))
