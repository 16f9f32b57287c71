"""The access grants that answer a question, all of them.

Guarantees: every success of a type that grants access (`grants.types`) that answers, as
of one moment, as the reader, the newest first; or none of them, where there are more
than `MOST`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.core import instants
from prooftrail.errors import EventError, QuestionError
from prooftrail.grants import grant
from prooftrail.grants.types import TYPES
from prooftrail.search import lists, parameters, sampled
from prooftrail.search.parameters import Paging
from prooftrail.store.question import Exactly, Question, Term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.grants.grant import Grant
    from prooftrail.search.parameters import Filters
    from prooftrail.search.sampled import Drawn, Wanted
    from prooftrail.store.connect import Connection

MOST: Final = 10_000
PAGE: Final = 500
QUERY: Final = f"action:{','.join(TYPES)} result:success"  # that finds them all
_GRANTS: Final = Question(
    (
        Term("action", tuple(map(Exactly, TYPES))),
        Term("result", (Exactly("success"),)),
    )
)


def read(
    connection: Connection, question: Question, streams: Mapping[str, int]
) -> list[Grant]:
    """Return the grants among what answers a question.

    Args:
        connection: inside `Readers.reading`.
        question: when, in which streams, and whatever else.
        streams: that the asker may read, by name.

    Raises:
        QuestionError: there are more than `MOST`.
    """
    asked = parameters.together(_GRANTS, question)
    found: list[Grant] = []
    cursor: str | None = None
    while True:
        page = lists.page(connection, asked, Paging(PAGE, cursor), streams)
        for item in page.items:
            at_us = _instant(item.get("timestamp"))
            found.append(grant.read(item, at_us))
        if len(found) > MOST:
            raise QuestionError(
                f"there are more than {MOST:,} access grants: ask for a shorter time"
            )
        cursor = page.cursor
        if cursor is None:
            return found


def draw(
    connection: Connection,
    asked: Filters,
    wanted: Wanted,
    streams: Mapping[str, int],
) -> Drawn:
    """Draw from the grants that answer, as of the moment that `read` reads.

    Raises:
        QuestionError: there are too many.
    """
    question = parameters.together(_GRANTS, asked.question)
    said = sampled.query(asked, QUERY)
    return sampled.draw(connection, question, wanted, said, streams)


def _instant(text: object) -> int:
    """Return an event's own time; the epoch where somebody altered it to be none."""
    try:
        return instants.microseconds(str(text))
    except EventError:
        return 0
