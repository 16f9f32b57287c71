"""Draws that the trail has: each is an event, written when a sample is drawn.

Guarantees: the event says the query, the population's digest, the seed, and which draw
of this population it is; nothing of what was drawn. Draws that others made are counted
as far as the reader sees them; those of the last moments, that are not sealed yet, are
not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.search import lists
from prooftrail.search.parameters import Paging
from prooftrail.store.question import Exactly, Question, Term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.connect import Connection

DRAW: Final = "prooftrail.sample.draw"
EARLIER: Final = 1_000  # draws that are looked at, the newest


class Earlier(NamedTuple):
    """A draw that somebody made before."""

    event_id: str
    at: str  # as the event says it
    by: str
    seed: str
    n: str
    by_month: bool
    digest: str
    query: str


def made(
    connection: Connection, readable: Mapping[str, int], most: int
) -> tuple[list[Earlier], bool]:
    """Return the newest draws that the trail has, and whether there are more.

    Args:
        connection: inside `Readers.reading`.
        readable: streams that the asker may read, by name.
        most: events of draws that are looked at; a draw has one in each stream.
    """
    question = Question((Term("action", (Exactly(DRAW),)),))
    return _earlier(connection, question, readable, most)


def before(
    connection: Connection,
    question: Question,
    digest: str,
    said: str,
    readable: Mapping[str, int],
) -> tuple[list[Earlier], list[Earlier], bool]:
    """Return draws of a population, others of the same query, and whether more are.

    Args:
        connection: inside `Readers.reading`.
        question: what the population answers.
        digest: the population's.
        said: the question in one line (`sampled.query`).
        readable: streams that the asker may read, by name.

    Returns:
        The newest first; true where older ones were not looked at.
    """
    drawn = Term("action", (Exactly(DRAW),))
    of_it = Term("resource", (Exactly(digest),))
    same, more = _earlier(
        connection, Question((drawn, of_it), streams=question.streams), readable
    )
    every, further = _earlier(
        connection, Question((drawn,), streams=question.streams), readable
    )
    others = [one for one in every if one.query == said and one.digest != digest]
    return same, others, more or further


def _earlier(
    connection: Connection,
    question: Question,
    readable: Mapping[str, int],
    most: int = EARLIER,
) -> tuple[list[Earlier], bool]:
    found: dict[str, Earlier] = {}  # a draw has one id in each stream that was read
    cursor, looked = None, 0
    while True:
        page = lists.page(
            connection, question, Paging(min(most, 100), cursor), readable
        )
        for item in page.items:
            one = _told(item)
            found.setdefault(one.event_id, one)
        looked += len(page.items)
        cursor = page.cursor
        if cursor is None or looked >= most:
            return list(found.values()), cursor is not None


def _told(item: Mapping[str, Any]) -> Earlier:
    details = item.get("details")
    told = details if isinstance(details, dict) else {}
    actor = item.get("actor")
    return Earlier(
        str(item.get("eventId", "")),
        str(item.get("timestamp", "")),
        str(actor.get("userId", "") if isinstance(actor, dict) else ""),
        str(told.get("seed", "")),
        str(told.get("n", "")),
        told.get("by_month") is True,
        str(told.get("digest", "")),
        str(told.get("query", "")),
    )
