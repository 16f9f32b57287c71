"""All that answers a question, as pieces of statements that count it.

Guarantees: each event is in it once, whichever of the question's branches find it.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from prooftrail.store import branching
from prooftrail.store.asking import ALL, Asked, Values, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import sql

    from prooftrail.store.question import Question


class Counting:
    """A question to be counted.

    Args:
        question: what is asked, for the period that the asker may see.
        as_of: the newest seq of each stream that counts.
        values: of the statement that the pieces become part of.
    """

    def __init__(
        self,
        question: Question,
        as_of: Mapping[int, int],
        values: Values | None = None,
    ) -> None:
        self.values = Values() if values is None else values
        self._branches = [
            Asked(one, as_of, None, self.values, touched=ALL)
            for one in branching.of(question)
        ]

    @property
    def streams(self) -> tuple[int, ...]:
        """Streams that have anything to count."""
        return tuple(self._branches[0].lasts)

    @property
    def is_gathered(self) -> bool:
        """Whether it is found in several places, each by an index of its own."""
        return len(self._branches) > 1 or self._branches[0].is_keyed

    def keys(self) -> sql.Composed:
        """Return the keys of all events."""
        return reduce(_union, (one.keys() for one in self._branches))

    def rows(self) -> sql.Composed:
        """Return what is counted of each event."""
        return reduce(_union, (one.rows() for one in self._branches))


def _union(one: sql.Composed, other: sql.Composed) -> sql.Composed:
    return query("search_union", own=one, touched=other)
