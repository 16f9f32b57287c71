"""Who held an administrative role, who acted by one, and which machines did as people.

Guarantees: who held it is told from entries of the trail, with the entry that gave the
role and the one that took it. Whoever acted by such a role while no entry gave it is
told beside them, and not counted among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.catalog.wording import mapping
from prooftrail.core import instants
from prooftrail.detections.families import ADMINISTRATORS
from prooftrail.reports.admin_acts import MACHINES
from prooftrail.reports.circumstances import counted, second
from prooftrail.reports.counting import short, text
from prooftrail.reports.document import Column, Facts, Section, Table, paragraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from prooftrail.reports.admin_roster import Change, Held
    from prooftrail.reports.admin_tally import Tally

LISTED: Final = 100
LOGINS: Final = "action:auth.login.success"


_GIVEN: Final = (
    "Roles are given by admin.user.create, admin.role.change and"
    " prooftrail.person.accept; they end with another role, or with the account. What"
    " permissions give beside roles is under access that was given."
)


class Login(NamedTuple):
    """A login of an account that is a machine's."""

    us: int
    account: str
    kind: str  # service or system
    source: str
    stream: str
    seq: int
    event_id: str

    @property
    def entry(self) -> str:
        """Which entry it is."""
        return f"{self.stream} {self.seq:,}"


class Logins:
    """What was found among logins."""

    def __init__(self, items: Iterable[Mapping[str, Any]]) -> None:
        self.read = 0
        self.n = 0
        self.newest: list[Login] = []
        for item in items:
            self.read += 1
            actor = mapping(item.get("actor"))
            kind = text(actor.get("type"))
            if kind not in MACHINES:
                continue
            self.n += 1
            if len(self.newest) < LISTED:
                self.newest.append(
                    Login(
                        instants.microseconds(str(item["timestamp"])),
                        text(actor.get("userId")) or "(nobody named)",
                        str(kind),
                        text(actor.get("ipAddress")) or text(actor.get("host")) or "",
                        str(item["stream"]),
                        int(item["seq"]),
                        str(item["eventId"]),
                    )
                )


def population(
    held: Sequence[Held],
    tally: Tally,
    since_us: int | None,
    until_us: int | None,
) -> Section:
    """Return who held it and who acted.

    Args:
        held: in the period.
        tally: of the period.
        since_us: its beginning.
        until_us: its end.
    """
    joined = sum(_lies(one.since, since_us, until_us) for one in held)
    left = sum(_lies(one.until, since_us, until_us) for one in held)
    accounts = {one.account for one in held}
    unknown = {account for (account, _), one in tally.acted.items() if one.ungranted}
    facts = Facts(
        (
            ("Accounts that held one", f"{len(accounts):,}"),
            ("Roles given in the period", f"{joined:,}"),
            ("Roles that ended in it", f"{left:,}"),
            ("Accounts that acted by one", f"{len({a for a, _ in tally.acted}):,}"),
            ("of these at times when no entry gave it", f"{len(unknown):,}"),
        )
    )
    names = ", ".join(sorted(ADMINISTRATORS))
    return Section(
        "Who held an administrative role, and who acted by one",
        (
            facts,
            _held(held),
            _acted(tally),
            paragraph(f"Administrative are, by their name: {names}.", _GIVEN),
        ),
    )


def _held(held: Sequence[Held]) -> Table:
    rows = tuple(
        (
            short(one.account),
            short(one.role),
            "" if one.since is None else second(one.since.us),
            "no entry says" if one.since is None else _by(one.since),
            "" if one.until is None else second(one.until.us),
            "still held" if one.until is None else _by(one.until),
        )
        for one in held[:LISTED]
    )
    columns = (
        Column("Account", share=1.2),
        Column("Role", share=0.8),
        Column("Given", "time", 1.2),
        Column("By which entry", share=1.4),
        Column("Ended", "time", 1.2),
        Column("By which entry", share=1.4),
    )
    caption = "Held in the period."
    if len(held) > len(rows):
        caption = f"The first {len(rows):,} of {len(held):,}."
    return Table(columns, rows, "No entry gives an administrative role.", caption)


def _acted(tally: Tally) -> Table:
    several = sorted(tally.acted.items(), key=lambda one: (-one[1].n, one[0]))
    rows = tuple(
        (
            short(account),
            short(role),
            f"{one.n:,}",
            f"{one.ungranted:,}",
            second(one.first.us),
            second(one.last.us),
            one.last.entry,
        )
        for (account, role), one in several[:LISTED]
    )
    columns = (
        Column("Account", share=1.2),
        Column("Role", share=0.8),
        Column("Actions", "number", 0.7),
        Column("Without a grant", "number", 0.8),
        Column("First", "time", 1.2),
        Column("Last", "time", 1.2),
        Column("Last entry", share=0.9),
    )
    caption = "Acted by such a role; without a grant: when no entry read here gave it."
    if len(several) > len(rows):
        caption += f" Those {len(rows):,} of {len(several):,} with most actions."
    return Table(columns, rows, "Nobody acted by an administrative role.", caption)


def machines(tally: Tally, logins: Logins) -> Section:
    """Return what service accounts did as people do."""
    found = [
        (one.us, one.account, one.kind, "auth.login.success", one.source, one.entry)
        for one in logins.newest
    ]
    found += [
        (one.us, one.who, one.actor_type or "", one.action, "", one.entry)
        for one in tally.listed.get("interactive", ())
    ]
    rows = tuple(
        (second(us), short(account), *rest) for us, account, *rest in sorted(found)
    )
    columns = (
        Column("Time", "time", 1.2),
        Column("Account", share=1.4),
        Column("Type", share=0.7),
        Column("Action", share=1.5),
        Column("From", "code", 1.2),
        Column("Entry", share=0.8),
    )
    told = paragraph(
        f"{counted(logins.read, 'login')} of the period were read; {logins.n:,} of",
        "them are by accounts that the event calls a service or the system. Actions of",
        "administration count where such an actor has a session:",
        f"{tally.of['interactive']:,}.",
    )
    return Section(
        "Service accounts that were used interactively",
        (Table(columns, rows, "None was, as far as events say."), told),
    )


def _by(change: Change) -> str:
    by = f", by {short(change.by)}" if change.by else ""
    return f"{change.entry}{by}"


def _lies(change: Change | None, since_us: int | None, until_us: int | None) -> bool:
    return (
        change is not None
        and (since_us is None or since_us <= change.us)
        and (until_us is None or change.us < until_us)
    )
