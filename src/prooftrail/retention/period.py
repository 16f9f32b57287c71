"""Periods: so many months and days, added to dates by the calendar.

Guarantees: a year is 12 months, whatever its days; a month's end is never passed over
in silence: where the day that a period ends on is not there (29 February a year later,
31 January a month later), `until` takes the next day there is, so that a minimum is
never a day short, and `within` the last one before, so that a maximum is never a day
long. "Ever longer" is decided by the calendar, over all 400 years after which it
repeats.
"""

from __future__ import annotations

import re
from datetime import MAXYEAR, date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from prooftrail.errors import ConfigurationError

MONTHS = 12  # a year
_CYCLE = 400  # years after which the calendar repeats
_DAYS_OF_CYCLE = 146_097
_LONGEST = 1_000 * MONTHS  # months; dates end with the year 9999

_TEXT = re.compile(r"(?:([0-9]{1,6})y)?\s*(?:([0-9]{1,6})mo)?\s*(?:([0-9]{1,6})d)?")


class Period(NamedTuple):
    """So many months, then so many days."""

    months: int = 0
    days: int = 0

    @property
    def mean_days(self) -> Fraction:
        """Its length in days, in the mean over the calendar's cycle; orders periods."""
        return Fraction(self.months * _DAYS_OF_CYCLE, _CYCLE * MONTHS) + self.days

    def __str__(self) -> str:
        years, months = divmod(self.months, MONTHS)
        if years == 1 or months:  # 12 and 13 months, as frameworks count them
            years, months = 0, self.months
        parts = ((years, "year"), (months, "month"), (self.days, "day"))
        told = [f"{n} {word}{'s' if n != 1 else ''}" for n, word in parts if n]
        return " ".join(told)

    @property
    def code(self) -> str:
        """Its spelling in commands and policies, such as 7y, 13mo or 90d."""
        years, months = divmod(self.months, MONTHS)
        if months:
            years, months = 0, self.months
        parts = ((years, "y"), (months, "mo"), (self.days, "d"))
        return "".join(f"{n}{unit}" for n, unit in parts if n)


def parse(text: str) -> Period:
    """Read a period: 7y, 13mo, 90d, or several of these in that order.

    Raises:
        ConfigurationError: it is none, is empty, or is longer than 1000 years.

    >>> parse("1y6mo")
    Period(months=18, days=0)
    """
    found = _TEXT.fullmatch(text.strip())
    years, months, days = (
        (int(part or 0) for part in found.groups()) if found else (0,) * 3
    )
    made = Period(years * MONTHS + months, days)
    if not any(made):
        raise ConfigurationError(
            f"{text[:40]!r} is no period: write years, months or days, such as 7y, "
            "13mo or 90d"
        )
    if made.mean_days > Period(_LONGEST).mean_days:
        raise ConfigurationError(f"{text[:40]!r} is longer than 1000 years")
    return made


def until(start: date, period: Period) -> date:
    """Return the first day on which a minimum period from `start` on is over.

    Where the month has no such day, it is the first of the next one.

    >>> until(date(2024, 2, 29), Period(12))
    datetime.date(2025, 3, 1)
    """
    whole, cut = _in_month(start, period.months)
    return _plus(whole, period.days + cut)


def within(start: date, period: Period) -> date:
    """Return the day on which a maximum period from `start` on ends.

    Where the month has no such day, it is its last one.

    >>> within(date(2024, 2, 29), Period(12))
    datetime.date(2025, 2, 28)
    """
    return _plus(_in_month(start, period.months)[0], period.days)


@lru_cache(maxsize=1024)
def ever_longer(one: Period, other: Period) -> bool:
    """Return whether `one` ends after `other` from the first of any month on.

    >>> ever_longer(Period(12), Period(days=365)), ever_longer(Period(12), Period(12))
    (True, False)
    """
    months, days = one.months - other.months, one.days - other.days
    if months >= 0 and days >= 0:
        return months > 0 or days > 0
    if months <= 0 and days <= 0:
        return False
    return any(
        until(first, one) > until(first, other)
        for year in range(2000, 2000 + _CYCLE)
        for first in (date(year, month, 1) for month in range(1, MONTHS + 1))
    )


def _in_month(start: date, months: int) -> tuple[date, bool]:
    """Return the same day so many months on, and whether an earlier one had to do."""
    year, month = divmod(start.year * MONTHS + start.month - 1 + months, MONTHS)
    if year > MAXYEAR:
        return date.max, False
    for back in range(4):
        try:
            return date(year, month + 1, start.day - back), back > 0
        except ValueError:
            continue
    raise AssertionError  # no month is shorter than 28 days


def _plus(start: date, days: int) -> date:
    try:
        return start + timedelta(days)
    except OverflowError:
        return date.max
