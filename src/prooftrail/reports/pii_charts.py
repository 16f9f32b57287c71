"""Accesses to personal data as pictures: by day, by hour of the week, by person, class.

Guarantees: a chart has at most `columns.MOST` columns, however long the period is; each
access whose time is one is in exactly one of them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prooftrail.reports import columns
from prooftrail.reports.circumstances import counted
from prooftrail.reports.counting import ranked, short
from prooftrail.reports.document import Bars, Heat, Stacked
from prooftrail.store.question import ANSWERS

if TYPE_CHECKING:
    from prooftrail.reports.pii_tally import Tally

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
    days = columns.days((day for day, _ in tally.days), since_us, until_us)
    drawn = [[0] * len(ANSWERS) for _ in range(days.total)]
    for (day, answer), n in tally.days.items():
        drawn[days.at(day)][ANSWERS.index(answer)] += n
    most = max(map(sum, drawn))
    at = next(i for i, one in enumerate(drawn) if sum(one) == most)
    each = "day" if days.step == 1 else f"{days.step:,} days"
    told = ", ".join(f"{tally.verdicts[one]:,} {one}" for one in ANSWERS)
    return Stacked(
        ANSWERS,
        _TONES,
        tuple((days.name(number), tuple(parts)) for number, parts in enumerate(drawn)),
        f"Accesses to personal data by verdict, each {each} from {days.name(0)} to"
        f" {columns.date(days.last)}, UTC: {told}. The most are {most:,}, from"
        f" {days.name(at)}.",
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
