"""On whose authority data was touched: four answers that add up to all of them.

Guarantees: pure and total; each event has exactly one answer. Denied is what was
refused, by its result or by the decision that it states; break-glass what was allowed
by that alone; authorised what states any other decision to allow; unexplained is the
rest: nothing says on whose authority it was done.

Does not: know whether what an event states is true, or the rule a good one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, get_args

from prooftrail.console import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Answer: TypeAlias = Literal["authorised", "break-glass", "denied", "unexplained"]
ANSWERS: Final[tuple[Answer, ...]] = get_args(Answer)


class Person(NamedTuple):
    """Somebody who touched data, and how often on which authority."""

    id: str
    name: str  # as the newest event has it
    role: str
    last: str  # the newest event's date
    counts: Mapping[Answer, int]

    @property
    def total(self) -> int:
        """How often in all."""
        return sum(self.counts.values())


def answer(item: Mapping[str, Any]) -> Answer:
    """Return on whose authority an event was done.

    >>> answer({"result": "success", "authorization": {"basis": "role",
    ...         "decision": "allowed"}})
    'authorised'
    >>> answer({"result": "success"})
    'unexplained'
    """
    stated = sentences.mapping(item.get("authorization"))
    if item.get("result") == "denied" or stated.get("decision") == "denied":
        return "denied"
    if stated.get("basis") == "break_glass":
        return "break-glass"
    return "authorised" if stated.get("decision") == "allowed" else "unexplained"


def totals(items: Iterable[Mapping[str, Any]]) -> dict[Answer, int]:
    """Return how many events have each answer; all four are there."""
    found = Counter(map(answer, items))
    return {one: found[one] for one in ANSWERS}


def people(items: Iterable[Mapping[str, Any]]) -> list[Person]:
    """Return who touched data, whoever did most often first.

    Args:
        items: the newest first.
    """
    rows: dict[str, sentences.Row] = {}
    counts: dict[str, Counter[Answer]] = {}
    for item in items:
        row = sentences.row(item)
        rows.setdefault(row.actor_id, row)
        counts.setdefault(row.actor_id, Counter())[answer(item)] += 1
    found = [
        Person(who, row.who or who, row.role, row.date, counts[who])
        for who, row in rows.items()
    ]
    return sorted(found, key=lambda one: (-one.total, one.id))
