"""Who did what answers a question, and on whose authority; as the reader.

Guarantees: what is counted is what `searching.counts` counts, as of the same moment and
under the same row-level security. Each event has one of four answers, so that they add
up to all. Denied is what was refused, by its result or by the decision that it states;
break-glass what was allowed by that alone; authorised what states any other decision to
allow; unexplained is the rest: nothing says on whose authority it was done. The answer
is a projection: no event is read.

Does not: know whether what an event states is true, or the rule a good one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from prooftrail.store import searching
from prooftrail.store.asking import query
from prooftrail.store.counting import Counting
from prooftrail.store.question import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Answer, Question

MOST: Final = 1_000  # actors


class Actor(NamedTuple):
    """Somebody who did some of it."""

    id: str | None  # None: the events name nobody
    counts: Mapping[Answer, int]
    last_us: int  # the time of the newest of them

    @property
    def total(self) -> int:
        """How many he did."""
        return sum(self.counts.values())


class Authority(NamedTuple):
    """What was counted."""

    counts: Mapping[Answer, int]  # of all, actors that are not given among them
    actors: tuple[Actor, ...]  # whoever did most first
    others: int  # how many further actors there are

    @property
    def total(self) -> int:
        """How many events answer the question."""
        return sum(self.counts.values())


def read(
    connection: Connection,
    question: Question,
    as_of: Mapping[int, int],
    most: int = MOST,
) -> Authority:
    """Return who did what answers a question.

    Args:
        connection: inside `Readers.reading`.
        question: what is asked.
        as_of: the newest seq of each stream that counts.
        most: actors, at most.
    """
    asked = Counting(searching.begin(connection, question, workers=2), as_of)
    if not asked.streams:
        return Authority(_counts((0, 0, 0, 0)), (), 0)
    statement = query("authority", rows=asked.rows(), most=asked.values(most))
    rows = cast(
        "list[Any]",
        connection.execute(statement, asked.values, prepare=False).fetchall(),
    )
    if not rows:
        return Authority(_counts((0, 0, 0, 0)), (), 0)
    actors = tuple(Actor(row[0], _counts(row[1:5]), int(row[5])) for row in rows)
    return Authority(_counts(rows[0][7:11]), actors, int(rows[0][6]) - len(actors))


def _counts(numbers: Sequence[int]) -> dict[Answer, int]:
    return dict(zip(ANSWERS, map(int, numbers), strict=True))
