"""What must be in the log: written from the plan, before anybody looks there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# what gives somebody something that he may do
GRANTS = {
    "admin.apikey.create",
    "admin.permission.grant",
    "admin.role.change",
    "admin.user.create",
}


class Expected(NamedTuple):
    """An event that a step leaves."""

    action: str
    result: str = "success"
    actor: str | None = None  # None: nobody is known
    resource: str | None = None
    glass: bool = False  # allowed by breaking the glass alone
    unexplained: bool = False  # nothing says on whose authority

    @property
    def answer(self) -> str:
        """On whose authority it was done."""
        if self.result == "denied":
            return "denied"
        if self.unexplained:
            return "unexplained"
        return "break-glass" if self.glass else "authorised"

    @property
    def personal(self) -> bool:
        """Whether it touches personal data."""
        return self.action.startswith("customer.pii.")


class Anomaly(NamedTuple):
    """Something that a detection must find, once."""

    kind: str
    since: str  # event time, RFC 3339
    until: str
    accounts: tuple[str, ...]
    addresses: tuple[str, ...]


@dataclass
class Truth:
    """All that was done."""

    seed: int
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    actors: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)  # events by customer
    anomalies: list[Anomaly] = field(default_factory=list)
    leavers: dict[str, str] = field(default_factory=dict)  # who left, and when
    # who touched personal data, and on whose authority
    personal: Counter[tuple[str, str]] = field(default_factory=Counter)
    # whose data that was, by whom, and on whose authority
    touched: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    accounts: dict[str, str] = field(default_factory=dict)  # made, or used last
    disabled: set[str] = field(default_factory=set)
    moments: set[datetime] = field(default_factory=set)  # at which something was done
    granted: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    down: list[tuple[str, str]] = field(default_factory=list)  # nothing ran meanwhile

    def add(
        self,
        expected: Iterable[Expected],
        at: datetime | None = None,
        shown: Iterable[str] = (),
    ) -> None:
        """Add what a step leaves.

        Args:
            expected: its events.
            at: when it was done.
            shown: the customers that its answer showed.
        """
        for one in expected:
            who = one.actor or "anonymous"
            self.events[one.action, one.result] += 1
            self.actors[who] += 1
            customers = set(shown)
            if one.resource is not None and one.resource.startswith("cust_"):
                self.seen[one.resource] += 1
                customers.add(one.resource)
            if one.personal:
                self.personal[who, one.answer] += 1
                self.touched.update((each, who, one.answer) for each in customers)
            if one.result == "success" and one.action in GRANTS:
                self.granted[one.action, who, one.resource or ""] += 1
            if at is not None:
                self.moments.add(at)
                self._account(one, at.isoformat())

    def _account(self, one: Expected, at: str) -> None:
        if one.result != "success":
            return
        if one.action == "admin.user.create" and one.resource is not None:
            self.accounts.setdefault(one.resource, at)
        if one.action == "admin.user.disable" and one.resource is not None:
            self.disabled.add(one.resource)
        if one.actor is not None and one.actor.startswith("usr_"):
            self.accounts[one.actor] = max(at, self.accounts.get(one.actor, at))

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "seed": self.seed,
            "total": self.events.total(),
            "events": [
                {"action": action, "result": result, "count": count}
                for (action, result), count in sorted(self.events.items())
            ],
            "actors": dict(sorted(self.actors.items())),
            "customers": dict(sorted(self.seen.items())),
            "anomalies": [one._asdict() for one in self.anomalies],
            "leavers": self.leavers,
            "personal": [
                {"actor": actor, "answer": answer, "count": count}
                for (actor, answer), count in sorted(self.personal.items())
            ],
            "accounts": dict(sorted(self.accounts.items())),
            "disabled": sorted(self.disabled),
            "granted": [
                {"action": action, "actor": actor, "to": to, "count": count}
                for (action, actor, to), count in sorted(self.granted.items())
            ],
            "down": self.down,
        }
