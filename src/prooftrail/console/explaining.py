"""On whose authority data was touched: four answers that add up to all of them.

Guarantees: pure and total; each event has exactly one answer. Denied is what was
refused, by its result or by the decision that it states; break-glass what was allowed
by that alone; authorised what states any other decision to allow; unexplained is the
rest: nothing says on whose authority it was done.

Does not: know whether what an event states is true, or the rule a good one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from prooftrail.console import sentences
from prooftrail.core import projection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Answer: TypeAlias = Literal["authorised", "break-glass", "denied", "unexplained"]
ANSWERS: Final[tuple[Answer, ...]] = get_args(Answer)


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


def by_actor(items: Iterable[Mapping[str, Any]]) -> dict[str, dict[Answer, int]]:
    """Return how many events of each actor have each answer, by his id as searched."""
    found: dict[str, dict[Answer, int]] = {}
    for item in items:
        named = sentences.text(sentences.mapping(item.get("actor")).get("userId"))
        who = named[: projection.MAX_CHARACTERS]
        found.setdefault(who, dict.fromkeys(ANSWERS, 0))[answer(item)] += 1
    return found
