"""When changes may be made: hours of the week, as somebody states them.

    Sat 20:00-Sun 06:00, Wed 12:00-13:00

Guarantees: UTC; the beginning is in it, the end is not. What ends before it begins
goes on over the end of the week.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from prooftrail.core import instants
from prooftrail.errors import QuestionError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART: Final = re.compile(
    r"([a-z]{3}) (\d{1,2}):(\d{2}) ?[-\u2013] ?(?:([a-z]{3}) )?(\d{1,2}):(\d{2})"
)
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
_MONDAY: Final = 3 * _DAY  # from a Monday to the epoch, a Thursday
_MINUTE_US: Final = 60 * instants.SECOND
LONGEST: Final = 500  # characters


class Window(NamedTuple):
    """Minutes of the week, from Monday 00:00 UTC."""

    told: str  # as it was stated
    spans: tuple[tuple[int, int], ...]

    def has(self, us: int) -> bool:
        """Return whether a moment lies in it."""
        minute = (us // _MINUTE_US + _MONDAY) % _WEEK
        return any(
            first <= minute < end if first < end else minute >= first or minute < end
            for first, end in self.spans
        )


def read(stated: str) -> Window:
    """Return the window that is stated.

    >>> read("Sat 20:00-Sun 06:00, wed 12:00-13:00").spans
    ((8400, 9000), (3600, 3660))

    Raises:
        QuestionError: it is none.
    """
    parts = [one.strip() for one in stated[: LONGEST + 1].split(",")]
    if len(stated) > LONGEST or not all(parts):
        raise _unclear(stated)
    return Window(", ".join(parts), tuple(map(_span, parts)))


def _span(part: str) -> tuple[int, int]:
    found = _PART.fullmatch(part.lower())
    if found is None:
        raise _unclear(part)
    day, hour, minute, until, end_hour, end_minute = found.groups()
    first = _minute(part, day, hour, minute)
    end = _minute(part, until or day, end_hour, end_minute)
    if first == end or (until is None and end < first):
        raise _unclear(part)
    return first, end


def _minute(part: str, day: str, hour: str, minute: str) -> int:
    of_day = int(hour) * 60 + int(minute)
    if day not in DAYS or int(minute) >= 60 or of_day > _DAY:  # noqa: PLR2004
        raise _unclear(part)
    return DAYS.index(day) * _DAY + of_day


def _unclear(part: str) -> QuestionError:
    return QuestionError(
        f"{part[:60]!r} is no change window: write hours of the week, UTC, such as"
        " 'Sat 20:00-Sun 06:00' or 'Wed 12:00-13:00', several with commas between"
    )
