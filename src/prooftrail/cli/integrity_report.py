"""What ``prooftrail report integrity`` looks at, and in which order.

Guarantees: the log is verified first, and that is recorded; all else is read as of one
moment after it.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prooftrail.reports.desk import Desk
    from prooftrail.reports.enclosing import Draft
    from prooftrail.reports.integrity_facts import Verified
    from prooftrail.reports.typesetting import Attachment
    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Question
    from prooftrail.store.readers import Role
    from prooftrail.store.showing import Signed
    from prooftrail.verification.report import Asked, Report

VERIFIED = "audit.chain.verify"
_MOST_RUNS = 1_000


def draft(desk: Desk, role: Role, wanted: Asked) -> tuple[Draft, int]:
    """Verify, and return the report and the exit code.

    Raises:
        ProoftrailError: something that it shows cannot be read.
    """
    from prooftrail.access import roles
    from prooftrail.cli import verify
    from prooftrail.errors import ConfigurationError
    from prooftrail.reports import integrity, integrity_facts
    from prooftrail.reports.integrity_facts import Integrity
    from prooftrail.service import administrators
    from prooftrail.store import connect, continuity, reading, showing
    from prooftrail.store import reporting as store
    from prooftrail.verification import recording

    if not roles.may(role, "verify"):
        raise ConfigurationError(
            "this report takes a key that may verify: prooftrail key create NAME"
            " --role auditor makes one"
        )
    report = verify.run(wanted)
    verify.record(recording.events(wanted, report, actor=verify.actor()))
    numbers = list(desk.chosen)
    with desk.reading() as connection:
        source = store.source(connection)
        flow = continuity.read(connection, desk.asked.question, numbers)
        acts = administrators.acts(connection, desk.asked.question)
        runs = tuple(_runs(connection, desk.asked.question, desk.streams))
        signed = showing.checkpoints(connection, numbers)
    failures = [one for one in report.findings if one.weight > 1]
    days = []
    with (
        closing(connect.connect("verifier", autocommit=True)) as link,
        reading.snapshot(link),
    ):
        for one in report.streams:
            own = [found for found in failures if found.stream == one.name]
            days += integrity_facts.days(link, one, own)
    found = Integrity(
        wanted.since_us,
        wanted.until_us,
        report,
        tuple(
            segment
            for one in report.streams
            for segment in integrity_facts.segments(one)
        ),
        tuple(days),
        runs,
        flow,
        tuple(administrators.could()),
        acts.actions,
        desk.chosen,
    )
    made = desk.circumstances(source)
    parameters = {"report": integrity.NAME, "filters": desk.asked.told}
    enclosed = list(_enclosed(report, signed))
    return integrity.draft(found, made, parameters, enclosed), report.verdict.exit_code


def _runs(
    connection: Connection, question: Question, streams: Mapping[str, int]
) -> Iterator[Verified]:
    """Yield the verifications that the trail has of a period, the newest first."""
    from prooftrail.reports.integrity_facts import Verified
    from prooftrail.search import lists
    from prooftrail.search.parameters import Paging
    from prooftrail.store.question import Exactly, Term

    asked = question._replace(terms=(Term("action", (Exactly(VERIFIED),)),))
    page = lists.page(connection, asked, Paging(_MOST_RUNS, None), streams)
    for item in page.items:
        details = item.get("details") or {}
        actor = item.get("actor") or {}
        span = [str(details[key]) for key in ("from", "to") if key in details]
        yield Verified(
            int(item["seq"]),
            str(item["timestamp"]),
            str(item["stream"]),
            str(actor.get("userId", "")),
            str(details.get("verdict", item.get("result", ""))),
            str(details.get("findings", "")),
            " to ".join(span) or "the whole log",
        )


def _enclosed(report: Report, signed: Sequence[Signed]) -> Iterator[Attachment]:
    """Yield the checkpoints and the keys of what was verified."""
    from prooftrail.reports.typesetting import Attachment

    keys = "".join(f"{key}\n" for one in report.streams for key in one.keys)
    if keys:
        yield Attachment(
            "public-key.txt",
            keys.encode(),
            "text/plain",
            "The keys that the log states. Compare them with those you were given.",
        )
    notes = "".join(one.note for one in signed)
    if notes:
        yield Attachment(
            "checkpoint.txt",
            notes.encode(),
            "text/plain",
            "The newest checkpoint of each stream that was verified, as it was signed.",
        )
