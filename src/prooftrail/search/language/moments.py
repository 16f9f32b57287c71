"""Times as plain phrases tell them: "in Q1", "last week", "between March and May".

Guarantees: where no year is told, it is the newest one in which the quarter, month or
day has begun. "past week" is refused: it may be the calendar's or the last seven days.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.errors import QueryError, QuestionError
from prooftrail.search.language import periods
from prooftrail.store.question import Within

if TYPE_CHECKING:
    from collections.abc import Sequence

MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_SHORT: Final = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
_MONTH: Final = {
    **_SHORT,
    "sept": 9,
    **{name: number for number, name in enumerate(MONTHS, 1)},
}
_NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        (
            *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
            *("ten", "eleven", "twelve"),
        ),
        1,
    )
}
_ORDINALS: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_IN: Final = frozenset({"in", "during", "on", "over", "within", "for", "of", "through"})
_UNIT: Final = re.compile(r"(hour|day|week|month|year|quarter)s?")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")
_FIXED: Final = re.compile(
    r"[0-9]{4}-(?:[Qq][0-9]+|[0-9]{2}(?:-[0-9]{2})?)|[0-9]{4}-[0-9-]*T[0-9:.]+Z"
)
_QUARTER: Final = re.compile(r"[Qq]([0-9]+)")
_DAY: Final = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?")
_ALSO_WORDS: Final = frozenset({"may", "march", "mar"})  # without "in" before them
_WORDS: Final = {"this": "this", "current": "this", "last": "last", "previous": "last"}

VOCABULARY: Final = frozenset(
    {*MONTHS, "today", "yesterday", "since", "before", "after", "until", "between"}
    | {"in", "during", "from", "last", "this", "week", "month", "quarter", "year"}
    | {"hours", "days", "weeks", "months", "years", "first", "second", "third"}
)


class Word(NamedTuple):
    """A word of a phrase."""

    text: str
    at: int
    length: int
    owns: bool = False  # written with 's

    @property
    def folded(self) -> str:
        """The word in lower case."""
        return self.text.lower()


class Moment(NamedTuple):
    """A time that is told, in so many words."""

    words: int
    period: Within


class _Unit(NamedTuple):
    words: int
    text: str  # a period; with ???? in the place of a year that is not told


def read(words: Sequence[Word], now_us: int) -> Moment | None:
    """Return the time that words begin with; None: they begin with none.

    Raises:
        QueryError: they do, and it cannot be understood.
    """
    if not words:
        return None
    first = words[0].folded
    if first in {"between", "from"}:
        return _range(words, "and" if first == "between" else "to", now_us)
    if first in {"since", "before", "after", "until", "till"}:
        unit = _unit(words[1:])
        if unit is None:
            raise _no_time(words, first)
        found = _period(words[0], unit.text, now_us)
        sides = {
            "since": Within(found.from_us, None),
            "after": Within(found.to_us, None),
            "before": Within(None, found.from_us),
        }
        until = Within(None, found.to_us)
        return Moment(1 + unit.words, sides.get(first, until))
    skipped = 1 if first in _IN else 0
    if words[skipped : skipped + 1] and words[skipped].folded == "the":
        skipped += 1
    unit = _unit(words[skipped:], bare=first not in _IN)
    if unit is None:
        return None
    found = _period(words[skipped], unit.text, now_us)
    return Moment(skipped + unit.words, found)


def _range(words: Sequence[Word], middle: str, now_us: int) -> Moment | None:
    begin = _unit(words[1:])
    if begin is None:
        if middle == "and":
            raise _no_time(words, "between")
        return None  # from an address, perhaps
    at = 1 + begin.words
    if at >= len(words) or words[at].folded not in {middle, "to", "until", "and"}:
        if middle == "to":  # from March on
            at += 1 if at < len(words) and words[at].folded in {"on", "onwards"} else 0
            found = _period(words[1], begin.text, now_us)
            return Moment(at, Within(found.from_us, None))
        raise _no_time(words, "between")
    end = _unit(words[at + 1 :])
    if end is None:
        raise _no_time(words[at:], words[at].folded)
    last = _period(words[at + 1], end.text, now_us)
    # a year that is not told is that of the end, or the one before
    before = now_us if last.from_us is None else last.from_us
    told = begin.text.startswith("????")
    first = _period(words[1], begin.text, before if told else now_us)
    if None in (first.from_us, last.to_us) or first.from_us >= last.to_us:  # type: ignore[operator]
        raise QueryError(
            "this period ends before it begins: swap the two",
            words[0].at,
            words[at].at + words[at].length - words[0].at,
        )
    return Moment(at + 1 + end.words, Within(first.from_us, last.to_us))


def _unit(words: Sequence[Word], *, bare: bool = False) -> _Unit | None:
    """Return the period that words begin with."""
    texts = [word.folded for word in words[:5]] + [""] * 5
    first, second, third = texts[:3]
    if first in {"today", "yesterday"}:
        return _Unit(1, first)
    if _FIXED.fullmatch(words[0].text if words else ""):
        return _Unit(1, words[0].text)
    if first in {"last", "past", "previous", "this", "current"}:
        return _relative(words, first, second, third)
    if _YEAR.fullmatch(first):
        quarter = _QUARTER.fullmatch(second)
        return _Unit(2, f"{first}-Q{quarter[1]}") if quarter else _Unit(1, first)
    return _calendar(texts, bare=bare)


def _calendar(texts: Sequence[str], *, bare: bool) -> _Unit | None:
    """Return the quarter, month or day that words begin with."""
    first, second = texts[:2]
    quarter = _QUARTER.fullmatch(first)
    if quarter or (first in _ORDINALS and second == "quarter"):
        number = quarter[1] if quarter else str(_ORDINALS[first])
        return _with_year(texts, 1 if quarter else 2, f"Q{number}")
    if first in _MONTH and not (bare and first in _ALSO_WORDS):
        return _of_month(texts)
    day = _DAY.fullmatch(first)
    if day and second in _MONTH:
        return _with_year(texts, 2, f"{_MONTH[second]:02d}-{int(day[1]):02d}")
    return None


def _of_month(texts: Sequence[str]) -> _Unit:
    month = f"{_MONTH[texts[0]]:02d}"
    day = _DAY.fullmatch(texts[1])
    if day:
        return _with_year(texts, 2, f"{month}-{int(day[1]):02d}")
    return _with_year(texts, 1, month)


def _with_year(texts: Sequence[str], count: int, rest: str) -> _Unit:
    if texts[count] == "of" and _YEAR.fullmatch(texts[count + 1]):
        count += 1
    if _YEAR.fullmatch(texts[count]):
        return _Unit(count + 1, f"{texts[count]}-{rest}")
    return _Unit(count, f"????-{rest}")


def _relative(
    words: Sequence[Word], which: str, second: str, third: str
) -> _Unit | None:
    number = _NUMBERS.get(second) or (int(second) if second.isdecimal() else None)
    unit = _UNIT.fullmatch(third if number is not None else second)
    if unit is None:
        return None
    if number is not None:
        if which in {"this", "current"} or unit[1] == "quarter":
            return None
        return _Unit(3, f"last-{number}-{unit[1]}s")
    if which == "past" or unit[1] == "hour":
        days = {"day": 1, "week": 7, "month": 30, "year": 365, "quarter": 90}
        told = (
            "during:last-1-hours"
            if unit[1] == "hour"
            else f"'last {unit[1]}' for the calendar's, or 'last "
            f"{days[unit[1]]} days' for these days up to today"
        )
        raise QueryError(
            f"'{which} {second}' may be read in two ways: write {told}",
            words[0].at,
            words[1].at + words[1].length - words[0].at,
        )
    if unit[1] == "day":
        return _Unit(2, "yesterday" if which in {"last", "previous"} else "today")
    return _Unit(2, f"{_WORDS[which]}-{unit[1]}")


def _period(word: Word, text: str, now_us: int) -> Within:
    """Return a period; a year that is not told is the newest in which it has begun."""
    try:
        if not text.startswith("????"):
            return periods.read(text, now_us)
        year = periods.today(now_us).year
        tries = [text.replace("????", str(year - back)) for back in range(9)]
        for one in tries:
            try:
                found = periods.read(one, now_us)
            except QuestionError:  # 29 February
                continue
            if found.from_us is not None and found.from_us <= now_us:
                return found
        return periods.read(tries[0], now_us)
    except QuestionError as error:
        raise QueryError(
            f"{word.text[:40]!r}: {periods.HINT}", word.at, word.length
        ) from error


def _no_time(words: Sequence[Word], after: str) -> QueryError:
    word = words[1] if len(words) > 1 else words[0]
    return QueryError(
        f"a time stands behind '{after}': {periods.HINT}", word.at, word.length
    )
