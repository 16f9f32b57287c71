"""A population read from the log, and a sample of it.

Guarantees: the population is every event that answers, as of one moment, as the reader,
or none of it where there are more than `MOST`; what was drawn follows from it, the seed
and the number alone (`sampling`). Each draw knows which were made before it (`draws`).

Source: `spec/sampling.md`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from prooftrail.core import instants
from prooftrail.errors import EventError, FormatError, QuestionError
from prooftrail.sampling import drawing, population
from prooftrail.sampling.population import Member
from prooftrail.search import draws, parameters
from prooftrail.store import searching, streams
from prooftrail.store.question import Position

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prooftrail.sampling.drawing import Draw
    from prooftrail.search.draws import Earlier
    from prooftrail.search.parameters import Filters
    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Found, Question

MOST: Final = 1_000_000  # members of a population
MOST_DRAWN: Final = 1_000
NAMES: Final = ("n", "seed", "by_month")  # of parameters
BOTH: Final = "a sample takes both: n, how many, and seed, the auditor's own words"
_PAGE: Final = 2_000


class Wanted(NamedTuple):
    """What an auditor asks for."""

    seed: str
    n: int
    by_month: bool = False


class Population(NamedTuple):
    """All that answers a query."""

    members: list[Member]  # in the listing's order
    listing: bytes
    digest: str  # "sha256:" and 64 hex
    names: Mapping[bytes, str]  # of streams, by id

    @property
    def size(self) -> int:
        """N."""
        return len(self.members)

    @property
    def counts(self) -> Counter[str]:
        """How many members each stream has, by its name."""
        return Counter(self.names[one.stream_id] for one in self.members)


class Drawn(NamedTuple):
    """A sample, and what it is of."""

    wanted: Wanted
    query: str  # whose answers are the population, as it was understood
    population: Population
    draws: Sequence[Draw]  # in their order
    before: Sequence[Earlier]  # of this population, the newest first
    others: Sequence[Earlier]  # of the same query, when others answered it
    more: bool  # whether older draws were not looked at

    @property
    def number(self) -> int:
        """Which draw of this population it is, from 1, as far as the reader sees."""
        return len(self.before) + 1

    def items(self) -> Iterator[tuple[Draw, Member, str]]:
        """Yield each draw, the member, and the name of its stream."""
        found = self.population
        for one in self.draws:
            member = found.members[one.position]
            yield one, member, found.names[member.stream_id]


def wanted(seed: str, n: int, *, by_month: bool = False) -> Wanted:
    """Understand what is asked for.

    Raises:
        QuestionError: it is no seed, or as many are not drawn at once.
    """
    try:
        drawing.check_seed(seed)
    except FormatError as error:
        raise QuestionError(f"seed: {error}") from error
    if not 1 <= n <= MOST_DRAWN:
        raise QuestionError(f"n: 1 to {MOST_DRAWN:,} entries are drawn at once")
    return Wanted(seed, n, by_month)


def query(asked: Filters, base: str = "") -> str:
    """Return what makes a population, in one line: the same for the same question."""
    told = [
        f"{name}:{value}"
        for name, values in sorted(asked.told.items())
        if name != "q"
        for value in (values if isinstance(values, list) else [values])
    ]
    return " ".join(filter(None, [base, asked.query, *told]))


def draw(
    connection: Connection,
    question: Question,
    by: Wanted,
    said: str,
    readable: Mapping[str, int],
) -> Drawn:
    """Read the population, and draw from it.

    Args:
        connection: inside `Readers.reading`.
        question: what the population answers.
        by: seed and number.
        said: the question in one line (`query`).
        readable: streams that the asker may read, by name.

    Raises:
        QuestionError: there are more than `MOST`.
        FormatError: an entry that no listing can have: somebody altered it.
    """
    found = read(connection, question, readable)
    if by.by_month:
        chosen = drawing.draw_by_month(by.seed, found.members, by.n)
    else:
        chosen = drawing.draw(by.seed, found.size, by.n)
    before = draws.before(connection, question, found.digest, said, readable)
    return Drawn(by, said, found, chosen, *before)


def read(
    connection: Connection, question: Question, readable: Mapping[str, int]
) -> Population:
    """Return the population that answers a question.

    Raises:
        QuestionError: there are more than `MOST`.
        FormatError: an entry that no listing can have: somebody altered it.
    """
    ids = {one.number: one.stream_id for one in streams.read(connection)}
    names = {ids[number]: name for name, number in readable.items() if number in ids}
    members = [
        Member(ids[one.stream], one.seq, one.leaf, _time(one))
        for one in _every(connection, question)
    ]
    members.sort()
    listing = population.listing(members)
    return Population(members, listing, population.digest(listing), names)


def _every(connection: Connection, question: Question) -> Iterator[Found]:
    as_of = searching.ends(connection)
    if question.streams is not None:
        as_of = {one: as_of[one] for one in question.streams if one in as_of}
    before, n = None, 0
    while True:
        page = searching.page(connection, question, as_of, before, _PAGE)
        yield from page
        n += len(page)
        if n > MOST:
            raise QuestionError(
                f"more than {MOST:,} events answer: ask for a shorter time, and draw"
                " from each part by a seed of its own"
            )
        if len(page) < _PAGE and not searching.is_cut(page):
            return
        last = page[-1]
        before = Position(last.occurred_us, last.seq, last.stream)


class _Stated(msgspec.Struct):
    timestamp: str | None = None


_STATED: Final = msgspec.json.Decoder(_Stated)


def _time(found: Found) -> str:
    """Return an event's time as it spells it; as projected, where it says none."""
    try:
        told = _stated(found.event or b"")
        return instants.text(found.occurred_us) if told is None else told
    except EventError as error:
        raise FormatError(
            f"entry {found.seq} says a time that no event has: the log was altered. Run"
            " prooftrail verify"
        ) from error


def _stated(event: bytes) -> str | None:
    """Return the time that an event spells; None of one redacted, or altered."""
    try:
        told = _STATED.decode(event).timestamp
        if told is not None:
            instants.microseconds(told)
    except (msgspec.DecodeError, EventError, UnicodeDecodeError):
        return None
    return told


class Record(NamedTuple):
    """The event of a draw, as `viewing.record` takes it."""

    details: dict[str, object]
    each: dict[str, dict[str, object]]
    resource: dict[str, object]


def record(drawn: Drawn, asked: Filters, names: Sequence[str]) -> Record:
    """Return what is told of a draw, in each stream that was read.

    Args:
        drawn: the draw.
        asked: by which filters.
        names: of the streams.
    """
    counts = drawn.population.counts
    digest = drawn.population.digest
    return Record(
        {
            "filters": asked.told,
            "query": drawn.query,
            "digest": digest,
            "seed": drawn.wanted.seed,
            "n": drawn.wanted.n,
            "by_month": drawn.wanted.by_month,
            "draw": drawn.number,
        },
        {name: {"population": counts[name]} for name in names},
        {"type": "population", "id": digest},
    )


def given(values: Mapping[str, str]) -> Wanted | None:
    """Understand `n`, `seed` and `by_month` among parameters; None: no sample.

    Raises:
        QuestionError: one is missing, or is none.
    """
    if not set(NAMES) & set(values):
        return None
    if "seed" not in values or "n" not in values:
        raise QuestionError(BOTH)
    if (by_month := values.get("by_month", "no")) not in {"yes", "no"}:
        raise QuestionError("by_month: write yes or no")
    return wanted(
        values["seed"],
        parameters.whole("n", values["n"], 1, MOST_DRAWN),
        by_month=by_month == "yes",
    )
