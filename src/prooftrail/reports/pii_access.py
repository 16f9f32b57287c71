"""The PII Access report: who saw whose personal data, and on whose authority?

Guarantees: every access of the period is a row, and has one verdict, the one that the
log's index has (`store.authority`); authorised, break-glass, denied and unexplained sum
to the population, or the report says that they do not. No unmasked personal value is
in it. The data-subject edition is about one data subject, and names nobody who accessed
his data.

Source: shared requirements R1; the rules are those of `detections.rules`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from prooftrail.errors import QuestionError
from prooftrail.reports import pii_answer as answering
from prooftrail.reports import pii_charts as charts
from prooftrail.reports import pii_reading, pii_rows, running
from prooftrail.reports import pii_sections as parts
from prooftrail.reports import pii_unusual as unusual
from prooftrail.reports.circumstances import counted, glossary, spanned
from prooftrail.reports.document import Report, Table
from prooftrail.reports.enclosing import Data, Draft
from prooftrail.reports.masking import masked
from prooftrail.store.question import ANSWERS, Exactly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prooftrail.reports.circumstances import Circumstances
    from prooftrail.reports.desk import Desk
    from prooftrail.reports.document import Column, Run, Section, Stacked
    from prooftrail.reports.pii_reading import Known

NAME: Final = "pii-access"
SUMMARY: Final = "Who accessed personal data, and on whose authority?"
QUERY: Final = "pii:yes"
TITLE: Final = "PII Access Report"
VERSION: Final = 1
AUDITOR: Final = "auditor"
DATA_SUBJECT: Final = "data-subject"
PRIVACY_OFFICER: Final = "privacy-officer"
EDITIONS: Final[Mapping[str, str]] = {
    AUDITOR: "who did what, on whose authority",
    DATA_SUBJECT: "what concerns one data subject, without those who did it",
    PRIVACY_OFFICER: "the auditor's, and whose data was accessed most",
}
OPTIONS: Final[Mapping[str, str]] = {
    "edition": "; ".join(f"{name}: {what}" for name, what in EDITIONS.items()),
    "resource": "Only of this data subject, by his whole id.",
}
_SAID: Final = frozenset({"q", "from", "to", "stream"})  # of filters, otherwise
_CONTROLS: Final = (
    (
        "PCI DSS 10.2.1.1; SOC 2 CC6.1",
        "individual access to classified data is logged",
        "Accesses",
    ),
    ("PCI DSS 10.2.1.4", "invalid access attempts are logged", "Denied attempts"),
    ("SOC 2 CC6.3", "access is authorised by role, and least", "Authorisation"),
    ("PCI DSS 8.2.2", "use of emergency access is justified", "Break-glass accesses"),
    ("SOC 2 CC6.7", "exports are recorded with count and recipient", "Exports"),
    ("GDPR 5(1)(b), 5(2)", "purposes are stated", "Data class and purpose"),
    ("GDPR 15; SOC 2 P6.7", "people are told of access", "Data-subject edition"),
    ("HIPAA 164.312(b), 164.528", "access and disclosures are recorded", "Accesses"),
)


def make(desk: Desk) -> Draft:
    """Return the report.

    Raises:
        QuestionError: there is no such edition, or the data-subject edition is asked
            for of more or less than one subject.
        ProoftrailError: something that it shows cannot be read.
    """
    desk = _narrowed(desk)
    edition = desk.options.get("edition", AUDITOR)
    whose = _subject(desk, edition)
    known = pii_reading.read(desk)
    made = desk.circumstances(known.source)
    asked, tally = desk.asked.question, known.tally
    drawn = charts.over_time(tally, asked.from_us, asked.to_us)
    rows = tally.rows[::-1]
    if whose is None:
        columns: tuple[Column, ...] = pii_rows.COLUMNS
        printed = [pii_rows.printed(one) for one in rows]
        data = Data(pii_rows.DATA, rows)
    else:
        columns = pii_rows.COLUMNS_WITHOUT_ACTOR
        printed = [pii_rows.printed_without_actor(one, whose) for one in rows]
        data = Data(
            pii_rows.WITHOUT_ACTOR, [pii_rows.without_actor(one, whose) for one in rows]
        )
    report = Report(
        cover=made.cover(
            TITLE,
            _question(edition, whose),
            spanned(asked.from_us, asked.to_us),
            VERSION,
        ),
        answer=answering.answer(known, whose),
        chart=drawn,
        controls=_CONTROLS,
        scope=tuple(_scope(desk, whose)),
        method=_METHOD,
        sections=tuple(_sections(known, drawn, edition, whose)),
        exceptions=unusual.exceptions(known.incidents if whose is None else ()),
        run=_run(desk, known, made, edition, whose),
        glossary=glossary("Checkpoint", "Entry", "Event", "Seq", "Stream"),
        listing=Table(
            columns,
            tuple(printed),
            "No access to personal data in this period.",
            "In order of time. rows.csv and rows.jsonl have the same accesses with all"
            " columns.",
            "Accesses",
        ),
    )
    return Draft(
        report,
        data,
        {"report": NAME, "edition": edition, "filters": _filters(desk)},
        made.finished_us,
        running.enclosed(known.signed),
    )


def _narrowed(desk: Desk) -> Desk:
    """Return the desk with the question narrowed to the one data subject, if any."""
    from prooftrail.search import parameters  # noqa: PLC0415  only where it is asked

    whom = desk.options.get("resource")
    if whom is None:
        return desk
    one = parameters.filters([("resource", whom)], desk.streams, now_us=desk.started_us)
    asked = desk.asked
    question = parameters.together(asked.question, one.question)
    told = {**asked.told, **one.told}
    return desk._replace(asked=asked._replace(question=question, told=told))


def _question(edition: str, whose: str | None) -> str:
    if whose is not None:
        return (
            f"What was accessed of {whose}, when, and for what? (data-subject edition)"
        )
    return SUMMARY if edition == AUDITOR else f"{SUMMARY} ({edition} edition)"


def _filters(desk: Desk) -> dict[str, object]:
    """Return what was asked, with whom it is about as the report shows him."""
    told = dict(desk.asked.told)
    whom = told.get("resource")
    if isinstance(whom, str):
        told["resource"] = masked(whom)
    elif isinstance(whom, list):
        told["resource"] = [masked(str(one)) for one in whom]
    return told


def _subject(desk: Desk, edition: str) -> str | None:
    """Return whom the data-subject edition is about, masked; None for the others."""
    if edition not in EDITIONS:
        known = ", ".join(EDITIONS)
        raise QuestionError(f"there is no edition {edition[:40]!r}: there are {known}")
    if edition != DATA_SUBJECT:
        return None
    if beside := sorted({*desk.asked.told} - _SAID - {"resource"}):
        raise QuestionError(
            f"the data-subject edition has all that concerns him: leave {beside[0]} out"
        )
    terms = [one for one in desk.asked.question.terms if one.column == "resource"]
    matches = [match for term in terms for match in term.matches]
    if len(matches) == 1 and isinstance(matches[0], Exactly):
        return masked(str(matches[0].value))
    raise QuestionError(
        "the data-subject edition is about one data subject: name him by his whole id"
        " (resource)"
    )


_METHOD: Final = (
    (
        "Every event that touches personal data, by what it states or by its type, is"
        " read once, with the verdict that the log's index has of it. Denied is what"
        " was refused; break-glass what was allowed by that alone; authorised what"
        " states any other decision to allow; unexplained is the rest."
    ),
    (
        "A data subject is whom an event names beside its resource, else the resource."
        " Records are as the event counts them; where it does not, its data subjects."
        " Both are of accesses that succeeded."
    ),
    (
        "Data subjects are named by the ids that the events have. Where an id reads as"
        " an address of mail, a telephone number or a name, it is masked. Names of"
        " actors are those that the events had then."
    ),
)


def _scope(desk: Desk, whose: str | None) -> Iterator[str]:
    streams = ", ".join(sorted(desk.chosen.values())) or "none"
    yield (
        f"Streams: {streams}. Events by their own time;"
        f" {desk.asked.query or QUERY}: views, searches, changes, exports and whatever"
        " else touches personal data, also where it failed or was denied."
    )
    if whose is not None:
        yield (
            f"Of {whose} alone. Who did it is withheld in this edition, and so are all"
            " other data subjects of the same accesses."
        )
    yield (
        "Not in scope: accesses that no application recorded, and what was done with"
        " data once it was exported."
    )


def _sections(
    known: Known, drawn: Stacked | None, edition: str, whose: str | None
) -> Iterator[Section]:
    tally = known.tally
    named = whose is None
    yield parts.verdicts(tally, drawn)
    yield parts.scope(tally)
    yield parts.policies(tally)
    if named:
        yield parts.people(tally)
    if edition == PRIVACY_OFFICER:
        yield parts.subjects(tally)
    yield parts.purposes(tally)
    yield parts.denied(tally, named=named)
    yield unusual.attention(tally, whose)
    yield parts.exports(tally, named=named)
    if named:
        yield unusual.unusual(known)


def _run(
    desk: Desk, known: Known, made: Circumstances, edition: str, whose: str | None
) -> Run:
    tally = known.tally
    verdicts = "; ".join(f"{one}: {tally.verdicts[one]:,}" for one in ANSWERS)
    controls = "1 data subject"
    if whose is None:
        controls = (
            f"{counted(tally.records, 'record')},"
            f" {counted(len(tally.people), 'actor')},"
            f" {counted(len(tally.subjects), 'data subject')}"
        )
    made_run = running.run(
        desk,
        made,
        running.Read(
            NAME,
            VERSION,
            QUERY,
            tally,
            known.counted,
            known.population,
            known.signed,
        ),
        filtered=f"{QUERY}: {tally.events:,}; {verdicts}",
        printed=f"{counted(tally.events, 'access', 'accesses')} printed = rows.csv ="
        f" rows.jsonl; control totals: {controls}",
        limitations=tuple(_limitations(known)),
    )
    narrowed = "".join(
        f"; {name} {value}"
        for name, value in _filters(desk).items()
        if name not in _SAID
    )
    return replace(
        made_run,
        filters=f"{made_run.filters}{narrowed}; {edition} edition",
    )


def _limitations(known: Known) -> Iterator[str]:
    tally = known.tally
    yield running.RECORDED_ALONE
    yield (
        "Names, purposes and decisions are as stated by whoever wrote the events:"
        " authorised means that the event states so, and not that the rule was a good"
        " one."
    )
    yield (
        "Employment status, granter and validity of a grant are empty where the event"
        " does not state them."
    )
    if tally.without_records:
        yield (
            f"{counted(tally.without_records, 'access', 'accesses')} that succeeded"
            " state no count of records: their data subjects are counted."
        )
    if tally.redacted:
        yield (
            f"Of {counted(tally.redacted, 'access', 'accesses')} the event was"
            " redacted: the verdict is that of the index."
        )
    if tally.cut or any(one.cut for one in known.hours.values()):
        yield (
            "More names were seen than are told apart: counts of different ones are at"
            " least what is said. Totals are exact."
        )
    if known.more_alerts:
        yield running.ALERTS_CUT
