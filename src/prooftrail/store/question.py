"""What a search asks of the log, as data.

Guarantees: a question says what must hold of the searched columns and nothing of how
they are found; each match is what an index can serve (an exact value, a span in "C"
order, a span of addresses), a `Pattern` alone being looked at row by row within its
span. Conditions are looked at row by row, in what the terms and the period leave.
Every condition is true or false of an entry: a column without a value matches nothing,
and what does not hold is what its `Not` finds. What the asker may see is not in a
question: row-level security decides that.

Does not: know how people write questions (`search` reads those).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

Column: TypeAlias = Literal[
    "actor",
    "role",
    "action",
    "resource",
    "resource_type",
    "result",
    "ip",
    "pii",
    "authorization",
]

# On whose authority something was done; each event has one answer (`store.authority`).
Answer: TypeAlias = Literal["authorised", "break-glass", "denied", "unexplained"]
ANSWERS: Final[tuple[Answer, ...]] = get_args(Answer)


class Exactly(NamedTuple):
    """The column has this value, as projected (folded where the projection folds)."""

    value: str | bool


class Span(NamedTuple):
    """low <= column < high, by code points ("C"); no end where `high` is None."""

    low: str
    high: str | None


class Pattern(NamedTuple):
    """The column lies in `span` and is LIKE `like` (escape character: backslash)."""

    span: Span
    like: str


class Network(NamedTuple):
    """first <= address <= last, both as text; of one family."""

    first: str
    last: str


Match: TypeAlias = Exactly | Span | Pattern | Network


class Term(NamedTuple):
    """One of the matches holds of a column.

    `resource` is an id: it holds of an entry whose resource_id is it, and of an event
    that has it among its subjects, in whichever of its entries. `authorization` is the
    answer to on whose authority it was done.
    """

    column: Column
    matches: tuple[Match, ...]


class Within(NamedTuple):
    """The event's own time lies in [from_us, to_us); no end where one is None."""

    from_us: int | None
    to_us: int | None


# No tuples: any of some would equal all of them.
@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the conditions holds; none does where there is none."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of the conditions hold; they do where there is none."""

    conditions: tuple[Condition, ...]


Condition: TypeAlias = Term | Within | Not | AnyOf | AllOf


class Question(NamedTuple):
    """All terms and conditions hold, and the event's time lies in [from_us, to_us).

    What every answer has to have stands in `terms` and the period, which indexes serve.
    """

    terms: tuple[Term, ...] = ()
    from_us: int | None = None
    to_us: int | None = None
    streams: tuple[int, ...] | None = None  # their numbers; None: all that one may see
    conditions: tuple[Condition, ...] = ()


class Position(NamedTuple):
    """Where a list has come to: newest event time first, then by seq and stream."""

    occurred_us: int
    seq: int
    stream: int


class Found(NamedTuple):
    """An entry that was found, as stored."""

    stream: int
    seq: int
    recorded_us: int
    kind: int
    prev: bytes
    leaf: bytes
    event: bytes | None  # None once it is redacted
    event_id: bytes
    occurred_us: int
    action: str
    result: str
    continues: bytes | None  # the event of which this entry is a part, 16 bytes
    authority: Answer  # on whose authority it was done (`store.authority`)
