"""Items as people read them in a list: one sentence, its time, what is odd about it.

Guarantees: total. Whatever the log holds gives a row; what an event does not say is
left out. Nothing personal is shown that the item does not show.

Does not: make text safe for a page; `rendering` does that to all of it.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.catalog import sentence, wording
from prooftrail.catalog.wording import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)")
_NAMES = ("email", "name", "userId")

RESULTS = {"success": "Succeeded", "failure": "Failed", "denied": "Denied"}


class Row(NamedTuple):
    """An event in a list."""

    event_id: str
    stream: str
    seq: int
    date: str  # of the event's own time, UTC; the whole text where it is no time
    time: str
    who: str  # the sentence's beginning, empty where it does not begin with the actor
    rest: str  # of the sentence
    action: str
    result: str
    actor_id: str  # empty: none
    role: str
    address: str
    resource_type: str
    resource_id: str
    subjects: int
    marks: tuple[str, ...]  # "break-glass", "personal data", "redacted", "unreadable"


class Day(NamedTuple):
    """Rows of one day, in the order of the list."""

    date: str
    rows: tuple[Row, ...]


def row(item: Mapping[str, Any]) -> Row:
    """Return an item as a row."""
    actor, resource = mapping(item.get("actor")), mapping(item.get("resource"))
    told = sentence.tell(item)
    if "redacted" in item or "unreadable" in item:
        told = f"{text(item.get('action'))}: its content is not there any more"
    name = named(item)
    begins = bool(name) and told.startswith(name)
    date, time = when(text(item.get("timestamp")))
    subjects = item.get("subjects")
    return Row(
        event_id=text(item.get("eventId")),
        stream=text(item.get("stream")),
        seq=int(item.get("seq", 0)),
        date=date,
        time=time,
        who=name if begins else "",
        rest=told[len(name) :] if begins else told,
        action=text(item.get("action")),
        result=text(item.get("result")),
        actor_id=text(actor.get("userId")),
        role=text(actor.get("role")),
        address=text(actor.get("ipAddress") or actor.get("host")),
        resource_type=text(resource.get("type")),
        resource_id=text(resource.get("id")),
        subjects=len(subjects) if isinstance(subjects, list) else 0,
        marks=tuple(_marks(item)),
    )


def days(rows: Iterable[Row]) -> list[Day]:
    """Return rows by day, in their order."""
    return [
        Day(date, tuple(found))
        for date, found in itertools.groupby(rows, key=lambda one: one.date)
    ]


def when(timestamp: str) -> tuple[str, str]:
    """Return date and time of day, to the second.

    >>> when("2026-02-17T14:23:01.445Z")
    ('2026-02-17', '14:23:01')
    """
    found = _TIME.match(timestamp)
    return (timestamp, "") if found is None else (found[1], found[2])


def text(value: object) -> str:
    """Return a value as a text; empty where there is none, or it is protected."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return "" if wording.is_protected(value) else wording.word(value)


def named(item: Mapping[str, Any]) -> str:
    """Return who acted, by the name that sentences have; empty where nobody is."""
    actor = mapping(item.get("actor"))
    for name in _NAMES:
        value = actor.get(name)
        if value and not wording.is_protected(value):
            return wording.word(value)
    return ""


def _marks(item: Mapping[str, Any]) -> Iterator[str]:
    if "redacted" in item:
        yield "redacted"
    if "unreadable" in item:
        yield "unreadable"
    if mapping(item.get("authorization")).get("basis") == "break_glass":
        yield "break-glass"
    pii = mapping(item.get("pii"))
    if pii.get("fields") or pii.get("classes"):
        yield "personal data"
