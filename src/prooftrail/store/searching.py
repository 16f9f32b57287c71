"""Searching and following the log, as the reader.

Guarantees: what comes back is what row-level security lets the asker see, as of the
transaction that `Readers.reading` opened. Lists and counts are of events: an entry that
continues one is never a result of its own, and leads to its event, once. With the same
`as_of`, pages one after another give every event exactly once and `count` says how
many, whatever is sealed meanwhile, late event times included; where `as_of` is open,
what is sealed meanwhile may come in a later page, once. Following gives every entry of
a stream, in order of seq.

Does not: find an entry that claims to continue an event which is not there, but by its
own id, by `parts`, and when following. A text with U+0000 or an address that is none is
the caller's mistake, and an error of the database's.

Source: measured, see `bench/README.md`: pages take two statements (keys from an index
alone, then their entries), always planned for the values asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

from psycopg import sql

from prooftrail.store import asking, branching, files
from prooftrail.store.asking import Asked, Values
from prooftrail.store.counting import Counting
from prooftrail.store.keys import FIRST_US, LAST_US
from prooftrail.store.question import Found, Position, Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from prooftrail.store.connect import Connection

_SORT = "select set_config('enable_sort', %s::boolean::text, true)"
OPEN = LAST_US  # beyond every seq
PAGE_BYTES = 4 * 1024 * 1024  # of events in a page
AFTER_BYTES = 128 * 1024  # of events that `after` gives: many may follow, slowly
WINDOW = 20_000  # seqs that one call of `after` looks at, at most
_AHEAD = 300_000_000  # an entry's time is at most this far ahead of its recording, us


class Followed(NamedTuple):
    """What `after` found, and how far it has looked: go on from there."""

    rows: list[Found]
    looked_to: int


def ends(connection: Connection) -> dict[int, int]:
    """Return the newest seq of every stream that the asker may read, -1 if it is empty.

    Whoever sees a period only gets `OPEN`: where a stream ends would tell him how much
    he does not see, and where his own part of it ends takes reading all of that.
    """
    bound = Values()
    statement = asking.query("search_heads", open=bound(OPEN))
    rows = connection.execute(statement, bound, prepare=False).fetchall()
    return {int(str(stream)): int(str(seq)) for stream, seq in rows}


def newest(connection: Connection, stream: int, after: int = -1) -> int:
    """Return the newest seq of a stream that the asker sees, or `after`."""
    last = ends(connection).get(stream, -1)
    if last == OPEN:
        period = begin(connection, Question(), workers=0)
        bound = Values()
        statement = asking.query(
            "search_newest",
            stream=bound(stream),
            after=bound(after),
            from_us=bound(FIRST_US if period.from_us is None else period.from_us),
            to_us=bound(LAST_US if period.to_us is None else period.to_us),
        )
        row = connection.execute(statement, bound, prepare=False).fetchone()
        last = -1 if row is None or row[0] is None else int(str(row[0]))
    return max(last, after)


def page(
    connection: Connection,
    question: Question,
    as_of: Mapping[int, int],
    before: Position | None,
    limit: int,
) -> list[Found]:
    """Return the events that answer a question, the newest event time first.

    Fewer than there are where these have `PAGE_BYTES`; `is_cut` says so.

    Args:
        connection: inside `Readers.reading`.
        question: what is asked.
        as_of: the newest seq of each stream as of the first page; other streams and
            later entries are left out.
        before: where the page before ended; None for the first one.
        limit: events at most.
    """
    begun = begin(connection, question, workers=0)
    found: set[tuple[int, int, int]] = set()
    for branch in branching.of(begun):
        asked = Asked(branch, as_of, before)
        if asked.lasts:
            found.update(_keys(connection, asked, limit))
    if not found:
        return []
    keys = sorted(found, key=_place, reverse=True)[:limit]
    streams, seqs, times = (list(column) for column in zip(*keys, strict=True))
    bound = Values()
    return _first(
        connection,
        "search_rows",
        bound,
        "g.occurred_us desc, g.seq desc, g.stream desc",
        PAGE_BYTES,
        streams=bound(streams),
        seqs=bound(seqs),
        since=bound(min(times) - _AHEAD),
    )


def counts(
    connection: Connection, question: Question, as_of: Mapping[int, int]
) -> dict[int, int]:
    """Return how many events of each stream answer: as many as all pages hold."""
    asked = Counting(begin(connection, question, workers=2), as_of)
    if not asked.streams:
        return {}
    statement = asking.query("search_count", keys=asked.keys())
    rows = connection.execute(statement, asked.values, prepare=False).fetchall()
    return {int(str(stream)): int(str(found)) for stream, found in rows}


def count(connection: Connection, question: Question, as_of: Mapping[int, int]) -> int:
    """Return how many events answer a question: as many as all its pages hold."""
    return sum(counts(connection, question, as_of).values())


def after(
    connection: Connection, stream: int, seq: int, question: Question, limit: int
) -> Followed:
    """Return the entries of a stream after a seq, in order, that answer a question.

    Every entry counts for itself here, continuations too: a subject is looked for among
    those of the entry. The question's streams do not count. At most `WINDOW` seqs are
    looked at, and rows end where they have `AFTER_BYTES`. `looked_to` is where to go
    on, whether anything was found or not, and never beyond what the asker may see.
    """
    until = seq + WINDOW
    bound = Values()
    rows = _first(
        connection,
        "search_after",
        bound,
        "g.seq",
        AFTER_BYTES,
        stream=bound(stream),
        after=bound(seq),
        until=bound(until),
        conditions=asking.entry(question, bound),
        limit=bound(limit),
    )
    if len(rows) >= limit or is_cut(rows, AFTER_BYTES):
        return Followed(rows, rows[-1].seq if rows else seq)
    return Followed(rows, min(until, newest(connection, stream, seq)))


def by_event_id(
    connection: Connection, event_id: bytes, streams: Sequence[int]
) -> list[Found]:
    """Return the entry of an event id (16 bytes) in each of the streams that has it.

    Fewer than there are where these have `PAGE_BYTES`.
    """
    bound = Values()
    return _first(
        connection,
        "search_event",
        bound,
        "g.stream",
        PAGE_BYTES,
        event_id=bound(UUID(bytes=event_id)),
        streams=bound(list(streams)),
    )


def entries(
    connection: Connection, places: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Found]:
    """Return the entries at these places (stream, seq), as far as the asker sees them.

    Args:
        connection: inside `Readers.reading`.
        places: a few thousand at most.
    """
    there: dict[tuple[int, int], Found] = {}
    left = list(dict.fromkeys(places))
    while left:
        bound = Values()
        numbers, seqs = (list(column) for column in zip(*left, strict=True))
        rows = _first(
            connection,
            "search_rows",
            bound,
            "g.occurred_us desc, g.seq desc, g.stream desc",
            PAGE_BYTES,
            streams=bound(numbers),
            seqs=bound(seqs),
            since=bound(FIRST_US),
        )
        there |= {(row.stream, row.seq): row for row in rows}
        left = [place for place in left if place not in there] if is_cut(rows) else []
    return there


def parts(connection: Connection, stream: int, event_id: bytes) -> list[Found]:
    """Return the entries that continue an event (16 bytes) of a stream, by seq.

    Fewer than there are where these have `PAGE_BYTES`; `is_cut` says so.
    """
    bound = Values()
    return _first(
        connection,
        "search_parts",
        bound,
        "g.seq",
        PAGE_BYTES,
        event_id=bound(UUID(bytes=event_id)),
        stream=bound(stream),
    )


def newest_of(connection: Connection, actors: Sequence[str]) -> list[Found]:
    """Return the newest event of each of these actors that has one.

    Fewer than there are where these have `PAGE_BYTES`.
    """
    period = begin(connection, Question(), workers=0)
    bound = Values()
    return _first(
        connection,
        "search_actors",
        bound,
        "g.occurred_us desc, g.seq desc, g.stream desc",
        PAGE_BYTES,
        actors=bound(list(actors)),
        from_us=bound(FIRST_US if period.from_us is None else period.from_us),
        to_us=bound(LAST_US if period.to_us is None else period.to_us),
    )


def is_cut(rows: Sequence[Found], most: int = PAGE_BYTES) -> bool:
    """Whether rows may have ended for their bytes: there may be more."""
    return sum(len(row.event or b"") for row in rows) >= most


def begin(connection: Connection, question: Question, *, workers: int) -> Question:
    """Return the question for the part of its period that the asker may see."""
    bound = Values()
    whole = not (workers and branching.is_led(question))
    statement = asking.query("search_begin", workers=bound(workers), whole=bound(whole))
    row = connection.execute(statement, bound, prepare=False).fetchone()
    *_, first, last = cast("tuple[int | None, ...]", row)
    from_us, to_us = question.from_us, question.to_us
    if first is not None and first > FIRST_US:
        from_us = first if from_us is None else max(from_us, first)
    if last is not None and last < LAST_US:
        to_us = last if to_us is None else min(to_us, last)
    return question._replace(from_us=from_us, to_us=to_us)


def _keys(
    connection: Connection, asked: Asked, limit: int
) -> list[tuple[int, int, int]]:
    """Return the keys of a page: stream, seq, event time."""

    def rows(statement: sql.Composed) -> list[Any]:
        return connection.execute(
            statement, asked.values, prepare=False, binary=True
        ).fetchall()

    found = rows(asked.page(limit))
    touched = asked.touched(limit)
    if touched is None:
        return found
    statement, in_order = touched
    # the planner takes the few subjects that it expects for cheap to sort: all of them
    connection.execute(_SORT, (not in_order,))
    found = list({*found, *rows(statement)})
    connection.execute(_SORT, (True,))
    found.sort(key=_place, reverse=True)
    return found[:limit]


def _place(key: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return where a key (stream, seq, event time) comes in a list."""
    return key[2], key[1], key[0]


def _first(
    connection: Connection,
    name: str,
    bound: Values,
    order: LiteralString,
    most: int,
    **pieces: sql.Composable,
) -> list[Found]:
    """Return the first of what a statement finds, until it has `most` bytes."""
    found = sql.SQL(files.query("search_found"))
    entries = asking.query(name, found=found, **pieces)
    statement = asking.query(
        "search_within", entries=entries, order=sql.SQL(order), bytes=bound(most)
    )
    return _rows(connection, statement, bound)


def _found(
    connection: Connection, name: str, bound: Values, **pieces: sql.Composable
) -> list[Found]:
    found = sql.SQL(files.query("search_found"))
    return _rows(connection, asking.query(name, found=found, **pieces), bound)


def _rows(
    connection: Connection, statement: sql.Composed, bound: Values
) -> list[Found]:
    rows = connection.execute(statement, bound, prepare=False, binary=True).fetchall()
    return [Found(*cast("tuple[Any, ...]", row)) for row in rows]
