"""The Failed Authentication report: who tried to come in, where, and did anybody?

Guarantees: logins and incidents are read as of one moment; the events that were read
one by one are as many as the index counts, or the report says that they are not. It
names accounts and sources as the events have them: what an attacker typed is text. An
incident whose last attempt lies in the period is told, with what came before of it.

Source: shared requirements R2; the rules are those of `detections.rules`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.reports import failed_charts as charts
from prooftrail.reports import failed_incidents as its
from prooftrail.reports import failed_sections as parts
from prooftrail.reports import incidents, running
from prooftrail.reports.circumstances import counted, glossary, spanned
from prooftrail.reports.document import Answer, Report, Table
from prooftrail.reports.enclosing import Data, Draft
from prooftrail.reports.failed_logins import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.reports.circumstances import Circumstances
    from prooftrail.reports.desk import Desk
    from prooftrail.reports.document import Run
    from prooftrail.reports.incidents import Incident
    from prooftrail.store.reporting import Source
    from prooftrail.store.showing import Signed

NAME: Final = "failed-auth"
SUMMARY: Final = "Who tried to log in and failed, from where, and did anybody get in?"
QUERY: Final = "action:auth.*"
TITLE: Final = "Failed Authentication Report"
VERSION: Final = 1
_CONTROLS: Final = (
    ("PCI DSS 10.2.1.4", "invalid access attempts are logged", "Totals; Reasons"),
    ("PCI DSS 8.3.4", "accounts are locked after invalid attempts", "Lockouts"),
    ("PCI DSS 10.4.1", "logs are reviewed for suspicious activity", "Patterns"),
    ("SOC 2 CC6.1, CC7.2", "anomalies of access are detected", "Patterns; Incidents"),
    ("SOC 2 CC7.3", "what was detected is evaluated", "Handling"),
    ("HIPAA 164.308(a)(5)(ii)(C)", "log-in attempts are monitored", "Totals; Patterns"),
)


class Facts(NamedTuple):
    """What the report shows."""

    since_us: int | None
    until_us: int | None
    streams: tuple[str, ...]
    tally: Tally
    incidents: Sequence[Incident]
    more_alerts: bool  # not all alerts were read
    counted: int  # events of the query, by the index
    population: int  # events of the period


def make(desk: Desk) -> Draft:
    """Return the report.

    Raises:
        ProoftrailError: something that it shows cannot be read.
    """
    from prooftrail.reports.desk import pages  # noqa: PLC0415  below: store and search
    from prooftrail.search import alerts, lists  # noqa: PLC0415
    from prooftrail.store import reporting, showing  # noqa: PLC0415

    asked = desk.asked.question
    period = asked._replace(terms=(), conditions=())
    tally = Tally()
    with desk.reading() as connection:
        source = reporting.source(connection)
        for item in pages(connection, desk):
            tally.add(item)
        raised = alerts.read(connection, period._replace(to_us=None), desk.streams)
        hits = incidents.hits(connection, desk, its.RULES)
        found = incidents.incidents(hits, raised.alerts)
        facts = Facts(
            asked.from_us,
            asked.to_us,
            tuple(sorted(desk.chosen.values())),
            tally,
            found,
            raised.more,
            sum(lists.counts(connection, asked, desk.streams).values()),
            sum(lists.counts(connection, period, desk.streams).values()),
        )
        signed = showing.checkpoints(connection, list(desk.chosen))
    return draft(desk, facts, source, signed)


def draft(
    desk: Desk, facts: Facts, source: Source, signed: Sequence[Signed] = ()
) -> Draft:
    """Return the report of what was read."""
    made = desk.circumstances(source)
    tally, found = facts.tally, facts.incidents
    drawn = charts.over_time(tally, facts.since_us, facts.until_us)
    report = Report(
        cover=made.cover(
            TITLE, SUMMARY, spanned(facts.since_us, facts.until_us), VERSION
        ),
        answer=_answer(facts),
        chart=drawn,
        controls=_CONTROLS,
        scope=(
            (
                f"Streams: {', '.join(facts.streams) or 'none'}. Events by their own"
                " time;"
                f" {QUERY}, failures and successes."
            ),
            (
                "Incidents count each failed login that the rules know, also those to"
                " the"
                " trail's own console and of other prefixes (*.login.failure), which"
                " the"
                " totals of auth.* do not have."
            ),
            (
                "Not in scope: attempts that no application recorded, and in which"
                " country"
                " an address is: nobody looks that up."
            ),
        ),
        method=(
            (
                "Every event of the query is read once, the newest first, and"
                " counted. The"
                " rules read the same logins in the order of their time, from before"
                " the"
                " period as far as they look back, and an incident is told where its"
                " last"
                " attempt lies in the period."
            ),
            (
                "An account is what the event names as its resource, else its actor."
                " Where"
                " it names none, the attempt counts as name withheld."
            ),
        ),
        sections=parts.sections(tally, found, drawn),
        exceptions=its.exceptions([one for one in found if not one.is_test]),
        run=_run(desk, facts, made, signed),
        glossary=glossary("Checkpoint", "Entry", "Event", "Seq", "Stream"),
        listing=Table(
            its.COLUMNS,
            tuple(its.printed(one) for one in found),
            "No rule found an incident in this period.",
            "Accounts and sources with most attempts; rows.csv has up to 50 of each.",
            "Incidents",
        ),
    )
    return Draft(
        report,
        Data(its.DATA, [its.row(one) for one in found]),
        {"report": NAME, "filters": desk.asked.told},
        made.finished_us,
        running.enclosed(signed),
    )


def _answer(facts: Facts) -> Answer:
    tally = facts.tally
    found = [one for one in facts.incidents if not one.is_test]
    entered = [one for one in found if one.hit.success is not None]
    unhandled = sum(not one.is_handled for one in found)
    figures = (
        (f"{tally.failures:,}", "failed logins"),
        (tally.rate, "of logins failed"),
        (f"{len(found):,}", "incidents"),
        (f"{len(entered):,}", "followed by a login"),
    )
    told = []
    if tally.failures:
        least = "at least " if tally.cut else ""
        told.append(
            f"{counted(tally.failures, 'login')} failed and {tally.successes:,}"
            f" succeeded. Failures came from"
            f" {least}{counted(len(tally.sources), 'source')}"
            f" and name {least}{counted(len(tally.accounts), 'account')};"
            f" names of {tally.withheld:,} attempts are withheld."
        )
    if not found:
        if not tally.failures:
            told.append(
                f"{counted(tally.successes, 'login')} succeeded in this period, of"
                f" {counted(facts.population, 'event')} of any kind. Whether recording"
                " ever stopped is shown by the Integrity report."
            )
        headline = "No rule found anything." if tally.failures else "No login failed."
        return Answer(headline, "fact", tuple(told), figures)
    worst = sorted(found, key=lambda one: (one.hit.success is None, -one.hit.attempts))
    told += [
        f"{one.hit.rule}: {its.whence(one.hit)} tried {its.whom(one.hit)};"
        f" then: {its.then(one.hit)}."
        for one in worst[:3]
    ]
    told.append(f"Not handled in the trail: {unhandled:,} of {len(found):,}.")
    need = "needs" if len(found) == 1 else "need"
    return Answer(
        f"{counted(len(found), 'incident')} {need} attention.",
        "attention",
        tuple(told),
        figures,
    )


def _run(
    desk: Desk, facts: Facts, made: Circumstances, signed: Sequence[Signed]
) -> Run:
    tally = facts.tally
    rows = len(facts.incidents)
    limitations = [
        running.RECORDED_ALONE,
        (
            "Names and addresses are as stated by whoever wrote the events; an address"
            " behind a proxy is the proxy's where it is not trusted."
        ),
    ]
    if tally.cut:
        limitations.append(
            "More names, sources or hours were seen than are told apart: such counts"
            " are at least what is said. Totals are exact."
        )
    if facts.more_alerts:
        limitations.append(running.ALERTS_CUT)
    return running.run(
        desk,
        made,
        running.Read(
            NAME, VERSION, QUERY, tally, facts.counted, facts.population, signed
        ),
        filtered=f"{QUERY}: {tally.events:,}; failed logins: {tally.failures:,};"
        f" logins: {tally.successes:,}",
        printed=f"{counted(rows, 'incident')} printed = rows.csv = rows.jsonl; together"
        f" {sum(one.hit.attempts for one in facts.incidents):,} attempts",
        limitations=limitations,
    )
