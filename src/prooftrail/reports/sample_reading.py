"""The items of a sample as the log has them, and what is behind each.

Guarantees: read as whoever asks, as of one moment. What is behind an item is what the
trail has: the entry that its approval or its grant names, and the newest grant to
whoever acted before it.

Source: shared requirements R6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from prooftrail.catalog.wording import mapping
from prooftrail.grants.types import TYPES
from prooftrail.search import items, lists
from prooftrail.search.parameters import Paging
from prooftrail.store import searching
from prooftrail.store.question import Exactly, Question, Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prooftrail.sampling.drawing import Draw
    from prooftrail.sampling.population import Member
    from prooftrail.search.sampled import Drawn
    from prooftrail.store.connect import Connection
    from prooftrail.store.showing import Signed


class Drawing(NamedTuple):
    """An item: how it was drawn, and what the trail has of it."""

    draw: Draw
    member: Member
    stream: str
    item: Mapping[str, Any]  # the event as it is shown
    behind: Sequence[tuple[str, Mapping[str, Any]]]  # what it is, and the event

    @property
    def actor(self) -> str:
        """Who acted; empty where nobody is named."""
        named = mapping(self.item.get("actor")).get("userId")
        return named if isinstance(named, str) else ""


class Facts(NamedTuple):
    """What the report shows."""

    drawn: Drawn
    counted: Mapping[str, int]  # events of the query, by the index, by stream
    period: int  # events of the period
    drawings: Sequence[Drawing]  # the items
    signed: Sequence[Signed]


def read(
    connection: Connection, drawn: Drawn, readable: Mapping[str, int]
) -> list[Drawing]:
    """Return the items of a sample, in the order of draws.

    Args:
        connection: inside `Readers.reading`.
        drawn: the sample.
        readable: streams that the asker may read, by name.
    """
    places = [(readable[name], one.seq) for _, one, name in drawn.items()]
    there = searching.entries(connection, places)
    names = {number: name for name, number in readable.items()}
    found = []
    for (draw, member, stream), place in zip(drawn.items(), places, strict=True):
        item = items.item(there[place], names)
        behind = list(_behind(connection, item, there[place].occurred_us, readable))
        found.append(Drawing(draw, member, stream, item, behind))
    return found


def _behind(
    connection: Connection,
    item: Mapping[str, Any],
    at_us: int,
    readable: Mapping[str, int],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what the trail has of an approval and of a grant."""
    authorization = mapping(item.get("authorization"))
    approval = mapping(authorization.get("approval"))
    for told, named in (
        ("The approval that it names", approval.get("id")),
        ("The grant that it names", authorization.get("grant")),
    ):
        if isinstance(named, str) and named:
            for one in _named(connection, named, readable):
                if one.get("eventId") != item.get("eventId"):
                    yield told, one
    actor = mapping(item.get("actor")).get("userId")
    if isinstance(actor, str) and actor:
        for one in _granted(connection, actor, at_us, readable):
            yield "The newest grant to who acted, before it", one


def _named(
    connection: Connection, named: str, readable: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return events of this id, or the newest one of a resource of this id."""
    names = {number: name for name, number in readable.items()}
    try:
        found = searching.by_event_id(connection, UUID(named).bytes, tuple(names))
    except ValueError:
        found = []
    if found:
        return [items.item(one, names) for one in found]
    if "\x00" in named:
        return []
    question = Question((Term("resource", (Exactly(named),)),))
    return lists.page(connection, question, Paging(1, None), readable).items


def _granted(
    connection: Connection, actor: str, at_us: int, readable: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the newest grant to somebody before a time, if there is one."""
    question = Question(
        (
            Term("action", tuple(map(Exactly, TYPES))),
            Term("result", (Exactly("success"),)),
            Term("resource", (Exactly(actor),)),
        ),
        to_us=at_us,
    )
    return lists.page(connection, question, Paging(1, None), readable).items
