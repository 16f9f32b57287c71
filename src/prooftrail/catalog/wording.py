"""Values of an event in words, for one line.

Guarantees: total; short; nothing in it moves a cursor, turns the direction of writing
or breaks the line. A protected value shows as `[protected]` and nothing of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from prooftrail.core import normal
from prooftrail.core.harmless import harmless

PROTECTED = "[protected]"
LISTED = 5  # of a list; the others are counted
LONGEST = 120  # characters of one value
_DIGITS = 4_096  # bits of an integer that is written out
_NAMES = ("field", "name", "userId", "id")  # what stands for an object, if it is there


def word(value: object) -> str:
    """Return a value in words; empty where there is nothing to say."""
    plain = _plain(value)
    if isinstance(plain, list | tuple):
        told = [_scalar(_plain(one)) for one in plain[:LISTED]]
        more = len(plain) - len(told)
        return ", ".join(told) + (f" and {more} more" if more > 0 else "")
    return _scalar(plain)


def number(value: object) -> int | Decimal | None:
    """Return what is counted: a number, or how long a list is; None if neither."""
    plain = _plain(value)
    if isinstance(plain, bool):
        return None
    if isinstance(plain, int):
        return plain if plain.bit_length() <= _DIGITS else None
    if isinstance(plain, Decimal):
        return plain if plain.is_finite() and abs(plain.adjusted()) < LONGEST else None
    if isinstance(plain, list | tuple):
        return len(plain)
    return None


def is_protected(value: object) -> bool:
    """Return whether a value is not to be seen, well-formed or not."""
    return isinstance(value, Mapping) and normal.PROTECTED_KEY in value


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of an item; an empty one where it is none, or protected."""
    if isinstance(value, dict) and normal.PROTECTED_KEY not in value:
        return value
    return {}


def _plain(value: object) -> object:
    """Unwrap a `$number`."""
    if isinstance(value, dict) and len(value) == 1:
        with contextlib.suppress(ValueError, ArithmeticError, RecursionError):
            return normal.unescape(value)
    return value


def _object(value: Mapping[Any, object]) -> str:
    for name in _NAMES:
        inner = value.get(name)
        if isinstance(inner, str) and inner:
            return _short(inner)
    names = [_short(one) for one in list(value)[:LISTED] if isinstance(one, str)]
    return f"({', '.join(names)})"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return _short(value)
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _DIGITS else "a long number"
    if isinstance(value, float | Decimal):
        return _short(str(value))
    if isinstance(value, Mapping):
        return PROTECTED if is_protected(value) else _object(value)
    return "(…)"


def _short(text: str) -> str:
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return harmless(cut)
