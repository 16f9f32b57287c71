"""Whether somebody accessed personal data outside his own hours; to be reported alone.

Guarantees: a person's hours are those at which he accessed personal data on the
`BACK_DAYS` days before the day of the access, in UTC: the present day teaches nothing,
and nothing later does. An access is off-hours where none of these days has one within
an hour of its time of day, or none of them is such a day of the week. Of whoever did so
on fewer than `LEAST_DAYS` of these days nothing is known, and nothing is judged. What
is held is a day's hours of each person, for so many days.

Does not: know holidays, time zones, shifts or plans. It is no rule of detection: a
person's calendar that changes is none of misuse.

Source: shared requirements, detections: off-hours is our own default, report-only.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from prooftrail.core import instants

if TYPE_CHECKING:
    from prooftrail.detections import Seen

BACK_DAYS: Final = 28
LEAST_DAYS: Final = 10
LISTED: Final = 500  # accesses outside that are kept, the first ones
PEOPLE: Final = 20_000  # that are told apart
HOUR_US: Final = 3_600 * instants.SECOND
DAY_US: Final = 24 * HOUR_US
BACK_US: Final = BACK_DAYS * DAY_US
Place: TypeAlias = Literal["inside", "outside", "unknown"]
_ALL: Final = (1 << 24) - 1
_WEEK: Final = 7
_THURSDAY: Final = 3  # the epoch's first day, from Monday


class Hours:
    """Looks at the accesses of one stream, in the order of their time."""

    def __init__(self) -> None:
        self._known: dict[str, deque[tuple[int, int]]] = {}  # day, hours as bits
        self.outside: list[Seen] = []
        self.counts: dict[Place, int] = {"inside": 0, "outside": 0, "unknown": 0}
        self.cut = False  # more people than are told apart

    def look(self, event: Seen, *, judged: bool = True) -> None:
        """Look at an access; those that failed or were denied tell no hours.

        Args:
            event: of the stream; others than accesses are passed over.
            judged: whether it is asked about, or teaches alone.
        """
        if not event.pii or event.result != "success" or event.actor is None:
            return
        day, rest = divmod(event.occurred_us, DAY_US)
        hour = rest // HOUR_US
        days = self._known.get(event.actor)
        if days is None:
            if len(self._known) >= PEOPLE:
                self.cut = True
                return
            days = self._known[event.actor] = deque()
        while days and days[0][0] < day - BACK_DAYS:
            days.popleft()
        if judged:
            place = _place(days, day, hour)
            self.counts[place] += 1
            if place == "outside" and len(self.outside) < LISTED:
                self.outside.append(event)
        if days and days[-1][0] == day:
            days[-1] = (day, days[-1][1] | 1 << hour)
        else:
            days.append((day, 1 << hour))


def _place(days: deque[tuple[int, int]], today: int, hour: int) -> Place:
    """Return where an hour lies among those of the days before today."""
    hours, weekdays, n = 0, set(), 0
    for day, those in days:
        if day < today:
            hours |= those
            weekdays.add(weekday(day))
            n += 1
    if n < LEAST_DAYS:
        return "unknown"
    wide = hours | hours << 1 | hours >> 1 | hours << 23 | hours >> 23
    usual = weekday(today) in weekdays and (wide & _ALL) >> hour & 1
    return "inside" if usual else "outside"


def weekday(day: int) -> int:
    """Return the day of the week of a day since the epoch, Monday being 0.

    >>> weekday(0), weekday(4)
    (3, 0)
    """
    return (day + _THURSDAY) % _WEEK
