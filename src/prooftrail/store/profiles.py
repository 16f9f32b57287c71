"""Figures of all that answers a question, by whom and what: as the reader.

Guarantees: exact, over the whole of what answers and of what the asker may see, as of
the moment that is named; the first and the last time of each value. Of each column the
most frequent values are given, and how many there are: what comes back stays small.

Does not: take the same time for everybody. Each event that answers is looked at once,
and the statement timeout bounds that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, get_args

from prooftrail.store import searching
from prooftrail.store.asking import query
from prooftrail.store.counting import Counting
from prooftrail.store.figures import Whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Question

By: TypeAlias = Literal["action", "role", "actor", "result", "ip", "pii"]

_COLUMNS: Final[tuple[By, ...]] = get_args(By)
_ALL: Final = 2 ** len(_COLUMNS) - 1
_OF: Final = {
    _ALL ^ (1 << (len(_COLUMNS) - 1 - at)): column for at, column in enumerate(_COLUMNS)
}


class Counted(NamedTuple):
    """Events, and when the first and the last of them happened."""

    n: int
    first_us: int
    last_us: int


class Profile(NamedTuple):
    """What was counted."""

    total: Counted | None  # None: nothing answers
    values: Mapping[By, Mapping[str, Counted]]  # the most frequent first
    wholes: Mapping[By, Whole]


def read(
    connection: Connection, question: Question, as_of: Mapping[int, int], most: int
) -> Profile:
    """Return the figures of what answers a question.

    Args:
        connection: inside `Readers.reading`.
        question: what is asked.
        as_of: the newest seq of each stream that counts.
        most: values of a column, at most.
    """
    asked = Counting(searching.begin(connection, question, workers=2), as_of)
    total: Counted | None = None
    values: dict[By, dict[str, Counted]] = {one: {} for one in _COLUMNS}
    wholes: dict[By, Whole] = dict.fromkeys(_COLUMNS, Whole(0, 0))
    if asked.streams:
        statement = query("profile", rows=asked.rows(), most=asked.values(most))
        rows = connection.execute(statement, asked.values, prepare=False).fetchall()
        for of, value, count, first, last, kinds, valued in rows:
            if not count:
                continue  # in all: nothing
            counted = Counted(int(str(count)), int(str(first)), int(str(last)))
            if of == _ALL:
                total = counted
            elif value is not None:
                column = _OF[int(str(of))]
                values[column][str(value)] = counted
                wholes[column] = Whole(int(str(kinds)), int(str(valued)))
    return Profile(total, values, wholes)
