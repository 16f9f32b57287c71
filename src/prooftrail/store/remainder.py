"""What a question leaves out, where days know nearly all of it.

Guarantees: what `split` gives as `whole` and not as `rest` is what the question finds:
figures of the question are those of the whole, less those of the rest.

Source: measured, see `bench/README.md`: what only entries know ("by anybody but him")
is looked at in every entry; days answer the whole, and the rest is little, or an index
gives it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from prooftrail.store import branching, days, searching
from prooftrail.store.asking import query
from prooftrail.store.counting import Counting
from prooftrail.store.question import AllOf, AnyOf, Not, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Column, Condition, Question


class Split(NamedTuple):
    """A question as two."""

    whole: Question  # days know it
    rest: Question  # what of that does not answer


class Counts(NamedTuple):
    """What there is of a rest."""

    hours: Counter[tuple[int, str]]  # hours since the epoch, and result
    values: Mapping[Column, Counter[str]]  # of columns that days know
    others: dict[tuple[str | None, str | None], int]  # actors with types of resource


NOTHING: Final = Counts(Counter(), {}, {})
_OF: Final[Mapping[int, Column]] = {
    0b10111: "action",
    0b11011: "role",
    0b11101: "pii",
}


def split(question: Question) -> Split | None:
    """Return a question as two.

    None: days know all of it, or not enough, or an index gives what it finds.
    """
    if branching.is_led(question) or not days.are_enough(question):
        return None
    known = question._replace(terms=(), conditions=())
    unknown: list[Condition] = []
    for one in (*question.terms, *question.conditions):
        if days.know(one):
            known = _and(known, one)
        else:
            unknown.append(one)
    if not unknown:
        return None
    left = tuple(map(_negated, unknown))
    return Split(known, _and(known, left[0] if len(left) == 1 else AnyOf(left)))


def is_little(
    connection: Connection, parts: Split, question: Question, as_of: Mapping[int, int]
) -> bool:
    """Return whether PostgreSQL expects far less of the rest than of the answer."""
    rest, answer = (_expected(connection, one, as_of) for one in (parts.rest, question))
    return 2 * rest < answer


def read(connection: Connection, rest: Question, as_of: Mapping[int, int]) -> Counts:
    """Count a rest.

    Args:
        connection: inside `Readers.reading`.
        rest: what does not answer.
        as_of: the newest seq of each stream that counts.
    """
    asked = Counting(searching.begin(connection, rest, workers=2), as_of)
    if not asked.is_gathered:
        connection.execute(query("figures_begin"))
    statement = query("figures_less", rows=asked.rows())
    counted = Counts(Counter(), {one: Counter() for one in _OF.values()}, {})
    rows = connection.execute(statement, asked.values, prepare=False)
    for of, hour, result, value, actor, kind, count in cast("Iterable[Any]", rows):
        if hour is not None:
            counted.hours[hour, result] = count
        elif of not in _OF:
            counted.others[actor, kind] = count
        elif value is not None:
            counted.values[_OF[of]][value] = count
    return counted


def _expected(
    connection: Connection, question: Question, as_of: Mapping[int, int]
) -> float:
    asked = Counting(question, as_of)
    statement = query("figures_expected", rows=asked.rows())
    row = connection.execute(statement, asked.values, prepare=False).fetchone()
    [told] = cast("tuple[list[dict[str, dict[str, float]]]]", row)
    return told[0]["Plan"]["Plan Rows"]


def _and(question: Question, condition: Condition) -> Question:
    """Return a question with one more condition; indexes serve what stands in terms."""
    match condition:
        case Term():
            return question._replace(terms=(*question.terms, condition))
        case AllOf(several):
            for one in several:
                question = _and(question, one)
            return question
        case _:
            return question._replace(conditions=(*question.conditions, condition))


def _negated(condition: Condition) -> Condition:
    match condition:
        case Not(inner):
            return inner
        case AnyOf(several):
            return AllOf(tuple(map(_negated, several)))
        case _:
            return Not(condition)
