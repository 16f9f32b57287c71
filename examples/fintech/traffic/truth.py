"""What must be in the log: written from the plan, before anybody looks there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Expected(NamedTuple):
    """An event that a step leaves."""

    action: str
    result: str = "success"
    actor: str | None = None  # None: nobody is known
    resource: str | None = None
    subjects: int = 0  # how many customers beside the resource


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

    def add(self, expected: Iterable[Expected]) -> None:
        """Add what a step leaves."""
        for one in expected:
            self.events[one.action, one.result] += 1
            self.actors[one.actor or "anonymous"] += 1
            if one.resource is not None and one.resource.startswith("cust_"):
                self.seen[one.resource] += 1

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
        }
