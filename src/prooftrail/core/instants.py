"""Instants: microseconds since the epoch (UTC) and their one spelling.

Guarantees: `text` writes what `microseconds` reads, and `microseconds` reads only
``YYYY-MM-DDThh:mm:ss[.1-6 digits]Z`` (design, record format). `convert` is for
capture: it takes any RFC 3339 time, converts its offset and truncates below the
microsecond, so nothing is ever hashed that a database would round.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Sequence

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND

_MICROSECOND = timedelta(microseconds=1)
_LONGEST = len("2026-02-17T14:23:01.445678Z")
# Hour 24 is left out: RFC 3339 has none, and some releases of Python read one.
_STRICT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?!24)[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z"
)
_ALL_STRICT = re.compile(rf"(?:{_STRICT.pattern}\n)*")
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]((?!24)[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@lru_cache(maxsize=256)  # an event's time is looked at more than once on its way
def microseconds(text: str) -> int:
    """Read the strict spelling.

    Raises:
        EventError: another spelling, or no such day or time.

    >>> microseconds("1970-01-01T00:00:01.5Z")
    1500000
    """
    if not _STRICT.fullmatch(text):
        raise EventError(
            f"{text[:40]!r} is not YYYY-MM-DDThh:mm:ss[.ffffff]Z: write UTC"
        )
    try:
        return (datetime.fromisoformat(text) - EPOCH) // _MICROSECOND
    except ValueError as error:
        raise EventError(f"{text!r} is no time: {error}") from error


def all_microseconds(texts: Sequence[str]) -> list[int]:
    """Read many: what `microseconds` gives for each, without a call for each.

    Raises:
        EventError: one of them is no time in the strict spelling.
    """
    # One look at all of them. A text that holds a line break could fit here, and is no
    # time below.
    if not _ALL_STRICT.fullmatch("\n".join([*texts, ""])):
        raise EventError("one of the times is not YYYY-MM-DDThh:mm:ss[.ffffff]Z")
    try:
        return [
            (moment - EPOCH) // _MICROSECOND
            for moment in map(datetime.fromisoformat, texts)
        ]
    except ValueError as error:
        raise EventError(f"one of the times is no time: {error}") from error


def text(microsecond: int) -> str:
    """Write an instant: seconds, then a fraction only where there is one.

    Raises:
        EventError: outside the years 1 to 9999.

    >>> text(1500000)
    '1970-01-01T00:00:01.5Z'
    """
    second, rest = divmod(microsecond, SECOND)
    if not rest:
        return f"{_seconds(second)}Z"
    fraction = f"{rest:06d}".rstrip("0")
    return f"{_seconds(second)}.{fraction}Z"


@lru_cache(maxsize=256)  # what comes in together was received in the same seconds
def _seconds(second: int) -> str:
    try:
        moment = EPOCH + timedelta(seconds=second)
    except OverflowError as error:
        raise EventError(f"{second} seconds lie outside the years 1 to 9999") from error
    return moment.isoformat()[: -len("+00:00")]


def convert(given: str | datetime) -> str:
    """Return the strict spelling of any RFC 3339 text or aware datetime.

    An offset is converted, digits below the microsecond are cut, never rounded.

    Raises:
        EventError: no zone (whose noon is it?), or no time.
    """
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise EventError(
                f"{given.isoformat()} has no time zone: "
                "pass an aware datetime, such as datetime.now(timezone.utc)"
            )
        return text((given - EPOCH) // _MICROSECOND)
    if len(given) <= _LONGEST and given.endswith("Z"):
        try:
            microseconds(given)
        except EventError:
            pass  # another spelling, which is converted, or refused, below
        else:
            return given
    found = _RFC3339.fullmatch(given)
    if not found:
        raise EventError(
            f"{given[:40]!r} is no RFC 3339 time with a zone: "
            "write it like 2026-02-17T14:23:01.445Z"
        )
    day, clock, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone.upper()}")
        instant = (moment - EPOCH) // _MICROSECOND
    except ValueError as error:
        raise EventError(f"{given!r} is no time: {error}") from error
    return text(instant + int((fraction or "0")[:6].ljust(6, "0")))
