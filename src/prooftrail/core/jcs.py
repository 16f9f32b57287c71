"""Canonical bytes: strict JSON in, RFC 8785 (JCS) bytes out.

Guarantees: two texts that state the same value give the same bytes; what RFC 8785
cannot spell faithfully never gets through. A number that is not an integer within
+-(2^53 - 1) becomes ``{"$number": "<token as written>"}``, so that no amount is ever
rounded. Duplicate keys, U+0000, lone surrogates, more than 32 levels and more than
256 KiB raise `CanonicalError`.

Does not: look at what the value means (`events`, `normal`).

Source: RFC 8785; `spec/event-bytes.md`. The test suite holds it against `rfc8785`.
"""

from __future__ import annotations

import json
import re
from typing import TypeAlias

import msgspec
import orjson

from prooftrail.errors import CanonicalError

# What a parsed event is made of: no float ever, see `$number`.
Value: TypeAlias = "bool | int | str | list[Value] | dict[str, Value] | None"

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1
NUMBER_KEY = "$number"

_SORT = orjson.OPT_SORT_KEYS
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# Only keys with code points from U+E000 on can sort differently in UTF-16 and UTF-8.
_HIGH = re.compile(rb"[\xee-\xff]")
NUMBER_TOKEN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def read(text: bytes) -> tuple[Value, bytes]:
    """Return the value that `text` states and its canonical bytes.

    Text that is canonical already, as our own capture writes it, takes a path
    without a walk in Python.

    Raises:
        CanonicalError: the text is not JSON, or not JSON that can be sealed.
    """
    try:
        value = _READER.decode(text)
        if (
            orjson.dumps(value, option=_SAFE) == text
            and len(text) <= MAX_BYTES
            and (b"\\" not in text or b"\\u0000" not in text)
            and (text.isascii() or not _HIGH.search(text))
            and (_openings(text) <= MAX_DEPTH or _is_flat(value, 1))
        ):
            return value, text
    except (msgspec.MsgspecError, ValueError, orjson.JSONEncodeError, RecursionError):
        pass  # parse() below says what is wrong, with its place
    strict = parse(text)
    return strict, canonical(strict)


