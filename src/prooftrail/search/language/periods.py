"""Periods of time, as people write them: to microseconds, and back.

Guarantees: a period is half-open, in UTC, and what is relative ("last-month") counts
from the present that is given. `spell` writes what `read` reads as the same period,
with nothing relative in it, as years, quarters, months or days where it is such.

A range goes from the beginning of what stands before `..` to the end of what stands
behind it: 2026-01..2026-03 is the first quarter. An instant has no length.

Source: ISO 8601 (weeks begin on Monday); RFC 3339.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from prooftrail.core import instants
from prooftrail.errors import EventError, QuestionError
from prooftrail.search import values
from prooftrail.store.question import Within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FIRST_YEAR, LAST_YEAR = 1900, 9990
HINT: Final = (
    "write 2026, 2026-Q1, 2026-03, 2026-03-14, a range (2026-01..2026-03), or "
    "today, yesterday, this-week, last-month, last-7-days"
)
WORDS: Final = (
    "today",
    "yesterday",
    *(f"{which}-{unit}" for which in ("this", "last") for unit in
      ("week", "month", "quarter", "year")),
)  # fmt: skip

_FIXED = re.compile(r"([0-9]{4})(?:-(?:[Qq]([1-4])|([0-9]{2})(?:-([0-9]{2}))?))?")
_LAST = re.compile(r"last-([0-9]{1,4})-(hour|day|week|month|year)s?")
_DAY = timedelta(days=1)
_MONTHS: Final = 12


def read(text: str, now_us: int) -> Within:
    """Return a period.

    Raises:
        QuestionError: it is none.
    """
    begin, dots, end = text.partition("..")
    if not dots:
        found = _unit(text, now_us)
    else:
        first = _unit(begin, now_us) if begin else Within(None, None)
        last = _unit(end, now_us) if end else Within(None, None)
        found = Within(first.from_us, last.to_us)
    if found == (None, None):
        raise QuestionError(f"{text[:40]!r} is no period: {HINT}")
    if None not in found and found.from_us >= found.to_us:  # type: ignore[operator]
        raise QuestionError(
            f"{text[:60]!r} ends before it begins, or at once: swap the two, or write "
            "a day or an hour more"
        )
    return found


def spell(period: Within) -> str:
    """Return a period's text."""
    if period.from_us is None or period.to_us is None:
        begin = "" if period.from_us is None else _edge(period.from_us)
        return f"{begin}..{'' if period.to_us is None else _before(period.to_us)}"
    first, end = _as_date(period.from_us), _as_date(period.to_us)
    if first is None or end is None:
        return f"{instants.text(period.from_us)}..{instants.text(period.to_us)}"
    for name, after in _UNITS:
        if name(first) is not None and after(first) == end:
            return str(name(first))
    for name, after in _UNITS:
        last = _last(name, after, end)
        if name(first) is not None and last is not None:
            return f"{name(first)}..{last}"
    return f"{first}..{end - _DAY}"


def day(moment: date) -> int:
    """Return a day's beginning, microseconds since the epoch."""
    return (moment - instants.EPOCH.date()).days * instants.DAY


def today(now_us: int) -> date:
    """Return the day in which an instant lies."""
    return (instants.EPOCH + timedelta(microseconds=now_us)).date()


def months_on(begin: date, count: int) -> date:
    """Return the first of the month so many months on."""
    year, month = divmod(begin.year * _MONTHS + begin.month - 1 + count, _MONTHS)
    return date(year, month + 1, 1)


def _year(begin: date) -> str | None:
    return f"{begin:%Y}" if (begin.month, begin.day) == (1, 1) else None


def _quarter(begin: date) -> str | None:
    if begin.day == 1 and begin.month % 3 == 1:
        return f"{begin:%Y}-Q{begin.month // 3 + 1}"
    return None


def _month(begin: date) -> str | None:
    return f"{begin:%Y-%m}" if begin.day == 1 else None


