"""The Admin Actions report: who changed access, settings, logging; who approved it?

Guarantees: actions are read as of one moment, an entry a row; they are as many as the
index counts, or the report says that they are not. Personal values are shown by their
class. What an event does not say is told as not stated.

Source: shared requirements R3; which events count, `admin_kinds` says.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prooftrail.detections.families import ADMINISTRATORS
from prooftrail.reports import admin_charts as charts
from prooftrail.reports import admin_kinds as kinds
from prooftrail.reports import admin_people as people
from prooftrail.reports import admin_rows as rows_of
from prooftrail.reports import admin_sections as parts
from prooftrail.reports import admin_window, running
from prooftrail.reports.admin_answer import Facts, answer
from prooftrail.reports.admin_findings import Findings
from prooftrail.reports.admin_roster import TYPES, Roster
from prooftrail.reports.admin_tally import Tally
from prooftrail.reports.circumstances import counted, glossary, spanned
from prooftrail.reports.document import Report, Table
from prooftrail.reports.enclosing import Data, Draft
from prooftrail.store.keys import FIRST_US

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.reports.circumstances import Circumstances
    from prooftrail.reports.desk import Desk
    from prooftrail.reports.document import Run
    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Question
    from prooftrail.store.reporting import Source
    from prooftrail.store.showing import Signed

NAME: Final = "admin-actions"
SUMMARY: Final = "Who changed access, settings and logging, and who approved it?"
QUERY: Final = kinds.QUERY
TITLE: Final = "Admin Actions Report"
VERSION: Final = 1
WINDOW: Final = "change_window"
OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {WINDOW: "When changes may be made, UTC: 'Sat 20:00-Sun 06:00, Wed 12:00-13:00'."}
)
_ROSTER: Final = f"action:{','.join(TYPES)} result:success"
_CONTROLS: Final = (
    ("PCI DSS 10.2.1.2", "actions of administrators are logged", "Actions by type"),
    ("PCI DSS 10.2.1.5", "accounts, privileges: changes are logged", "Access; Actions"),
    ("PCI DSS 10.2.1.6", "starting and stopping of logs is logged", "Configuration"),
    ("PCI DSS 7.2.3; SOC 2 CC6.3", "privileges are approved", "Access; Segregation"),
    ("SOC 2 CC6.2", "access is given on authorisation", "Access that was given"),
    ("SOC 2 CC8.1", "changes are authorised", "Configuration; Outside the window"),
    ("PCI DSS 8.2.2, 8.6.1", "system accounts are used as such", "Service accounts"),
    ("HIPAA 164.312(a)(2)(ii)", "access in an emergency", "Break-glass"),
    ("ISO 27001 A.8.2, A.5.3", "privileged rights; duties", "Who held; Segregation"),
)


def make(desk: Desk) -> Draft:
    """Return the report.

    Raises:
        QuestionError: the change window is none.
        ProoftrailError: something that it shows cannot be read.
    """
    from prooftrail.reports.desk import answered, pages  # noqa: PLC0415  below: store and search
    from prooftrail.search import alerts, lists, parameters  # noqa: PLC0415
    from prooftrail.search.language import understand  # noqa: PLC0415
    from prooftrail.store import reporting, showing  # noqa: PLC0415

    stated = desk.options.get(WINDOW)
    window = None if stated is None else admin_window.read(stated)
    asked = desk.asked.question
    period = asked._replace(terms=(), conditions=())

    def also(query: str, since_us: int | None = period.from_us) -> Question:
        found = understand(query, streams={}, now_us=0).question
        return parameters.together(found, period._replace(from_us=since_us))

    def count(connection: Connection, query: str) -> int:
        return sum(lists.counts(connection, also(query), desk.streams).values())

    with desk.reading() as connection:
        source = reporting.source(connection)
        roster = Roster(pages(connection, desk, question=also(_ROSTER, None)))
        tally = Tally(roster, window)
        findings = Findings()
        rows = []  # and nothing else of an action: there may be many
        for item, answer in answered(connection, desk):
            act = tally.add(item, answer)
            findings.of_act(act)
            rows.append((rows_of.printed(act), rows_of.row(act)))
        rows.reverse()
        logins = people.Logins(pages(connection, desk, question=also(people.LOGINS)))
        findings.of_accounts(tally.acted, roster)
        findings.of_refused(tally.refused)
        findings.of_logins(logins)
        facts = Facts(
            tally,
            findings,
            roster,
            logins,
            alerts.read(connection, period._replace(to_us=None), desk.streams),
            window,
            rows,
            sum(lists.counts(connection, asked, desk.streams).values()),
            sum(lists.counts(connection, period, desk.streams).values()),
            count(connection, f"role:{','.join(sorted(ADMINISTRATORS))}"),
            count(connection, "action:prooftrail.detection.test"),
        )
        signed = showing.checkpoints(connection, list(desk.chosen))
    return draft(desk, facts, source, signed)


def draft(
    desk: Desk, facts: Facts, source: Source, signed: Sequence[Signed] = ()
) -> Draft:
    """Return the report of what was read."""
    made = desk.circumstances(source)
    tally = facts.tally
    since, until = desk.asked.question.from_us, desk.asked.question.to_us
    window = None if facts.window is None else facts.window.told
    held = facts.roster.administrators(since, until)
    report = Report(
        cover=made.cover(TITLE, SUMMARY, spanned(since, until), VERSION),
        answer=answer(facts),
        chart=charts.over_time(tally, since, until),
        controls=_CONTROLS,
        scope=_scope(desk, facts),
        method=_METHOD,
        sections=(
            people.population(held, tally, since, until),
            *parts.sections(tally, facts.findings, window),
            people.machines(tally, facts.logins),
        ),
        exceptions=facts.findings.table(facts.alerts.alerts),
        run=_run(desk, facts, made, signed),
        glossary=glossary("Checkpoint", "Entry", "Event", "Seq", "Stream"),
        listing=Table(
            rows_of.COLUMNS,
            tuple(printed for printed, _ in facts.rows),
            "No action of administration was recorded in this period.",
            "In order of the events' own time; rows.csv has more of each.",
            "Actions",
        ),
    )
    return Draft(
        report,
        Data(rows_of.DATA, [row for _, row in facts.rows]),
        {"report": NAME, "filters": desk.asked.told, **desk.stated_options},
        made.finished_us,
        running.enclosed(signed),
    )


_METHOD: Final = (
    (
        "Every event of the query is read once, the newest first, as of one moment, and"
        " is one row. Roles are told from all accounts and roles that the trail has up"
        " to the period's end, and a row names the entry that gave the role by which"
        " somebody acted."
    ),
    (
        "Whether duties were segregated is decided of each success that gives access:"
        " an approval must name its time, before it was done, and its approver, who is"
        " neither who did it nor whom it is for. Of other actions it is decided where"
        " they state an approval of their own. The lead time is from the approval to"
        " the event."
    ),
    (
        "Values before and after are as the event has them; a personal one is shown by"
        " its class. Alerts that begin at an exception's entry say how it was handled."
    ),
)


_COUNTED: Final = (
    "Counted are: admin.* (accounts, roles, permissions, settings, API keys,"
    " impersonation); system.release.deploy; audit.capture.change,"
    " audit.retention.archive, prooftrail.retention.set and prooftrail.erase (logging,"
    " and what is kept of it); prooftrail.person.* (who may use the trail's own"
    " console); and whatever was allowed by breaking the glass. Successes, failures"
    " and refusals."
)
_BESIDE: Final = (
    "The others, such as logins and customers that were looked at, are no rows here; a"
    " search for these roles shows them."
)
_NOT_IN: Final = (
    "Not in scope: passwords and second factors (auth.*), which the Failed"
    " Authentication report has; statements of the trail itself (trail.*), which nobody"
    " makes; what no application recorded."
)


def _scope(desk: Desk, facts: Facts) -> tuple[str, ...]:
    names = ", ".join(sorted(desk.chosen.values())) or "none"
    tally = facts.tally
    by_role = sum(one.n for one in tally.acted.values())
    return (
        f"Streams: {names}. Events by their own time. {_COUNTED}",
        (
            f"{counted(facts.by_role, 'event')} of the period are by administrative"
            f" roles, {by_role:,} of them such actions. {_BESIDE}"
        ),
        _NOT_IN,
    )


def _run(
    desk: Desk, facts: Facts, made: Circumstances, signed: Sequence[Signed]
) -> Run:
    tally = facts.tally
    rows = len(facts.rows)
    limitations = [
        running.RECORDED_ALONE,
        (
            "Approvals, tickets and reasons are as stated by whoever wrote the events;"
            " nobody asked the systems that they name."
        ),
        (
            "Roles that were given before the trail began, or in other streams, are in"
            " no entry that was read."
        ),
    ]
    if desk.holder.from_us > FIRST_US:
        limitations.append(
            "Whoever made it may see a period alone: roles that were given before it"
            " are in no entry that was read, and some actions may seem to lack a grant."
        )
    if tally.cut:
        limitations.append(
            "More actors, targets or days were seen than are told apart: such counts"
            " are at least what is said. Rows and totals are exact."
        )
    if facts.roster.cut:
        limitations.append(
            "More roles were given than are kept: the oldest are left out, and some"
            " actions may seem to lack a grant."
        )
    if facts.alerts.more:
        limitations.append(running.ALERTS_CUT)
    by_kind = ", ".join(
        f"{name} {tally.kinds[name]:,}" for name in kinds.MEANINGS if tally.kinds[name]
    )
    return running.run(
        desk,
        made,
        running.Read(
            NAME, VERSION, QUERY, tally, facts.counted, facts.population, signed
        ),
        filtered=f"the query: {tally.events:,} ({by_kind or 'none'})",
        printed=f"{counted(rows, 'row')} printed = rows.csv = rows.jsonl;"
        f"{' at least' if tally.cut else ''} {counted(len(tally.actors), 'actor')},"
        f" {counted(len(tally.targets), 'target')}",
        limitations=limitations,
    )