def parse(text: bytes | str) -> Value:
    """Parse JSON strictly; numbers that are no safe integers become `$number`.

    Raises:
        CanonicalError: not UTF-8, not JSON, a duplicate key, NaN or Infinity,
            nested too deeply to be parsed.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise CanonicalError(
                f"not UTF-8 at byte {error.start}: send the event as UTF-8 JSON"
            ) from error
    try:
        value: Value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise CanonicalError(
            f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from error
    except RecursionError as error:
        raise CanonicalError(
            f"nested deeper than {MAX_DEPTH} levels: flatten the event"
        ) from error
    return value


def canonical(value: object) -> bytes:
    """Return the RFC 8785 bytes of `value`.

    Raises:
        CanonicalError: a float (write ``{"$number": ...}``), an integer beyond
            2^53 - 1, another type, U+0000, a lone surrogate, a key that is no
            string, more than 32 levels or 256 KiB.
    """
    _check(value, 1)
    return canonical_of_plain(value)


def canonical_of_plain(value: object) -> bytes:
    """Return the RFC 8785 bytes of what `normal.plain` returned.

    Its types, integers and depth are right, so that these are not looked at again.

    Raises:
        CanonicalError: U+0000, a lone surrogate, or more than 256 KiB.
    """
    try:
        data = orjson.dumps(value, option=_SORT)
        if _HIGH.search(data):
            data = orjson.dumps(_utf16_sorted(value))
    except orjson.JSONEncodeError as error:
        raise CanonicalError(
            "a text holds a lone surrogate: it is no valid Unicode, re-encode it"
        ) from error
    if len(data) > MAX_BYTES:
        raise CanonicalError(
            f"the event has {len(data)} bytes; at most {MAX_BYTES} are sealed: "
            "keep the large part elsewhere and record its digest"
        )
    if b"\\u0000" in data and _NUL.search(data):
        raise CanonicalError("a text holds U+0000: remove it")
    return data


def spell(value: Value) -> bytes:
    """Return the RFC 8785 bytes of a value that `read` returned; nothing is checked."""
    data = orjson.dumps(value, option=_SORT)
    return orjson.dumps(_utf16_sorted(value)) if _HIGH.search(data) else data


def number(token: str) -> Value:
    """Return an integer where it is a safe one, else the `$number` object.

    Raises:
        CanonicalError: `token` is not a JSON number (RFC 8259, section 6).
    """
    if not NUMBER_TOKEN.fullmatch(token):
        raise CanonicalError(f"{token[:40]!r} is not a JSON number")
    return _integer(token) if token.lstrip("-").isdigit() else _number(token)


def _object(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise CanonicalError(
                    f"the key {key[:80]!r} stands twice in one object: "
                    "readers would disagree on which one counts"
                )
            seen.add(key)
    return found


def _number(token: str) -> Value:
    return {NUMBER_KEY: token}


def _integer(token: str) -> Value:
    # 17 characters hold every safe integer with its sign; int() of a hostile
    # million digits is never tried.
    if len(token) <= 17 and token != "-0" and abs(int(token)) <= MAX_INTEGER:  # noqa: S105, PLR2004
        return int(token)
    return {NUMBER_KEY: token}


def _constant(token: str) -> Value:
    raise CanonicalError(f"{token} is not JSON: leave the value out or write a text")


def _no_fraction(token: str) -> None:
    """Leave the short way: a fraction becomes a `$number`."""
    raise ValueError(token)


# Both refuse what needs care: the reader any fraction, the writer integers beyond 2^53.
_READER = msgspec.json.Decoder(float_hook=_no_fraction)
_SAFE = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def _openings(text: bytes) -> int:
    """Return how often a bracket opens; `bytes.count` would take four times as long."""
    without = text.replace(b"{", b"").replace(b"[", b"")
    return len(text) - len(without)


def _is_flat(value: Value, depth: int) -> bool:
    """Return whether a value has at most 32 levels."""
    if type(value) is not dict and type(value) is not list:
        return True
    items = value.values() if type(value) is dict else value
    return depth <= MAX_DEPTH and all(_is_flat(item, depth + 1) for item in items)


def _check(value: object, depth: int) -> None:
    if value is None or value is True or value is False or type(value) is str:
        return
    if type(value) is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise CanonicalError(
                "an integer beyond 2^53 - 1 must be written as "
                '{"$number": "<digits>"}: readers would round it'
            )
        return
    if type(value) is not dict and type(value) is not list:
        raise CanonicalError(
            f"a {type(value).__name__} has no canonical spelling: "
            "write a text, an integer, a list or an object"
        )
    if depth > MAX_DEPTH and not _stands_for_a_number(value):
        raise CanonicalError(
            f"nested deeper than {MAX_DEPTH} levels: flatten the event"
        )
    items = value
    if type(value) is dict:
        _check_keys(value)
        items = value.values()  # type: ignore[assignment]
    for item in items:
        if type(item) is not str:  # most are, and need no call
            _check(item, depth + 1)


def _check_keys(value: dict[object, object]) -> None:
    for key in value:
        if type(key) is not str:
            raise CanonicalError(f"the key {key!r} is not a text")


def _stands_for_a_number(value: object) -> bool:
    """An event is never refused for a number: its `$number` is no level of its own."""
    return (
        type(value) is dict and len(value) == 1 and type(value.get(NUMBER_KEY)) is str
    )


def _utf16_sorted(value: object) -> object:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _utf16_sorted(value[key]) for key in keys}
    if isinstance(value, list):
        return [_utf16_sorted(item) for item in value]
    return value
