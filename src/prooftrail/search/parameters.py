"""How a search is written as parameters: names and texts to a question.

Guarantees: every parameter is understood or refused by name, with what would be; the
same parameters give the same question. Times are the event's own, half-open, UTC; a
bare date is that day's start. `*` in an action stands for any characters.

Source: design, "Two times"; RFC 3339; RFC 4632 (networks).
"""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.core import instants, projection
from prooftrail.errors import EventError, HiddenError, QuestionError
from prooftrail.search import cursor
from prooftrail.store.question import (
    Exactly,
    Match,
    Network,
    Pattern,
    Question,
    Span,
    Term,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prooftrail.store.question import Column

LIMIT = 50  # events a page where nobody says how many
MOST = 1_000
MOST_VALUES = 100  # of one parameter
MOST_CHARACTERS = 1_000  # of one value
RESULTS = ("success", "failure", "denied")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"[0-9]{1,18}")
_YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False}
_YES_NO["0"] = False


class Filters(NamedTuple):
    """What a search was asked, understood."""

    question: Question
    told: dict[str, object]  # as it was written, for the event of the read


class Paging(NamedTuple):
    """How much of the answer is wanted."""

    limit: int
    cursor: str | None


FILTERS: Final = (
    "actor",
    "role",
    "action",
    "resource",
    "resource_type",
    "result",
    "ip",
    "pii",
    "stream",
    "from",
    "to",
)


def filters(
    given: Iterable[tuple[str, str]],
    streams: Mapping[str, int],
    *,
    beside: tuple[str, ...] = (),
) -> Filters:
    """Understand a search.

    Args:
        given: names and values, in order; a name may come more than once, and then
            any of its values will do.
        streams: that the asker may read, by name.
        beside: names that are somebody else's to read.

    Raises:
        QuestionError: one cannot be understood.
    """
    values: dict[str, list[str]] = {}
    for name, value in given:
        if name not in FILTERS and name not in beside:
            known = ", ".join((*FILTERS, *beside))
            raise QuestionError(
                f"there is no parameter {name[:40]!r}: there are {known}"
            )
        values.setdefault(name, []).append(_clean(name, value))
    for name, found in values.items():
        most = 1 if name in {"from", "to", "pii"} or name in beside else MOST_VALUES
        if len(found) > most:
            times = "once" if most == 1 else f"{most} times"
            raise QuestionError(f"{name} may be given {times} at most")
    terms = (_term(column, values[column]) for column in _READ if column in values)
    from_us, to_us = (
        instant(name, values[name][0]) if name in values else None
        for name in ("from", "to")
    )
    if from_us is not None and to_us is not None and from_us >= to_us:
        raise QuestionError("no time lies between 'from' and 'to': swap them")
    numbers = None
    if "stream" in values:
        numbers = tuple(sorted({_stream(name, streams) for name in values["stream"]}))
    told: dict[str, object] = {
        name: found[0] if len(found) == 1 else found
        for name, found in values.items()
        if name in FILTERS
    }
    kept = tuple(term for term in terms if term is not None)
    return Filters(Question(kept, from_us, to_us, numbers), told)


def paging(given: Mapping[str, str]) -> Paging:
    """Understand `limit` and `cursor`.

    Raises:
        QuestionError: the limit is no number, or out of bounds.
    """
    return Paging(
        whole("limit", given.get("limit", str(LIMIT)), 1, MOST), given.get("cursor")
    )


def whole(name: str, text: str, least: int, most: int) -> int:
    """Return a whole number.

    Raises:
        QuestionError: it is none, or out of bounds.
    """
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise QuestionError(f"{name}: write a whole number from {least} to {most}")
    return int(text)


def instant(name: str, text: str) -> int:
    """Return a date's start or an instant, microseconds since the epoch, UTC.

    Raises:
        QuestionError: it is neither.
    """
    try:
        if _DATE.fullmatch(text):
            date.fromisoformat(text)
            text = f"{text}T00:00:00Z"
        return instants.microseconds(instants.convert(text))
    except (EventError, ValueError) as error:
        raise QuestionError(
            f"{name}: {text[:40]!r} is no time: write 2026-01-01, or "
            "2026-01-01T12:30:00Z (in a URL, a '+' of an offset is %2B)"
        ) from error


def glob(text: str) -> Match | None:
    """Return what a folded text with `*` in it matches; None where that is anything.

    >>> glob("customer.pii.*")
    Span(low='customer.pii.', high='customer.pii/')
    >>> glob("customer.*.export")
    Pattern(span=Span(low='customer.', high='customer/'), like='customer.%.export')
    """
    begin, star, rest = text.partition("*")
    if not star:
        return Exactly(text)
    span = Span(begin, _after(begin))
    if not rest.strip("*"):
        return span if begin else None
    like = re.sub(r"([\\%_])", r"\\\1", text).replace("*", "%")
    return Pattern(span, like)


def _after(begin: str) -> str | None:
    """Return the first text after all that begin so, by code points; None: no such."""
    for at in range(len(begin) - 1, -1, -1):
        point = ord(begin[at]) + 1
        if point == 0xD800:  # noqa: PLR2004  surrogates are no text
            point = 0xE000
        if point <= 0x10FFFF:  # noqa: PLR2004
            return begin[:at] + chr(point)
    return None


def _term(column: Column, values: list[str]) -> Term | None:
    """Return what the values ask of a column; None where anything will do."""
    matches = []
    for value in values:
        match = _READ[column](column, value)
        if match is None:
            return None
        matches.append(match)
    return Term(column, tuple(matches))


def _clean(name: str, value: str) -> str:
    most = cursor.LONGEST if name == "cursor" else MOST_CHARACTERS
    if not value or len(value) > most:
        raise QuestionError(
            f"{name} is {'empty: leave it out' if not value else 'too long'}"
        )
    if any(character < " " or character == "\x7f" for character in value):
        raise QuestionError(f"{name} has a control character in it")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise QuestionError(f"{name} is no text") from error
    return value


def _stream(name: str, streams: Mapping[str, int]) -> int:
    if name not in streams:
        # the same words whether it is not there or not theirs
        raise HiddenError(
            f"there is no stream {name[:80]!r} that you may read", "stream"
        )
    return streams[name]


def _glob(_: str, text: str) -> Match | None:
    return glob(projection.fold(text))


def _folded(_: str, text: str) -> Match:
    return Exactly(projection.fold(text))


def _id(_: str, text: str) -> Match:
    return Exactly(text[: projection.MAX_CHARACTERS])


def _result(name: str, text: str) -> Match:
    if text not in RESULTS:
        raise QuestionError(f"{name} is one of {', '.join(RESULTS)}")
    return Exactly(text)


def _yes_no(name: str, text: str) -> Match:
    if text.lower() not in _YES_NO:
        raise QuestionError(f"{name} is true or false")
    return Exactly(_YES_NO[text.lower()])


def _address(name: str, text: str) -> Match:
    try:
        if "/" in text:
            network = ip_network(text, strict=False)
            return Network(str(network[0]), str(network[-1]))
        if "%" in text:
            raise ValueError  # noqa: TRY301  a scope is not searched
        return Exactly(str(ip_address(text)))
    except ValueError as error:
        raise QuestionError(
            f"{name}: {text[:50]!r} is no address and no network: write 203.0.113.42 "
            "or 203.0.113.0/24"
        ) from error


_READ: dict[Column, Callable[[str, str], Match | None]] = {
    "actor": _id,
    "role": _folded,
    "action": _glob,
    "resource": _id,
    "resource_type": _folded,
    "result": _result,
    "ip": _address,
    "pii": _yes_no,
}
