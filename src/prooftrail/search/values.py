"""One value of a search: a text to what an index can be asked for.

Guarantees: a text is understood, or refused with what would be; names are folded and
ids cut as the log's columns are. `*` in a pattern stands for any characters.

Source: design, "Two times"; RFC 3339; RFC 4632 (networks).
"""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from prooftrail.core import instants, projection
from prooftrail.errors import EventError, QuestionError
from prooftrail.store.question import Exactly, Network, Pattern, Span

if TYPE_CHECKING:
    from prooftrail.store.question import Match

RESULTS: Final = ("success", "failure", "denied")
ANYTHING: Final = Span("", None)  # of what has a value at all

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YES_NO: Final = {
    **dict.fromkeys(("true", "yes", "1"), True),
    **dict.fromkeys(("false", "no", "0"), False),
}


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


def beginning(text: str) -> Span:
    """Return what a text that begins so matches."""
    return Span(text, _after(text))


def _after(begin: str) -> str | None:
    """Return the first text after all that begin so, by code points; None: no such."""
    for at in range(len(begin) - 1, -1, -1):
        point = ord(begin[at]) + 1
        if point == 0xD800:  # noqa: PLR2004  surrogates are no text
            point = 0xE000
        if point <= 0x10FFFF:  # noqa: PLR2004
            return begin[:at] + chr(point)
    return None


def action(_: str, text: str) -> Match | None:
    """Return what an action or a pattern of actions matches; None: all of them."""
    return glob(projection.fold(text))


def folded(_: str, text: str) -> Exactly:
    """Return what a name matches."""
    return Exactly(projection.fold(text))


def exact_id(_: str, text: str) -> Exactly:
    """Return what an id matches."""
    return Exactly(text[: projection.MAX_CHARACTERS])


def result(name: str, text: str) -> Exactly:
    """Return what a result matches.

    Raises:
        QuestionError: it is none.
    """
    if text not in RESULTS:
        raise QuestionError(f"{name} is one of {', '.join(RESULTS)}")
    return Exactly(text)


def yes_no(name: str, text: str) -> Exactly:
    """Return what a yes or a no matches.

    Raises:
        QuestionError: it is neither.
    """
    if text.lower() not in _YES_NO:
        raise QuestionError(f"{name} is true or false")
    return Exactly(_YES_NO[text.lower()])


def address(name: str, text: str) -> Exactly | Network:
    """Return what an address or a network matches.

    Raises:
        QuestionError: it is neither.
    """
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


def address_text(name: str, text: str) -> str:
    """Return an address or a network as it is shown.

    Raises:
        QuestionError: it is neither.
    """
    address(name, text)
    return str(ip_network(text, strict=False) if "/" in text else ip_address(text))
