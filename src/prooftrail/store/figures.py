"""Figures of the events that answer a question: by hour, and by value; as the reader.

Guarantees: what is counted is what `searching.counts` counts, as of the same moment and
under the same row-level security: the hours add up to all of it. Of each column the
most frequent values are given; an event without a value counts for none.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.store import searching
from prooftrail.store.asking import Asked, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Column, Question

MOST: Final = 8  # values of a column

_COLUMNS: Final[tuple[Column, ...]] = (
    "action",
    "role",
    "actor",
    "resource_type",
    "pii",
)
_BITS: Final = len(_COLUMNS) + 1  # of grouping(), the hour's first
_ALL: Final = 2**_BITS - 1
_OF: Final = {
    _ALL ^ (1 << (_BITS - 2 - at)): column for at, column in enumerate(_COLUMNS)
}


class Whole(NamedTuple):
    """What a column has, beyond its most frequent values."""

    kinds: int  # values
    valued: int  # events that have one


class Figures(NamedTuple):
    """What was counted."""

    hours: dict[tuple[int, str], int]  # hours since the epoch, and result
    values: dict[Column, list[tuple[str, int]]]  # the most frequent first
    wholes: Mapping[Column, Whole] = MappingProxyType({})


def read(
    connection: Connection,
    question: Question,
    as_of: Mapping[int, int],
    most: int = MOST,
) -> Figures:
    """Return the figures of what answers a question.

    Args:
        connection: inside `Readers.reading`.
        question: what is asked.
        as_of: the newest seq of each stream that counts.
        most: values of a column, at most.
    """
    asked = Asked(searching.begin(connection, question, workers=2), as_of, None)
    wholes: dict[Column, Whole] = {}
    found = Figures({}, {}, wholes)
    if not asked.lasts:
        return found
    statement = query("figures", rows=asked.rows(), most=asked.values(most))
    rows = connection.execute(statement, asked.values, prepare=False).fetchall()
    for of, hour, value, count, kinds, valued in rows:
        if hour is not None:
            found.hours[int(str(hour)), str(value)] = int(str(count))
        elif value is not None:
            column = _OF[int(str(of))]
            found.values.setdefault(column, []).append((str(value), int(str(count))))
            wholes[column] = Whole(int(str(kinds)), int(str(valued)))
    return found
