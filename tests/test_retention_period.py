"""Periods: years, months and days by the calendar, leap days and month ends exact."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.errors import ConfigurationError
from prooftrail.retention import period
from prooftrail.retention.period import Period

lengths = st.builds(Period, st.integers(0, 200), st.integers(0, 800)).filter(any)
days = st.dates(date(1990, 1, 1), date(2200, 1, 1))


@pytest.mark.parametrize(
    ("start", "length", "least", "most"),
    [
        (date(2024, 2, 29), "1y", date(2025, 3, 1), date(2025, 2, 28)),
        (date(2024, 2, 29), "4y", date(2028, 2, 29), date(2028, 2, 29)),
        (date(2096, 2, 29), "4y", date(2100, 3, 1), date(2100, 2, 28)),
        (date(2026, 1, 31), "1mo", date(2026, 3, 1), date(2026, 2, 28)),
        (date(2026, 8, 31), "1mo", date(2026, 10, 1), date(2026, 9, 30)),
        (date(2026, 11, 1), "7y", date(2033, 11, 1), date(2033, 11, 1)),
        (date(2024, 2, 28), "366d", date(2025, 2, 28), date(2025, 2, 28)),
        (date(2026, 12, 1), "13mo", date(2028, 1, 1), date(2028, 1, 1)),
        (date(2026, 1, 30), "1mo1d", date(2026, 3, 2), date(2026, 3, 1)),
        (date(9999, 1, 1), "7y", date.max, date.max),
    ],
)
def test_periods_end_by_the_calendar(
    start: date, length: str, least: date, most: date
) -> None:
    assert period.until(start, period.parse(length)) == least
    assert period.within(start, period.parse(length)) == most


@given(days, st.integers(1, 300))
def test_months_end_on_the_same_day_or_where_there_is_none_beside_it(
    start: date, months: int
) -> None:
    least = period.until(start, Period(months))
    most = period.within(start, Period(months))
    total = start.year * 12 + start.month - 1 + months
    assert (most.year * 12 + most.month - 1) == total
    if most.day == start.day:
        assert least == most
    else:
        assert least == most + timedelta(1)
        assert least.day == 1


@given(days, lengths, lengths)
def test_a_period_that_is_never_longer_ends_no_later(
    start: date, one: Period, other: Period
) -> None:
    first = start.replace(day=1)
    if not period.ever_longer(one, other):
        assert period.until(first, one) <= period.until(first, other)


@given(lengths, lengths)
def test_one_of_two_different_periods_is_sometimes_longer(
    one: Period, other: Period
) -> None:
    assert not period.ever_longer(one, one)
    if one.mean_days > other.mean_days:
        assert period.ever_longer(one, other)


@given(lengths)
def test_a_period_reads_as_it_is_spelled(length: Period) -> None:
    assert period.parse(length.code) == length


def test_periods_are_told_as_people_count_them() -> None:
    told = [
        str(period.parse(one)) for one in ("7y", "1y", "13mo", "1mo", "90d", "1y1d")
    ]
    assert told == [
        "7 years",
        "12 months",
        "13 months",
        "1 month",
        "90 days",
        "12 months 1 day",
    ]
    lengths = [period.parse(one).mean_days for one in ("30d", "1mo", "31d", "1y")]
    assert all(one < other for one, other in pairwise(lengths))


@pytest.mark.parametrize("text", ["", "7", "y", "0d", "-1y", "1w", "7 y ears", "1001y"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"period|1000 years"):
        period.parse(text)