_UNITS: Final[
    tuple[tuple[Callable[[date], str | None], Callable[[date], date]], ...]
] = (
    (_year, lambda begin: months_on(begin, _MONTHS)),
    (_quarter, lambda begin: months_on(begin, 3)),
    (_month, lambda begin: months_on(begin, 1)),
    (date.isoformat, lambda begin: begin + _DAY),
)
_BACK: Final[Mapping[str, int]] = {"month": 1, "quarter": 3, "year": _MONTHS}


def _last(
    name: Callable[[date], str | None], after: Callable[[date], date], end: date
) -> str | None:
    """Return the name of the unit that ends there; None: none does."""
    for begin in (end - _DAY, *(months_on(end, -count) for count in (1, 3, _MONTHS))):
        if name(begin) is not None and after(begin) == end:
            return name(begin)
    return None


def _unit(text: str, now_us: int) -> Within:
    """Return the period of a year, a quarter, a month, a day, a word or an instant."""
    fixed = _FIXED.fullmatch(text)
    folded = text.lower()
    last = _LAST.fullmatch(folded)
    try:
        if fixed:
            return _fixed(*fixed.groups())
        if folded in WORDS:
            return _word(folded, today(now_us))
        if last:
            return _counted(int(last[1]), last[2], now_us)
        at = instants.microseconds(instants.convert(text))
    except (EventError, ValueError, OverflowError) as error:
        raise QuestionError(f"{text[:40]!r} is no period: {HINT}") from error
    return Within(at, at)


def _fixed(
    year: str, quarter: str | None, month: str | None, day_: str | None
) -> Within:
    first = 1 if quarter is None else 3 * int(quarter) - 2
    begin = date(int(year), int(month or first), int(day_ or 1))
    if not FIRST_YEAR <= begin.year <= LAST_YEAR:
        raise ValueError
    if day_ is not None:
        return _of(begin, begin + _DAY)
    length = 3 if quarter else 1 if month else _MONTHS
    return _of(begin, months_on(begin, length))


def _word(word: str, now: date) -> Within:
    if word in {"today", "yesterday"}:
        begin = now if word == "today" else now - _DAY
        return _of(begin, begin + _DAY)
    which, _, unit = word.partition("-")
    if unit == "week":
        monday = now - timedelta(days=now.weekday() + (7 if which == "last" else 0))
        return _of(monday, monday + timedelta(days=7))
    months = _BACK[unit]
    begin = date(now.year, (now.month - 1) // months * months + 1, 1)
    begin = months_on(begin, -months) if which == "last" else begin
    return _of(begin, months_on(begin, months))


def _counted(count: int, unit: str, now_us: int) -> Within:
    """Return so many hours up to now, or so many days of which today is the last."""
    if count == 0:
        raise ValueError
    if unit == "hour":
        end = -(-now_us // instants.SECOND) * instants.SECOND
        return Within(end - count * 3600 * instants.SECOND, end)
    end_day = today(now_us) + _DAY
    if unit in {"day", "week"}:
        begin = end_day - timedelta(days=count * (7 if unit == "week" else 1))
    else:
        months = count * _BACK[unit]
        first = months_on(end_day, -months)
        within = (months_on(first, 1) - first).days
        begin = first.replace(day=min(end_day.day, within))
    if begin.year < FIRST_YEAR:
        raise ValueError
    return _of(begin, end_day)


def _of(begin: date, end: date) -> Within:
    return Within(day(begin), day(end))


def _as_date(us: int) -> date | None:
    """Return the day that begins then; None: none does."""
    if us % instants.DAY:
        return None
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us)
    found = moment.date()
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def _edge(us: int) -> str:
    begin = _as_date(us)
    return instants.text(us) if begin is None else begin.isoformat()


def _before(us: int) -> str:
    end = _as_date(us)
    return instants.text(us) if end is None else (end - _DAY).isoformat()


def instant(name: str, text: str) -> tuple[int, str]:
    """Return an instant or a day's beginning, and its text.

    Raises:
        QuestionError: it is neither.
    """
    at = values.instant(name, text)
    return at, _edge(at)
