"""The parts of the Admin Actions report after its first page.

Guarantees: every number is one of the tally's; a section that has nothing to show says
so, and what is listed in part says of how many.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prooftrail.reports import admin_granted as granted
from prooftrail.reports import admin_kinds as kinds
from prooftrail.reports import admin_rows as rows_of
from prooftrail.reports.admin_findings import RULES
from prooftrail.reports.admin_listed import ENTRY, TIME, WHO, caption, listed
from prooftrail.reports.admin_tally import LISTED
from prooftrail.reports.circumstances import counted, second
from prooftrail.reports.counting import ranked, short
from prooftrail.reports.document import Column, Facts, Section, Table, paragraph

if TYPE_CHECKING:
    from prooftrail.reports.admin_acts import Act
    from prooftrail.reports.admin_findings import Findings
    from prooftrail.reports.admin_tally import Tally

TOP: Final = 15
TYPES: Final = 100  # that are told apart; of further ones their sum
_ROUTINE: Final = paragraph(
    "Processes that only began or ended to capture, months that were sealed, and what",
    "the trail's own service did by itself are among the rows and not here.",
)
_NO_WINDOW: Final = paragraph(
    "No change window was stated (--change-window), so that no change was compared",
    "with one.",
)
_AS_ANOTHER: Final = paragraph(
    "What somebody did as another carries both names; of such events only actions of",
    "administration are rows here.",
)


def sections(
    tally: Tally, findings: Findings, window: str | None
) -> tuple[Section, ...]:
    """Return those that tell what was done.

    Args:
        tally: of the period.
        findings: of the period.
        window: when changes may be made, as it was stated.
    """
    return (
        _by_type(tally),
        granted.given(tally),
        granted.segregation(tally),
        _changes(tally),
        _glass(tally),
        _outside(tally, window),
        _impersonation(tally),
        _refused(tally),
        _rules(findings),
    )


def _by_type(tally: Tally) -> Section:
    results: dict[tuple[str, str], Counter[str]] = {}
    for (kind, action, result), n in tally.actions.items():
        results.setdefault((kind, action), Counter())[result] += n
    order = list(kinds.MEANINGS)
    most = sorted(results, key=lambda one: (-results[one].total(), one))
    rows = [
        (kind, short(action), *_by_result(results[kind, action]))
        for kind, action in sorted(
            most[:TYPES], key=lambda one: (order.index(one[0]), one[1])
        )
    ]
    if rest := most[TYPES:]:
        others: Counter[str] = sum((results[one] for one in rest), Counter())
        rows.append(("", f"{len(rest):,} further types", *_by_result(others)))
    if rows:
        rows.append(("All", "", *_by_result(tally.results)))
    columns = (
        Column("Kind", share=1.2),
        Column("Action", "code", 2),
        Column("Succeeded", "number", 0.8),
        Column("Failed", "number", 0.7),
        Column("Denied", "number", 0.7),
        Column("All", "number", 0.7),
    )
    meaning = tuple(
        (name, told, f"{tally.kinds[name]:,}") for name, told in kinds.MEANINGS.items()
    )
    what = (
        Column("Kind", share=1.2),
        Column("What it has", share=3.4),
        Column("All", "number", 0.7),
    )
    without = "No action of administration was recorded."
    who = tuple((short(name), f"{n:,}") for name, n in ranked(tally.actors, TOP))
    actors = counted(len(tally.actors), "actor")
    return Section(
        "Actions by type",
        (
            Table(columns, tuple(rows), without),
            Table(what, meaning, caption="Kinds; each action is of one."),
            Table(
                (Column("Who", share=4), Column("Actions", "number")),
                who,
                without,
                f"By whom; {actors}"
                + (", those with most actions." if len(tally.actors) > TOP else "."),
            ),
        ),
    )


def _by_result(n: Counter[str]) -> tuple[str, ...]:
    told = (n["success"], n["failure"], n["denied"], n.total())
    return tuple(f"{one:,}" for one in told)


def _changes(tally: Tally) -> Section:
    columns = (
        TIME,
        Column("Who", share=0.95),
        Column("Action", share=1.4),
        Column("Target", share=1.5),
        Column("Before → after", share=2.2),
        Column("Approval, ticket", share=1),
        ENTRY,
    )

    def row(act: Act) -> tuple[str, ...]:
        printed = rows_of.printed(act)
        return (printed[0], short(act.who), *printed[2:6], act.entry)

    without = "No change of configuration or logging was recorded."
    return Section(
        "Configuration and logging",
        (listed(tally, "changes", columns, row, without), _ROUTINE),
    )


def _glass(tally: Tally) -> Section:
    columns = (
        TIME,
        WHO,
        Column("Action", share=1.5),
        Column("Target", share=1.3),
        Column("Reason", share=2.4),
        ENTRY,
    )

    def row(act: Act) -> tuple[str, ...]:
        printed = rows_of.printed(act)
        reason = short(act.reason or "not stated", 100)
        return (printed[0], short(act.who), *printed[2:4], reason, act.entry)

    return Section(
        "Break-glass",
        (listed(tally, kinds.GLASS, columns, row, "Nobody broke the glass."),),
    )


def _outside(tally: Tally, window: str | None) -> Section:
    title = "Changes outside the change window"
    if window is None:
        return Section(
            title,
            (_NO_WINDOW,),
        )
    columns = (
        TIME,
        WHO,
        Column("Action", share=1.5),
        Column("Target", share=1.3),
        Column("Approval, ticket", share=1.5),
        ENTRY,
    )

    def row(act: Act) -> tuple[str, ...]:
        printed = rows_of.printed(act)
        return (printed[0], short(act.who), *printed[2:4], printed[5], act.entry)

    facts = Facts(
        (
            ("Window, UTC", window),
            ("Changes of configuration and logging", f"{tally.of['changes']:,}"),
            ("outside the window", f"{tally.of['outside']:,}"),
        )
    )
    return Section(
        title,
        (facts, listed(tally, "outside", columns, row, "No change was made then.")),
    )


def _impersonation(tally: Tally) -> Section:
    columns = (
        TIME,
        WHO,
        Column("As whom", share=1.3),
        Column("Reason", share=2.2),
        Column("Ticket", share=0.9),
        ENTRY,
    )

    def row(act: Act) -> tuple[str, ...]:
        return (
            second(act.us),
            short(act.who),
            short(act.impersonated or "not named"),
            short(act.reason or "not stated", 100),
            short(act.told.ticket or ""),
            act.entry,
        )

    return Section(
        "Acting as another",
        (
            listed(
                tally, kinds.IMPERSONATION, columns, row, "Nobody acted as another."
            ),
            _AS_ANOTHER,
        ),
    )


def _refused(tally: Tally) -> Section:
    several = sorted(tally.refused.values(), key=lambda one: (-one.n, one.first.us))
    rows = tuple(
        (
            short(one.first.who),
            f"{one.n:,}",
            short(one.first.action),
            second(one.first.us),
            second(one.last.us),
            one.first.entry,
        )
        for one in several[:LISTED]
    )
    columns = (
        Column("Who", share=1.4),
        Column("Actions", "number", 0.7),
        Column("The first", share=1.6),
        Column("From", "time", 1.3),
        Column("To", "time", 1.3),
        ENTRY,
    )
    return Section(
        "What was refused, or failed",
        (Table(columns, rows, "Nothing was.", caption(len(rows), len(several))),),
    )


def _rules(findings: Findings) -> Section:
    rows = tuple(
        (name, told, f"{findings.counts[name]:,}") for name, told in RULES.items()
    )
    columns = (
        Column("Rule", share=1.1),
        Column("What it finds", share=4),
        Column("Found", "number", 0.7),
    )
    return Section(
        "Rules by which exceptions are found",
        (Table(columns, (*rows, ("All", "", f"{findings.total:,}"))),),
    )
