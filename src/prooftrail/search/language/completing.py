"""What can stand where somebody types: names of filters, and values that are closed.

Guarantees: a candidate, put in the place of what it says, is understood there. Values
that only the log knows (actors, roles, ids) are not here: `Place` says which column and
which beginning they are to be looked up by.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.search import values
from prooftrail.search.language import (
    lexing,
    names,
    periods,
    spelling,
    suggesting,
)
from prooftrail.search.language.syntax import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prooftrail.store.question import Column

MOST: Final = 20

_CLOSED: Final[Mapping[str, Mapping[str, str]]] = {
    "result": dict.fromkeys(values.RESULTS, ""),
    "pii": {"yes": "personal data was touched", "no": "none was touched"},
    "authorization": {
        "authorised": "a rule or somebody allowed it beforehand",
        "break-glass": "allowed by breaking the glass alone",
        "denied": "refused",
        "unexplained": "nothing says on whose authority",
    },
}
_NAME: Final = re.compile(r"-*(?:([A-Za-z][A-Za-z_-]*):)?")


class Place(NamedTuple):
    """What is being typed."""

    at: int  # where it begins, in characters
    end: int  # where it ends, behind the cursor perhaps
    name: str | None  # the filter whose value it is; None: it is no value
    column: Column | None  # that such values stand in
    prefix: str  # what stands before the cursor, without quotation marks


class Candidate(NamedTuple):
    """What can stand there."""

    text: str  # in the place of text[at:end]
    at: int
    end: int
    told: str  # what it means; may be empty


class Completion(NamedTuple):
    """What can be typed next."""

    candidates: tuple[Candidate, ...]
    place: Place


def complete(
    text: str, at: int, *, streams: Iterable[str] = (), now_us: int
) -> Completion:
    """Return what can stand at the cursor.

    Args:
        text: that was typed so far.
        at: where the cursor is, in characters.
        streams: names of those that the asker may read.
        now_us: the present: quarters and months are told by it.
    """
    place = place_of(text, at)
    if place.name is None:
        known = [
            (f"{name}:", one.meaning)
            for name, one in names.NAMES.items()
            if f"{name}:".startswith(place.prefix.lower())
        ]
        return Completion(_candidates(place, known), place)
    folded = place.prefix.lower()
    known = [
        (spelling.value(Value(value, "*" not in value)), told)
        for value, told in _values(place.name, streams, now_us)
        if value.lower().startswith(folded)
    ]
    return Completion(_candidates(place, known), place)


def place_of(text: str, at: int) -> Place:
    """Return what stands at the cursor: a name of a filter, or a value of one."""
    text = text[: lexing.LONGEST]
    at = max(0, min(at, len(text)))
    begin, value, quoted = _begin(text, at)
    word = _NAME.match(text, begin, at)
    name = word[1] if word else None
    end = at
    if not quoted:
        while end < len(text) and lexing.is_bare(text[end]) and text[end] != ":":
            end += 1
    if word is None or name is None:
        start = begin if word is None else word.end()
        if text[end : end + 1] == ":":
            end += 1
        return Place(start, end, None, None, text[start:at])
    found = names.canonical(name)
    start = max(value, word.end())
    prefix = text[start:at]
    if quoted:
        prefix = re.sub(r"\\(.)", r"\1", prefix[1:])
        end = _closed(text, at)
    column = None if found is None else names.NAMES[found].column
    return Place(start, end, found or name, column, prefix)


def _begin(text: str, at: int) -> tuple[int, int, bool]:
    """Return where a word begins and the value in it, and whether that is quoted."""
    begin = value = 0
    quoted = listed = False  # listed: a comma came last, and a value follows
    number = 0
    while number < at:
        character = text[number]
        blank = character.isspace()
        if quoted:
            number += 1 if character == "\\" else 0
            quoted = character != '"'
        elif (blank and not listed) or character in "()":
            begin = value = number + 1
        elif blank or character == ",":
            value = number + 1
        else:
            quoted = character == '"'
        listed = character == "," or (listed and blank)
        number += 1
    return begin, value, quoted


def _closed(text: str, at: int) -> int:
    """Return where a quoted value ends, in which the cursor is."""
    end = at
    while end < len(text) and text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    return min(end + 1, len(text))


def _values(
    name: str, streams: Iterable[str], now_us: int
) -> Iterable[tuple[str, str]]:
    if name in _CLOSED:
        return _CLOSED[name].items()
    if name == "action":
        return _actions().items()
    if name == "stream":
        return ((one, "") for one in sorted(streams))
    if name == "during":
        return _periods(now_us)
    return ()


def _actions() -> Mapping[str, str]:
    """Return the event types, and patterns for those that begin alike."""
    known = suggesting.meanings()
    groups: dict[str, int] = {}
    for name in known:
        parts = name.split(".")
        for count in range(1, len(parts)):
            group = f"{'.'.join(parts[:count])}.*"
            groups[group] = groups.get(group, 0) + 1
    several = {group: f"{n} event types" for group, n in groups.items() if n > 1}
    return dict(sorted({**several, **known}.items()))


def _periods(now_us: int) -> Iterable[tuple[str, str]]:
    """Return the words for periods, then the newest quarters and months."""
    for word in (*periods.WORDS, "last-7-days", "last-30-days", "last-90-days"):
        yield word, periods.spell(periods.read(word, now_us))
    today = periods.today(now_us)
    quarter = periods.months_on(today, -((today.month - 1) % 3))
    for back in range(5):
        begin = periods.months_on(quarter, -3 * back)
        yield f"{begin.year:04d}-Q{(begin.month + 2) // 3}", "a quarter"
    for back in range(12):
        yield periods.months_on(today, -back).isoformat()[:7], "a month"


def _candidates(
    place: Place, known: Iterable[tuple[str, str]]
) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(text, place.at, place.end, told) for text, told in list(known)[:MOST]
    )
