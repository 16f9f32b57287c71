"""Figures by the log's counts of days: what they answer, no entry is read for.

Guarantees: exactly what the entries give, as of the same moment: the trigger that lets
an entry into the log counts its day in the same transaction, and a period's parts of
days are counted by their entries. Row-level security opens a day that lies in the
asker's period as a whole. Verification compares each day's counts with the entries.

Does not: know actors, types of resource, addresses or hours.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from psycopg import sql

from prooftrail.store import asking
from prooftrail.store.asking import Values, query
from prooftrail.store.counting import Counting
from prooftrail.store.question import AllOf, AnyOf, Not, Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Column, Condition, Question

HOURS: Final = 24
FEWEST: Final = 10  # days: fewer are told by their hours
DAY_US: Final = 86_400_000_000

_COLUMNS: Final[tuple[Column, ...]] = ("action", "role", "pii")
_OF: Final[Mapping[int, Column]] = {0b1011: "action", 0b1101: "role", 0b1110: "pii"}
_KNOWN: Final = frozenset({*_COLUMNS, "result"})
_FIRST, _END = -(2**31), 2**31 - 1  # of all days


class Days(NamedTuple):
    """What was counted."""

    hours: Counter[tuple[int, str]]  # by the first hour of a day, and result
    values: Mapping[Column, Counter[str]]


def read(
    connection: Connection, question: Question, as_of: Mapping[int, int]
) -> Days | None:
    """Return what days have, or None where days do not answer the question.

    Args:
        connection: inside `Readers.reading`.
        question: what is asked, for the period that the asker may see.
        as_of: the newest seq of each stream, as of the same moment.
    """
    if not all(map(know, (*question.terms, *question.conditions))):
        return None
    if not are_enough(question):
        return None
    first, end = _whole(question)
    bound = Values()
    pieces = [_daily(question, as_of, bound, first, end)]
    for part in _parts(question, first, end):
        rows = Counting(part, as_of, bound).rows()
        pieces.append(query("figures_part", rows=rows))
    statement = query("figures_days", rows=sql.SQL(" union all ").join(pieces))
    hours: Counter[tuple[int, str]] = Counter()
    values: dict[Column, Counter[str]] = {one: Counter() for one in _COLUMNS}
    for of, hour, result, value, count in connection.execute(
        statement, bound, prepare=False
    ):
        if hour is not None:
            hours[first_hour(int(str(hour))), str(result)] += int(str(count))
        elif value is not None:
            values[_OF[int(str(of))]][str(value)] = int(str(count))
    found = [hour for hour, _ in hours]
    if found and max(found) - min(found) < FEWEST * HOURS:
        return None
    return Days(hours, values)


def are_enough(question: Question) -> bool:
    """Return whether a period has as many whole days as are told by days."""
    first, end = _whole(question)
    return end - first >= FEWEST


def first_hour(hour: int) -> int:
    """Return the first hour of an hour's day."""
    return hour - hour % HOURS


def know(condition: Condition) -> bool:
    """Return whether days know a condition."""
    match condition:
        case Term(column):
            return column in _KNOWN
        case Not(inner):
            return know(inner)
        case AllOf(several) | AnyOf(several):
            return all(map(know, several))
        case _:
            return False


def _whole(question: Question) -> tuple[int, int]:
    """Return the first day that the period has whole, and the one after the last."""
    from_us, to_us = question.from_us, question.to_us
    first = _FIRST if from_us is None else max(-(-from_us // DAY_US), _FIRST)
    end = _END if to_us is None else min(to_us // DAY_US, _END)
    return first, end


def _daily(
    question: Question,
    as_of: Mapping[int, int],
    bound: Values,
    first: int,
    end: int,
) -> sql.Composed:
    always = question._replace(from_us=None, to_us=None)
    return query(
        "figures_daily",
        streams=bound(list(Counting(question, as_of).streams)),
        first=bound(first),
        end=bound(end),
        conditions=asking.entry(always, bound),
    )


def _parts(question: Question, first: int, end: int) -> Iterator[Question]:
    """Return the question for what its period has of the days at its ends."""
    from_us, to_us = question.from_us, question.to_us
    if from_us is not None and from_us < first * DAY_US:
        yield question._replace(to_us=first * DAY_US)
    if to_us is not None and end * DAY_US < to_us:
        yield question._replace(from_us=end * DAY_US)
