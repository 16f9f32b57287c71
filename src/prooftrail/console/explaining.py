"""Who did something, for people: names beside the counts of `store.authority`.

Guarantees: the counts are as they were counted; whom nothing names keeps his id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.console import queries, sentences
from prooftrail.core import instants, projection
from prooftrail.errors import EventError
from prooftrail.search import items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prooftrail.store.authority import Authority
    from prooftrail.store.question import Answer, Found


class Person(NamedTuple):
    """Somebody who did something, and how often on which authority."""

    id: str  # empty: nobody is named
    name: str  # as his newest event has it
    role: str
    n: int
    last: str  # the date of the newest of it
    counts: Mapping[Answer, int]
    q: str  # the query for it


def people(
    counted: Authority,
    newest: Iterable[Found],
    streams: Mapping[str, int],
    canonical: str,
) -> list[Person]:
    """Return who did something, whoever did most first.

    Args:
        counted: by whom, and on whose authority.
        newest: the newest event of each.
        streams: that the visitor may read, by name.
        canonical: the query that was counted.
    """
    named = {number: name for name, number in streams.items()}
    rows = {
        row.actor_id[: projection.MAX_CHARACTERS]: (sentences.named(item), row.role)
        for item in (items.item(one, named) for one in newest)
        for row in (sentences.row(item),)
    }
    found = []
    for one in counted.actors:
        name, role = rows.get(one.id or "", ("", ""))
        by = "-actor:*" if one.id is None else queries.written("actor", one.id)
        found.append(
            Person(
                one.id or "",
                name or one.id or "",
                role,
                one.total,
                date(one.last_us),
                one.counts,
                queries.narrowed(canonical, by),
            )
        )
    return found


def narrowing(canonical: str) -> Callable[[Answer], str]:
    """Return what makes a query ask for one of the four answers alone."""
    return lambda answer: queries.narrowed(canonical, f"authorization:{answer}")


def date(us: int) -> str:
    """Return the date of an event's time; the time, where no year has it."""
    try:
        return sentences.when(instants.text(us))[0]
    except EventError:
        return f"{us} us"  # a superuser wrote it
