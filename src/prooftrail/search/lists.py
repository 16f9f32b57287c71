"""Lists, counts, single events and following, as they are shown to whoever asks.

Guarantees: a list's pages hold every event that answered as of the first page exactly
once, whatever is sealed meanwhile; a count says how many that is. What is sealed
meanwhile they leave out, or, for whoever may read a period only, hold once if its turn
is still to come. A page of large events holds fewer than it may. Following gives every
entry of one stream in order of seq and says where to go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.search import cursor, items
from prooftrail.store import searching
from prooftrail.store.question import Position

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from prooftrail.search.parameters import Paging
    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Found, Question


class Page(NamedTuple):
    """A part of a list."""

    items: list[dict[str, Any]]
    cursor: str | None  # where it goes on; None: this was the last page


class Followed(NamedTuple):
    """Entries in order of seq."""

    items: list[dict[str, Any]]
    after_seq: int  # go on from here, whether anything was found or not


def page(
    connection: Connection,
    question: Question,
    paging: Paging,
    streams: Mapping[str, int],
) -> Page:
    """Return a page, newest event time first.

    Raises:
        QuestionError: the cursor is none of this question.
    """
    shown, onward = entries(connection, question, paging)
    names = {number: name for name, number in streams.items()}
    return Page([items.item(one, names) for one in shown], onward)


def entries(
    connection: Connection, question: Question, paging: Paging
) -> tuple[list[Found], str | None]:
    """Return a page as it was read, and the cursor by which it goes on.

    Raises:
        QuestionError: the cursor is none of this question.
    """
    if paging.cursor is None:
        as_of, before = searching.ends(connection), None
        if question.streams is not None:
            as_of = {one: as_of[one] for one in question.streams if one in as_of}
    else:
        as_of, before = cursor.read(question, paging.cursor)
    found = searching.page(connection, question, as_of, before, paging.limit + 1)
    shown = found[: paging.limit]
    onward = None
    if len(found) > paging.limit or searching.is_cut(shown):
        last = shown[-1]
        place = Position(last.occurred_us, last.seq, last.stream)
        onward = cursor.write(question, cursor.Cursor(as_of, place))
    return shown, onward


def counts(
    connection: Connection, question: Question, streams: Mapping[str, int]
) -> dict[str, int]:
    """Return how many events answer at present, by the name of their stream."""
    found = searching.counts(connection, question, searching.ends(connection))
    return {name: found[number] for name, number in streams.items() if number in found}


def event(
    connection: Connection, event_id: UUID, streams: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the entry of an id in each of these streams that has it.

    Where that is one, it has the entries that continue it as `parts`. Whoever may write
    can claim to continue an event: where these have more bytes than a page,
    `partsAfterSeq` says where the stream is to be followed from.
    """
    names = {number: name for name, number in streams.items()}
    found = searching.by_event_id(connection, event_id.bytes, tuple(names))
    shown = [items.item(one, names) for one in found]
    if len(found) == 1:
        parts = searching.parts(connection, found[0].stream, found[0].event_id)
        if parts:
            shown[0]["parts"] = [items.item(part, names) for part in parts]
        if searching.is_cut(parts):
            shown[0]["partsAfterSeq"] = parts[-1].seq
    return shown


def after(
    connection: Connection,
    question: Question,
    *,
    stream: int,
    seq: int,
    limit: int,
    streams: Mapping[str, int],
) -> Followed:
    """Return the entries of a stream after a seq (-1: from the first) that answer."""
    names = {number: name for name, number in streams.items()}
    found = searching.after(connection, stream, seq, question, limit)
    return Followed([items.item(one, names) for one in found.rows], found.looked_to)
