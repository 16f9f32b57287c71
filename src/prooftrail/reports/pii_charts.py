"""Accesses to personal data as pictures: by day, by hour of the week, by person, class.

Guarantees: a chart has at most `COLUMNS` columns, however long the period is; each
access whose time is one is in exactly one of them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prooftrail.core import instants
from prooftrail.reports.circumstances import counted
from prooftrail.reports.counting import ranked, short
from prooftrail.reports.document import Bars, Heat, Stacked
from prooftrail.reports.pii_hours import DAY_US
from prooftrail.store.question import ANSWERS

if TYPE_CHECKING:
    from prooftrail.reports.pii_tally import Tally

COLUMNS: Final = 120
TOP: Final = 10
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NAME: Final = 28  # characters of a bar's name
_TONES: Final = ("plain", "dark", "soft", "attention")  # of `ANSWERS`


def over_time(
    tally: Tally, since_us: int | None = None, until_us: int | None = None
) -> Stacked | None:
    """Return accesses a day by verdict; of a longer time, of several days together."""
    if not tally.days:
        return None
    days = {day for day, _ in tally.days}
    first, last = min(days), max(days)
    if since_us is not None:
        first = min(first, since_us // DAY_US)
    if until_us is not None:
        last = max(last, (until_us - 1) // DAY_US)
    step = -(-(last - first + 1) // COLUMNS)
    columns = [[0] * len(ANSWERS) for _ in range(-(-(last - first + 1) // step))]
    for (day, answer), n in tally.days.items():
        columns[(day - first) // step][ANSWERS.index(answer)] += n
    most = max(map(sum, columns))
    at = next(i for i, one in enumerate(columns) if sum(one) == most)
    each = "day" if step == 1 else f"{step:,} days"
    told = ", ".join(f"{tally.verdicts[one]:,} {one}" for one in ANSWERS)
    return Stacked(
        ANSWERS,
        _TONES,
        tuple(
            (_date(first + number * step), tuple(parts))
            for number, parts in enumerate(columns)
        ),
        f"Accesses to personal data by verdict, each {each} from {_date(first)} to"
        f" {_date(last)}, UTC: {told}. The most are {most:,}, from"
        f" {_date(first + at * step)}.",
    )


def week(tally: Tally) -> Heat:
    """Return accesses by weekday and hour."""
    each = [
        (n, day, hour)
        for day, hours in enumerate(tally.week)
        for hour, n in enumerate(hours)
    ]
    most, day, hour = max(each, key=lambda one: (one[0], -one[1], -one[2]))
    weekend = sum(map(sum, tally.week[5:]))
    told = f"Accesses by weekday and hour, UTC; {weekend:,} are at weekends."
    if most:
        told += f" The most, {most:,}, are on {_WEEKDAYS[day]} from {hour}:00 on."
    return Heat(tuple(map(tuple, tally.week)), told)


def by_person(tally: Tally) -> Bars:
    """Return whoever accessed most."""
    counts = {who: person.counts.total() for who, person in tally.people.items()}
    top = ranked(counts, TOP)
    return Bars(
        tuple((short(who, _NAME), n) for who, n in top),
        f"The {counted(len(top), 'person', 'people')} with most accesses, of"
        f" {len(counts):,}: {sum(n for _, n in top):,} of {tally.events:,} accesses.",
    )


def by_class(tally: Tally) -> Bars:
    """Return the classes of data that were accessed most."""
    every: Counter[str] = Counter()
    for (name, _), n in tally.classes.items():
        every[name] += n
    top = ranked(every, TOP)
    return Bars(
        tuple((short(name, _NAME), n) for name, n in top),
        f"The classes of data in most accesses, of {len(every):,}; an access"
        " to several counts for each.",
    )


def _date(day: int) -> str:
    return instants.text(day * DAY_US)[:10]
