"""Before and after: what an event changed, and which part of each value it was.

Guarantees: total, for any list that an event may hold. A value that was not there is
told apart from one that was nothing, and a protected value is told by its class alone.
Pieces put together give the value's text again.

Source: Python, difflib (Ratcliff and Obershelp).
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.catalog import wording
from prooftrail.core import normal
from prooftrail.search import items

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST = 2_000  # characters that are compared; of longer texts all counts as changed
LIKE = 0.4  # less alike than that, and a value was replaced, not edited

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_ABSENT = object()


class Piece(NamedTuple):
    """A part of a text."""

    text: str
    changed: bool


class Side(NamedTuple):
    """One of two values."""

    pieces: tuple[Piece, ...]  # empty: there was no value
    hidden: str | None = None  # the class of a protected value
    pointer: str | None = None  # where that stands in the event
    nothing: bool = False  # null, or an empty text

    @property
    def absent(self) -> bool:
        """Whether there was no value."""
        return not self.pieces and self.hidden is None and not self.nothing


class Difference(NamedTuple):
    """A field, before and after."""

    field: str
    before: Side
    after: Side


def differences(changes: object) -> list[Difference]:
    """Return what an event's `changes` say.

    >>> [found] = differences([{"field": "plan", "before": "free", "after": "pro"}])
    >>> found.before.pieces, found.after.pieces
    ((Piece(text='free', changed=True),), (Piece(text='pro', changed=True),))
    """
    if not isinstance(changes, list):
        return []
    return [
        _difference(change, at)
        for at, change in enumerate(changes)
        if isinstance(change, dict)
    ]


def _difference(change: Mapping[str, Any], at: int) -> Difference:
    before, after = change.get("before", _ABSENT), change.get("after", _ABSENT)
    left = _side(before, f"/changes/{at}/before")
    right = _side(after, f"/changes/{at}/after")
    if left.pieces and right.pieces:
        pieces = _compared(left.pieces[0].text, right.pieces[0].text)
        left, right = left._replace(pieces=pieces[0]), right._replace(pieces=pieces[1])
    return Difference(wording.word(change.get("field")), left, right)


def _side(value: object, pointer: str) -> Side:
    if value is _ABSENT:
        return Side(())
    if wording.is_protected(value):
        return Side((), hidden=protected_class(value), pointer=pointer)
    if value is None or value == "":
        return Side((), nothing=True)
    return Side((Piece(legible(value), changed=True),))


def protected_class(value: object) -> str:
    """Return the class of a protected value, as far as it tells one."""
    inner = value.get(normal.PROTECTED_KEY) if isinstance(value, dict) else None
    found = inner.get("class") if isinstance(inner, dict) else None
    return found if isinstance(found, str) else "personal"


def legible(value: object) -> str:
    """Return a value as text; objects and lists as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return items.encode(_without_commitments(value)).decode()


def _without_commitments(value: object) -> object:
    if wording.is_protected(value):
        return wording.PROTECTED
    if isinstance(value, dict):
        return {name: _without_commitments(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_commitments(one) for one in value]
    return value


def _compared(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    whole = (Piece(before, changed=True),), (Piece(after, changed=True),)
    if len(before) > LONGEST or len(after) > LONGEST:
        return whole
    olds, news = _WORDS.findall(before), _WORDS.findall(after)
    matcher = difflib.SequenceMatcher(None, olds, news, autojunk=False)
    if matcher.ratio() < LIKE:
        return whole
    codes = matcher.get_opcodes()
    return (
        _joined(("".join(olds[a:b]), tag != "equal") for tag, a, b, _, _ in codes),
        _joined(("".join(news[c:d]), tag != "equal") for tag, _, _, c, d in codes),
    )


def _joined(pieces: Iterable[tuple[str, bool]]) -> tuple[Piece, ...]:
    return tuple(Piece(text, changed) for text, changed in pieces if text)
