"""What somebody should look at among actions of administration: by which rule.

Guarantees: rules state facts of the events, and nothing is concluded from silence: what
an event does not say is told as not stated. Every finding names the entry that shows
it. Findings of a rule are counted all, and kept up to `KEPT`, the newest.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from prooftrail.reports import admin_kinds as kinds
from prooftrail.reports import handling
from prooftrail.reports.circumstances import counted, second
from prooftrail.reports.counting import short
from prooftrail.reports.document import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prooftrail.reports.admin_acts import Act
    from prooftrail.reports.admin_people import Logins
    from prooftrail.reports.admin_roster import Roster
    from prooftrail.reports.admin_tally import Acted, Refused
    from prooftrail.search.alerts import Alert

KEPT: Final = 200  # of each rule
PRINTED: Final = 200
Severity: TypeAlias = Literal["high", "medium", "low"]
_ORDER: Final = ("high", "medium", "low")

# Which rules there are, and what each finds.
RULES: Final[Mapping[str, str]] = {
    "segregation": "access was given without the approval of somebody else beforehand",
    "approval": "another action states an approval that is none of somebody else"
    " beforehand",
    "break-glass": "something was allowed by breaking the glass",
    "interactive": "a service account was used in a session, or logged in",
    "role-ended": "somebody acted by an administrative role that had ended before",
    "role-unknown": "somebody acted by an administrative role, and no entry read"
    " here gave it",
    "change": "configuration or logging was changed; no ticket and no approval are"
    " stated",
    "impersonation": "somebody acted as another; no reason is stated",
    "refused": "actions of administration were refused, or failed",
    "window": "a change was made outside the change window",
}
_GRAVE: Final = frozenset({"self-granted", "self-approved", "recipient-approved"})


class Finding(NamedTuple):
    """Something to look at."""

    severity: Severity
    rule: str
    what: str
    who: str
    us: int
    stream: str
    seq: int
    event_id: str


class Findings:
    """Takes what was done, the newest first."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.kept: list[Finding] = []

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    def of_act(self, act: Act) -> None:
        """Look at an action by itself."""
        told = act.told
        whom = told.to_name or told.to_id or "nobody named"
        if act.unsegregated:
            grave = not _GRAVE.isdisjoint(told.fails)
            what = f"{short(act.action)} of {short(told.gives or '?')} to {short(whom)}"
            if not act.is_grant:
                what = f"{short(act.action)} of {short(act.target or '?')}"
            self.add(
                "high" if grave else "medium",
                "segregation" if act.is_grant else "approval",
                f"{what}: {act.unsegregated}",
                act,
            )
        if act.kind == kinds.GLASS:
            why = short(act.reason) if act.reason else "no reason is stated"
            severity: Severity = "medium" if act.reason else "high"
            target = short(act.target or "?")
            what = f"{short(act.action)} of {target}: {why}"
            self.add(severity, "break-glass", what, act)
        if act.interactive:
            what = f"{short(act.action)} in a session of a {act.actor_type} account"
            self.add("high", "interactive", what, act)
        if act.is_change and not (told.ticket or told.approved):
            what = f"{short(act.action)} of {short(act.target or act.changed or '?')}"
            self.add("medium", "change", what, act)
        if (
            act.kind == kinds.IMPERSONATION
            and act.result == "success"
            and not act.reason
        ):
            what = f"as {short(act.impersonated or '?')}"
            self.add("medium", "impersonation", what, act)
        if act.outside:
            what = f"{short(act.action)} of {short(act.target or act.changed or '?')}"
            self.add("low", "window", what, act)

    def of_accounts(
        self, acted: Mapping[tuple[str, str], Acted], roster: Roster
    ) -> None:
        """Look at who acted by an administrative role that no grant covers."""
        for (account, role), one in sorted(acted.items()):
            if not one.ungranted:
                continue
            ended = roster.held_before(account, role, one.last.us)
            done = f"{counted(one.ungranted, 'action')} by the role {short(role)}"
            if ended is not None and ended.until is not None:
                what = f"{done}, which had ended by entry {ended.until.entry}"
                self.add("high", "role-ended", what, one.last)
            else:
                what = f"{done}; no entry gave it, the first of them is shown"
                self.add("medium", "role-unknown", what, one.first)

    def of_refused(self, refused: Mapping[str, Refused]) -> None:
        """Look at what was refused, a finding for whoever tried."""
        for one in sorted(refused.values(), key=lambda each: (-each.n, each.first.us)):
            times = counted(one.n, "action")
            what = f"{times} refused or failed, {short(one.first.action)} the first"
            self.add("medium", "refused", what, one.first)

    def of_logins(self, logins: Logins) -> None:
        """Look at who logged in as a machine."""
        rule = "interactive"
        self.counts[rule] += logins.n
        for one in logins.newest:
            source = f" from {short(one.source)}" if one.source else ""
            what = f"a {one.kind} account logged in{source}"
            place = (one.account, one.us, one.stream, one.seq, one.event_id)
            self.kept.append(Finding("high", rule, what, *place))

    def add(self, severity: Severity, rule: str, what: str, act: Act) -> None:
        """Keep one."""
        told = act.told
        self.counts[rule] += 1
        if self.counts[rule] <= KEPT:
            self.kept.append(
                Finding(
                    severity,
                    rule,
                    what,
                    act.who,
                    act.us,
                    told.stream,
                    told.seq,
                    act.event_id,
                )
            )

    def table(self, alerts: Iterable[Alert]) -> Table:
        """Return the table of exceptions: the gravest first, then by their time."""
        raised = {(one.stream, one.details.get("first_seq")): one for one in alerts}
        several = sorted(
            self.kept, key=lambda one: (_ORDER.index(one.severity), one.us, one.rule)
        )[:PRINTED]
        rows = tuple(
            _row(number, one, raised.get((one.stream, one.seq)))
            for number, one in enumerate(several, 1)
        )
        cut = len(several) < self.total
        return Table(
            COLUMNS,
            rows,
            "None.",
            f"The gravest {len(several):,} of {self.total:,}; the rows have all."
            if cut
            else "",
        )


COLUMNS: Final = (
    Column("Id", share=0.6),
    Column("Criterion", share=1.2),
    Column("What", share=2.6),
    Column("Who", share=1),
    Column("When", "time", 1.1),
    Column("Evidence", share=0.95),
    Column("Severity", share=0.85),
    Column("Status", share=1.15),  # with the disposition
    Column("Owner, date", share=1.05),
)


def _row(number: int, one: Finding, alert: Alert | None) -> tuple[str, ...]:
    done = (handling.owner(alert), handling.at(alert)[:10])
    return (
        f"A-{number}",
        one.rule,
        one.what,
        short(one.who),
        second(one.us),
        f"{one.stream} {one.seq:,}",
        one.severity,
        handling.status(alert),
        ", ".join(filter(None, done)),
    )
