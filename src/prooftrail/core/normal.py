"""Normal form: what capture and sealer do to an event before its bytes are hashed.

Guarantees: `plain` turns Python values into JSON values that lose nothing (a float
or Decimal keeps its digits as `$number`, a time its instant); over-long texts are
cut with a mark that says so, ids and lists never. `escape` keeps keys that begin
with ``$`` for the trail: only a well-formed `$number` stays, and a `$protected` where
it says that a value was dropped or where an envelope comes with it, for the keeper to
check; every other such key gains one more ``$``, and `unescape` takes it off again.

Source: design, record format; `spec/event-bytes.md`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from math import isfinite
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from prooftrail.core import instants, jcs
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from prooftrail.core.jcs import Value

MAX_TEXT = 8_192  # characters of one text; a longer one is cut with a mark
PROTECTED_KEY = "$protected"

# Texts under these keys are ids: cutting would make two things one.
_IDS: Final = frozenset({"eventId", "userId", "id", "of", "subjects", "subject"})
# Left to `plain`, which spells them its own way.
_KEPT: Final = (datetime, date, time, UUID, Decimal)
_SCALARS: Final = (float, Decimal, date, time, UUID, PurePath)
_INT_DIGITS: Final = 1_200  # as many as `plain` takes
_CUT = re.compile(r"… \[cut, [0-9]{1,12} characters\]")
_COMMITMENT = re.compile(r"sha256:[0-9a-f]{64}")


def plain(value: object, *, key: str = "", depth: int = 1) -> Value:
    """Return `value` as JSON that can be sealed.

    Args:
        value: what the application passed.
        key: the key it stands under, for messages and for leaving ids whole.
        depth: the level it stands on.

    Raises:
        EventError: a value that has no faithful spelling (bytes, NaN, an object),
            or more than 32 levels.
    """
    kind = type(value)
    # The usual types first, by identity: an application's request waits for this.
    if kind is str:
        return value if len(value) <= MAX_TEXT or key in _IDS else cut(value)  # type: ignore[arg-type,return-value]
    if kind is dict:
        return _object(value, key, depth)  # type: ignore[arg-type]
    if value is None or kind is bool:
        return value  # type: ignore[return-value]
    if kind is list:
        return _list(value, key, depth)  # type: ignore[arg-type]
    if kind is int and -jcs.MAX_INTEGER <= value <= jcs.MAX_INTEGER:  # type: ignore[operator]
        return value  # type: ignore[return-value]
    return _odd(value, key, depth)


def _odd(value: object, key: str, depth: int) -> Value:
    if isinstance(value, Enum):
        return plain(value.value, key=key, depth=depth)
    if isinstance(value, str):
        # str() keeps some subclasses as they are (Django's SafeString): this does not
        exact = str.__str__(value)
        return exact if key in _IDS else cut(exact)
    if isinstance(value, int):
        return jcs.number(str(int(value))) if _countable(value) else _too_long(key)
    if isinstance(value, _SCALARS):
        return _scalar(value, key)
    return _container(value, key, depth)


def _countable(value: int) -> bool:
    return value.bit_length() <= 4_096  # noqa: PLR2004  str() of more is refused


def _too_long(key: str) -> Value:
    raise EventError(f"{key or 'a value'} is an integer of over 1,200 digits")


def _scalar(value: float | Decimal | date | time | UUID | PurePath, key: str) -> Value:
    if isinstance(value, float | Decimal):
        finite = value.is_finite() if isinstance(value, Decimal) else isfinite(value)
        if not finite:
            raise EventError(f"{key or 'a value'} is {value}: JSON has no such number")
        return jcs.number(_token(value))
    if isinstance(value, datetime):
        return instants.convert(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _token(value: float | Decimal) -> str:
    if isinstance(value, Decimal):
        return str(value).replace("E+", "E")
    return repr(float(value))


def _container(value: object, key: str, depth: int) -> Value:
    if depth > jcs.MAX_DEPTH:
        raise EventError(f"nested deeper than {jcs.MAX_DEPTH} levels: flatten it")
    if isinstance(value, msgspec.Struct):
        try:
            value = msgspec.to_builtins(value, builtin_types=_KEPT)
        except TypeError as error:
            raise EventError(f"{key or 'a value'}: {error}") from error
    if isinstance(value, Mapping):
        return _object(value, key, depth)
    if isinstance(value, AbstractSet):
        value = sorted(value, key=str)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return _list(value, key, depth)
    raise EventError(
        f"{key or 'a value'} is a {type(value).__name__}: pass text, numbers, times, "
        "lists or dicts"
    )


def _list(value: Sequence[object], key: str, depth: int) -> Value:
    if depth > jcs.MAX_DEPTH:
        raise EventError(f"nested deeper than {jcs.MAX_DEPTH} levels: flatten it")
    return [
        item
        if type(item) is str and len(item) <= MAX_TEXT
        else plain(item, key=key, depth=depth + 1)
        for item in value
    ]


def _object(value: Mapping[Any, object], key: str, depth: int) -> Value:
    if depth > jcs.MAX_DEPTH:
        raise EventError(f"nested deeper than {jcs.MAX_DEPTH} levels: flatten it")
    found: dict[str, Value] = {}
    for name, item in value.items():
        spelled = name if type(name) is str else spell_key(name)
        if type(item) is str and len(item) <= MAX_TEXT:
            found[spelled] = item
        else:
            found[spelled] = plain(item, key=spelled, depth=depth + 1)
    if len(found) != len(value):
        raise EventError(
            f"{key or 'a value'} has two keys of one spelling: one would be lost"
        )
    return found


def spell_key(name: object) -> str:
    """Return a key as it stands in JSON.

    Raises:
        EventError: it is none.
    """
    if isinstance(name, Enum):
        name = name.value
    if isinstance(name, str):
        return str.__str__(name)
    if isinstance(name, int | UUID | date):
        return str(name)
    raise EventError(f"the key {name!r} is not a text")


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text`, cut at `limit` characters with a mark that says so.

    What was cut before stays as it is, so that an event can be read back and recorded
    again.

    >>> cut("abcdef", 3)
    'abc… [cut, 6 characters]'
    >>> cut(cut("abcdef", 3), 3)
    'abc… [cut, 6 characters]'
    """
    if len(text) <= limit or _CUT.fullmatch(text, limit):
        return text
    return f"{text[:limit]}… [cut, {len(text)} characters]"


