"""What the Integrity report looks at, and in which order.

Guarantees: the log is verified first; all else is read as of one moment after it. What
cannot be read of that, where somebody altered tables, is told in its place: the report
is made all the same.

Does not: record that it was verified (whoever has it verified does).
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from prooftrail.access import roles
from prooftrail.errors import DatabaseError, QuestionError, UnavailableError
from prooftrail.integrity.findings import Weight
from prooftrail.reports import administrators, integrity, integrity_facts
from prooftrail.reports.integrity_facts import Integrity, Verified
from prooftrail.reports.running import enclosed
from prooftrail.search import lists
from prooftrail.search.parameters import Paging
from prooftrail.store import connect, continuity, reading, reporting, showing
from prooftrail.store.continuity import Continuity
from prooftrail.store.keys import FIRST_US, LAST_US
from prooftrail.store.question import Exactly, Term
from prooftrail.store.reporting import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prooftrail.doctor.check import Check
    from prooftrail.doctor.powers import Holder
    from prooftrail.reports.desk import Desk
    from prooftrail.reports.enclosing import Draft
    from prooftrail.reports.integrity_facts import StreamDay
    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Question
    from prooftrail.store.showing import Signed
    from prooftrail.verification.report import Asked, Report

VERIFIED: Final = "audit.chain.verify"
_MOST_RUNS: Final = 1_000


def make(
    desk: Desk, wanted: Asked, verify: Callable[[Asked], Report]
) -> tuple[Draft, int]:
    """Verify, and return the report and the exit code.

    Args:
        desk: of whoever asks.
        wanted: what to verify, and against what.
        verify: does it, and records that it did.

    Raises:
        QuestionError: it is not for him.
        ProoftrailError: something that it shows cannot be read.
    """
    holder = desk.holder
    if not roles.may(holder.role, "verify"):
        raise QuestionError("this report is for those who may verify: an auditor, say")
    if holder.from_us > FIRST_US or holder.to_us < LAST_US:
        raise QuestionError(
            "this report tells of the log's size at all times: it is for those who are"
            " limited to no period"
        )
    if not holder.all_streams or desk.asked.question.streams is not None:
        wanted = replace(wanted, streams=tuple(desk.chosen.values()))
    if not desk.chosen:
        raise QuestionError("there is no stream that you may read")
    report = _shown(desk, verify(wanted))
    numbers, question = list(desk.chosen), desk.asked.question
    around = _Around()
    with desk.reading() as connection:
        with around.part(connection, "source"):
            around.source = reporting.source(connection)
        with around.part(connection, "outages"):
            around.flow = continuity.read(connection, question, numbers)
        with around.part(connection, "acts"):
            around.acts = administrators.acts(connection, question).actions
        with around.part(connection, "runs"):
            around.runs = tuple(_runs(connection, question, desk.streams))
        with around.part(connection, "checkpoints"):
            around.signed = showing.checkpoints(connection, numbers)
    with around.part(None, "days"):
        around.days = tuple(_days(report))
    with around.part(None, "waited"):
        around.waited = _waited(report)
    with around.part(None, "guards"):
        around.guards = tuple(administrators.guards())
    with around.part(None, "holders"):
        around.holders = tuple(administrators.could())
    found = Integrity(
        wanted.since_us,
        wanted.until_us,
        report,
        tuple(
            segment
            for one in report.streams
            for segment in integrity_facts.segments(one)
        ),
        around.days,
        around.runs,
        around.flow,
        around.holders,
        around.acts,
        desk.chosen,
        around.told,
        around.waited,
        around.guards,
    )
    source, signed = around.source, around.signed
    made = desk.circumstances(source)
    parameters = {"report": integrity.NAME, "filters": desk.asked.told}
    keys = [key for one in report.streams for key in one.keys]
    return (
        integrity.draft(found, made, parameters, enclosed(signed, keys)),
        report.verdict.exit_code,
    )


class _Around:
    """What stands around the log; each part is empty until it is read."""

    def __init__(self) -> None:
        self.source = Source("not known", "not known", "not known", "not known")
        self.flow = Continuity((), (), (), {}, ())
        self.acts: tuple[tuple[str, int], ...] = ()
        self.runs: tuple[Verified, ...] = ()
        self.signed: Sequence[Signed] = ()
        self.days: tuple[StreamDay, ...] = ()
        self.waited: dict[int, int] = {}
        self.guards: tuple[Check, ...] = ()
        self.holders: tuple[Holder, ...] = ()
        self.told: dict[str, str] = {}  # why a part could not be read, by its name

    @contextmanager
    def part(self, connection: Connection | None, name: str) -> Iterator[None]:
        """Read a part; where the database refuses, that is told and others go on."""
        try:
            with reading.apart(connection):
                yield
        except UnavailableError:
            raise  # nothing can be read
        except (DatabaseError, ValueError, TypeError) as error:
            self.told[name] = f"{type(error).__name__}: {error}"


def _shown(desk: Desk, report: Report) -> Report:
    """Return a report of a run without what is of streams that are not the reader's.

    What waits or could not be sealed is a warning of no stream, and may be all of
    another one.
    """
    if not desk.holder.all_streams:
        own = set(desk.chosen.values())
        report.findings = [
            one
            for one in report.findings
            if one.stream in own or (not one.stream and one.weight > Weight.WARNING)
        ]
    return report


def _days(report: Report) -> Iterator[StreamDay]:
    failures = [one for one in report.findings if one.weight is Weight.FAILURE]
    with (
        closing(connect.connect("verifier", autocommit=True)) as link,
        reading.snapshot(link),
    ):
        for stream in report.streams:
            own = [one for one in failures if one.stream == stream.name]
            yield from integrity_facts.days(link, stream, own)


def _waited(report: Report) -> dict[int, int]:
    """Return how long entries waited to be signed, at most, by day."""
    found: dict[int, int] = {}
    with (
        closing(connect.connect("verifier", autocommit=True)) as link,
        reading.snapshot(link),
    ):
        for one in report.streams:
            if one.number is None:
                continue
            for day, us in reporting.lags(link, one.number, one.start, one.stop):
                found[day] = max(found.get(day, 0), us)
    return found


def _runs(
    connection: Connection, question: Question, streams: Mapping[str, int]
) -> Iterator[Verified]:
    """Yield the verifications that the trail has of a period, the newest first."""
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
