"""Actions of administration, counted: by type, by kind and day, by who did them.

Guarantees: one pass, the newest first. Each event counts once by action and once by
day; what is listed by itself is at most `LISTED` of a kind, the newest.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.core import instants
from prooftrail.reports import admin_acts as acts
from prooftrail.reports import admin_kinds as kinds
from prooftrail.reports.admin_roster import is_administrative
from prooftrail.reports.counting import KEPT, LONGEST, Counting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from prooftrail.grants.segregation import Failure
    from prooftrail.reports.admin_acts import Act
    from prooftrail.reports.admin_roster import Roster
    from prooftrail.reports.admin_window import Window
    from prooftrail.store.question import Answer

LISTED: Final = 50
DAY_US: Final = instants.DAY
# parts of a day's column, from the bottom
RIGHTS, CHANGES, EMERGENCIES, REFUSED = range(4)
_PARTS: Final = {
    kinds.CONFIGURATION: CHANGES,
    kinds.LOGGING: CHANGES,
    kinds.GLASS: EMERGENCIES,
    kinds.IMPERSONATION: EMERGENCIES,
}
SELF: Final[tuple[Failure, ...]] = (
    "self-granted",
    "self-approved",
    "recipient-approved",
)


class Acted(NamedTuple):
    """What an account did by an administrative role."""

    n: int
    first: Act
    last: Act
    ungranted: int  # of these, when no grant of the role covers it


class Refused(NamedTuple):
    """What was refused to an account."""

    n: int
    first: Act
    last: Act


class Tally(Counting):
    """Counts events as they are shown, the newest first.

    Args:
        roster: who held which role.
        window: when changes may be made; None: nobody says.
    """

    def __init__(self, roster: Roster, window: Window | None) -> None:
        super().__init__()
        self._roster = roster
        self._window = window
        self.kinds: Counter[str] = Counter()
        self.results: Counter[str] = Counter()
        self.actions: Counter[tuple[str, str, str]] = Counter()  # kind, action, result
        self.actors: Counter[str] = Counter()
        self.targets: Counter[str] = Counter()
        self.days: Counter[tuple[int, int]] = Counter()  # day since the epoch, part
        self.fails: Counter[Failure] = Counter()
        self.grants = 0
        self.leads: list[int] = []  # microseconds, of up to `KEPT` grants
        self.acted: dict[tuple[str, str], Acted] = {}  # by account and role
        self.refused: dict[str, Refused] = {}  # by who tried
        self.listed: dict[str, list[Act]] = {}
        self.of: Counter[str] = Counter()  # how many there are of what is listed

    def add(self, item: Mapping[str, Any], answer: Answer) -> Act:
        """Count an event; return what it tells."""
        self.see(item)
        act = self._placed(acts.read(item, answer))
        self.kinds[act.kind] += 1
        self.count(self.results, act.result)
        self.count(self.actions, (act.kind, act.action[:LONGEST], act.result))
        self.count(self.actors, act.who)
        if act.target:
            self.count(self.targets, act.target)
        ended = act.result != "success"
        part = REFUSED if ended else _PARTS.get(act.kind, RIGHTS)
        self.count(self.days, (act.us // DAY_US, part))
        self._list(act)
        self._who(act)
        if act.is_grant:
            self.grants += 1
            self.fails.update(act.told.fails)
            if act.told.lead_us is not None and len(self.leads) < KEPT:
                self.leads.append(act.told.lead_us)
        return act

    def _placed(self, act: Act) -> Act:
        """Add what only others know: the grant of its role, and the window."""
        account = act.told.actor
        held = None
        if account is not None and act.role is not None:
            held = self._roster.at(account, act.role, act.us)
        outside = None
        if self._window is not None and act.is_change:
            outside = not self._window.has(act.us)
        return act._replace(held=held, outside=outside)

    def _list(self, act: Act) -> None:
        done = act.result == "success"
        for name, fits in (
            ("grants", act.is_grant),
            ("selves", act.is_grant and not set(SELF).isdisjoint(act.told.fails)),
            ("changes", act.is_change),
            (kinds.GLASS, act.kind == kinds.GLASS),
            (kinds.IMPERSONATION, act.kind == kinds.IMPERSONATION and done),
            ("interactive", act.interactive),
            ("outside", act.outside is True),
        ):
            if fits:
                self.of[name] += 1
                several = self.listed.setdefault(name, [])
                if len(several) < LISTED:
                    several.append(act)

    def _who(self, act: Act) -> None:
        if act.result != "success":
            self._refuse(act)
        account, role = act.told.actor, act.role
        if account is None or role is None or not is_administrative(role):
            return
        key = (account, role)
        before = self.acted.get(key)
        if before is None and len(self.acted) >= KEPT:
            self.cut = True
            return
        ungranted = act.held is None
        if before is None:
            self.acted[key] = Acted(1, act, act, int(ungranted))
        else:
            self.acted[key] = before._replace(
                n=before.n + 1, first=act, ungranted=before.ungranted + ungranted
            )

    def _refuse(self, act: Act) -> None:
        before = self.refused.get(act.who)
        if before is None and len(self.refused) >= KEPT:
            self.cut = True
        elif before is None:
            self.refused[act.who] = Refused(1, act, act)
        else:
            self.refused[act.who] = before._replace(n=before.n + 1, first=act)
