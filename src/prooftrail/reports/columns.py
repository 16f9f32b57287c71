"""A chart's columns over time: so many at most, whatever the period.

Guarantees: each moment is in one column; columns without anything are there as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.core import instants

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST: Final = 120
DAY_US: Final = instants.DAY


def covered(
    seen: Iterable[int], since_us: int | None, until_us: int | None, unit_us: int
) -> tuple[int, int]:
    """Return the first and the last day, or hour, of a chart.

    Args:
        seen: of which there is something: days or hours since the epoch, one at least.
        since_us: from when it was asked about; None: from the first of these.
        until_us: and before when; None: to the last one.
        unit_us: microseconds of a day, or an hour.
    """
    every = set(seen)
    first, last = min(every), max(every)
    if since_us is not None:
        first = min(first, since_us // unit_us)
    if until_us is not None:
        last = max(last, (until_us - 1) // unit_us)
    return first, last


class Days(NamedTuple):
    """Columns of a day each, or of several."""

    first: int  # days since the epoch
    last: int
    step: int  # days of a column

    @property
    def total(self) -> int:
        """How many columns there are."""
        return (self.last - self.first) // self.step + 1

    def at(self, day: int) -> int:
        """Return in which column a day is."""
        return (day - self.first) // self.step

    def name(self, column: int) -> str:
        """Return a column's first day."""
        return date(self.first + column * self.step)


def days(
    seen: Iterable[int], since_us: int | None = None, until_us: int | None = None
) -> Days:
    """Return the columns of a chart by days."""
    first, last = covered(seen, since_us, until_us, DAY_US)
    return Days(first, last, -(-(last - first + 1) // MOST))


def date(day: int) -> str:
    """Return a day as it is written.

    >>> date(20_000)
    '2024-10-04'
    """
    return instants.text(day * DAY_US)[:10]
