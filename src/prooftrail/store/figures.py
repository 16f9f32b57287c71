"""Figures of the events that answer a question: by hour, and by value; as the reader.

Guarantees: what is counted is what `searching.counts` counts, as of the same moment and
under the same row-level security: the hours add up to all of it. Of each column the
most frequent values are given; an event without a value counts for none.

Source: measured, see `bench/README.md`: days that are counted already (`days`) leave
two columns to be counted by the entries, in an index; what nearly all of that answers
is all of it less what does not (`remainder`); anything else is one pass.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.store import days, files, remainder, searching
from prooftrail.store.asking import query
from prooftrail.store.counting import Counting

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


_REST: Final[Mapping[int, Column]] = {0b01: "actor", 0b10: "resource_type"}


class Whole(NamedTuple):
    """What a column has, beyond its most frequent values."""

    kinds: int  # values
    valued: int  # events that have one


class Figures(NamedTuple):
    """What was counted."""

    hours: dict[tuple[int, str], int]  # hours since the epoch, and result
    values: dict[Column, list[tuple[str, int]]]  # the most frequent first
    wholes: Mapping[Column, Whole] = MappingProxyType({})
    step: int = 1  # hours: where it is more, an hour stands for so many


def read(connection: Connection, question: Question, most: int = MOST) -> Figures:
    """Return the figures of what answers a question at present.

    Args:
        connection: inside `Readers.reading`.
        question: what is asked.
        most: values of a column, at most.
    """
    as_of = searching.ends(connection)
    begun = searching.begin(connection, question, workers=2)
    asked = Counting(begun, as_of)
    if not asked.streams:
        return Figures({}, {})
    whole, less = begun, remainder.NOTHING
    parts = remainder.split(begun)
    if parts is not None and remainder.is_little(connection, parts, begun, as_of):
        less = remainder.read(connection, parts.rest, as_of)
        whole = searching.begin(connection, parts.whole, workers=2)
    if not asked.is_gathered:  # else joins would read the log, and not its indexes
        connection.execute(files.query("figures_begin"))
    counted = days.read(connection, whole, as_of)
    if counted is None:
        return _of_entries(connection, asked, most)
    values, wholes = _of_rest(connection, Counting(whole, as_of), most, less.others)
    for column, each in counted.values.items():
        each.subtract(less.values.get(column, {}))
        left = +each
        if left:
            ranked = sorted(left.items(), key=lambda one: (-one[1], one[0]))
            values[column] = ranked[:most]
            wholes[column] = Whole(len(ranked), left.total())
    hours = counted.hours
    for (hour, result), count in less.hours.items():
        hours[days.first_hour(hour), result] -= count
    return Figures(dict(+hours), values, wholes, days.HOURS)


def _of_entries(connection: Connection, asked: Counting, most: int) -> Figures:
    """Count everything by the entries, in one pass."""
    wholes: dict[Column, Whole] = {}
    found = Figures({}, {}, wholes)
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


def _of_rest(
    connection: Connection,
    asked: Counting,
    most: int,
    less: Mapping[tuple[str | None, str | None], int],
) -> tuple[dict[Column, list[tuple[str, int]]], dict[Column, Whole]]:
    """Count what days do not know, less what is no answer."""
    values: dict[Column, list[tuple[str, int]]] = {}
    wholes: dict[Column, Whole] = {}
    statement = query(
        "figures_rest",
        rows=asked.rows(),
        actors=asked.values([actor for actor, _ in less]),
        types=asked.values([kind for _, kind in less]),
        counts=asked.values(list(less.values())),
        most=asked.values(most),
    )
    rows = connection.execute(statement, asked.values, prepare=False).fetchall()
    for of, value, count, kinds, valued in rows:
        if value is not None:
            column = _REST[int(str(of))]
            values.setdefault(column, []).append((str(value), int(str(count))))
            wholes[column] = Whole(int(str(kinds)), int(str(valued)))
    return values, wholes