def escape(value: Value, *, enveloped: bool = False) -> Value:
    """Return `value` with every foreign key that begins with ``$`` escaped.

    Args:
        value: an event, or a part of one.
        enveloped: whether an envelope comes with it, which opens its `$protected`.
    """
    if isinstance(value, dict):
        if _is_number(value) or _stays_protected(value, enveloped=enveloped):
            return value
        return {
            escaped_key(key): escape(item, enveloped=enveloped)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [escape(item, enveloped=enveloped) for item in value]
    return value


def escaped_key(key: str) -> str:
    """Return a writer's own key as it stands in event bytes."""
    return f"${key}" if key.startswith("$") else key


def _stays_protected(value: dict[str, Value], *, enveloped: bool) -> bool:
    return is_protected(value) and (enveloped or is_dropped(value))


def unescape(value: Value) -> Any:  # noqa: ANN401  numbers come back as they were
    """Undo `escape`, and turn a `$number` into int or Decimal for readers.

    A number whose exponent no Decimal holds stays the text that was written.
    """
    if isinstance(value, dict):
        if _is_number(value):
            return _unwrapped(str(value[jcs.NUMBER_KEY]))
        return {
            key[1:] if key.startswith("$$") else key: unescape(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [unescape(item) for item in value]
    return value


def _unwrapped(token: str) -> int | Decimal | str:
    # int() refuses thousands of digits, and has no -0
    if token.lstrip("-").isdigit() and len(token) <= _INT_DIGITS and token != "-0":  # noqa: S105
        return int(token)
    try:
        return Decimal(token)
    except InvalidOperation:
        return token


def _is_number(value: dict[str, Value]) -> bool:
    token = value.get(jcs.NUMBER_KEY)
    return (
        len(value) == 1
        and isinstance(token, str)
        and jcs.NUMBER_TOKEN.fullmatch(token) is not None
    )


def is_protected(value: object) -> bool:
    """Return whether this is what stands in place of a personal value."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    inner = value.get(PROTECTED_KEY)
    if not isinstance(inner, dict) or not isinstance(inner.get("class"), str):
        return False
    if not isinstance(inner.get("subject", ""), str):
        return False
    if inner.get("dropped") is True:
        return inner.keys() <= {"class", "dropped", "subject"}
    commitment = inner.get("commitment")
    return (
        inner.keys() <= {"class", "commitment", "subject"}
        and isinstance(commitment, str)
        and _COMMITMENT.fullmatch(commitment) is not None
    )


def is_dropped(value: object) -> bool:
    """Return whether this says that a personal value was left out for good."""
    if not is_protected(value) or not isinstance(value, dict):
        return False
    return "dropped" in value[PROTECTED_KEY]
