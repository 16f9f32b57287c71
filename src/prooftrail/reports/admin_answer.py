"""The first page of the Admin Actions report: what there was, and what to look at.

Guarantees: every number is one that the report shows again further on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.reports import admin_kinds as kinds
from prooftrail.reports.circumstances import counted
from prooftrail.reports.counting import short
from prooftrail.reports.document import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prooftrail.reports.admin_findings import Findings
    from prooftrail.reports.admin_people import Logins
    from prooftrail.reports.admin_roster import Roster
    from prooftrail.reports.admin_rows import Printed, Row
    from prooftrail.reports.admin_tally import Tally
    from prooftrail.reports.admin_window import Window
    from prooftrail.search.alerts import Alerts

# What is said of a rule's findings: of one, and of several.
_SAID: Final = (
    (
        "change",
        "1 change of settings or logging states neither ticket nor approval.",
        "{n} changes of settings or logging state neither ticket nor approval.",
    ),
    (
        "approval",
        "1 other action states an approval that is none of somebody else beforehand.",
        "{n} other actions state an approval that is none of somebody else beforehand.",
    ),
    (
        "interactive",
        "A service account was used interactively once.",
        "Service accounts were used interactively {n} times.",
    ),
    (
        "role-ended",
        "1 account acted by an administrative role that had ended.",
        "{n} accounts acted by administrative roles that had ended.",
    ),
    (
        "role-unknown",
        "1 account acted by an administrative role that no entry read here gave.",
        "{n} accounts acted by administrative roles that no entry read here gave.",
    ),
    (
        "impersonation",
        "Once somebody acted as another and stated no reason.",
        "{n} times somebody acted as another and stated no reason.",
    ),
    (
        "refused",
        "1 actor had actions of administration refused, or failed in them.",
        "{n} actors had actions of administration refused, or failed in them.",
    ),
    (
        "window",
        "1 change was made outside the change window.",
        "{n} changes were made outside the change window.",
    ),
)


class Facts(NamedTuple):
    """What the report shows."""

    tally: Tally
    findings: Findings
    roster: Roster
    logins: Logins
    alerts: Alerts
    window: Window | None
    rows: Sequence[tuple[Printed, Row]]  # in order of time
    counted: int  # events of the query, by the index
    population: int  # events of the period
    by_role: int  # by an administrative role, of any kind
    tested: int  # times that detection was tested in the period


def answer(facts: Facts) -> Answer:
    """Return what is said on page one."""
    tally, n = facts.tally, facts.findings.total
    figures = (
        (f"{tally.events:,}", "action" if tally.events == 1 else "actions"),
        (f"{tally.grants:,}", "times access was given"),
        (f"{tally.of['changes']:,}", "changes of settings, logging"),
        (f"{tally.of[kinds.GLASS]:,}", "uses of break-glass"),
        (f"{n:,}", "exception" if n == 1 else "exceptions"),
    )
    told = (*_told(facts),)
    if n:
        need = "item needs" if n == 1 else "items need"
        return Answer(f"{n:,} {need} attention.", "attention", told, figures)
    headline = "No rule found anything."
    if not tally.events:
        headline = "No action of administration was recorded."
    return Answer(headline, "fact", told, figures)


def _told(facts: Facts) -> Iterator[str]:
    tally = facts.tally
    if tally.events:
        yield _what(tally)
    else:
        yield (
            "No such action is in this period, in which the log has"
            f" {counted(facts.population, 'event')} of any kind,"
            f" {counted(facts.tested, 'test')} of detection among them. Whether"
            " recording ever stopped is shown by the Integrity report."
        )
    if tally.grants:
        times = "once" if tally.grants == 1 else f"{tally.grants:,} times"
        yield (
            f"Access was given {times}: {tally.fails['not-approved']:,} without a"
            f" stated approval, {tally.of['selves']:,} to oneself or approved by who"
            " gave or got it."
        )
    glass = tally.listed.get(kinds.GLASS)
    if glass:
        n = tally.of[kinds.GLASS]
        why = short(glass[0].reason) if glass[0].reason else "no reason is stated"
        times = "once" if n == 1 else f"{n:,} times, the last of them"
        yield f"The glass was broken {times} by {short(glass[0].who)}: {why}."
    for name, one, several in _SAID:
        n = facts.findings.counts[name]
        if n:
            yield one if n == 1 else several.format(n=f"{n:,}")


def _what(tally: Tally) -> str:
    done, denied = tally.results["success"], tally.results["denied"]
    actors = counted(len(tally.actors), "actor")
    return (
        f"{counted(tally.events, 'action')} of administration by"
        f" {'at least ' if tally.cut else ''}{actors}: {done:,} succeeded,"
        f" {denied:,} denied, {tally.events - done - denied:,} failed."
    )
