"""Instants: one spelling in, one spelling out, nothing rounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prooftrail.core import instants
from prooftrail.errors import EventError

FIRST = -62_135_596_800_000_000  # 0001-01-01T00:00:00Z
LAST = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z

every = st.integers(FIRST, LAST)


@given(every)
@example(FIRST)
@example(LAST)
@example(-1)
@example(0)
def test_every_instant_comes_back_from_its_text(microsecond: int) -> None:
    text = instants.text(microsecond)
    assert instants.microseconds(text) == microsecond
    assert instants.convert(text) == text


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59.9Z", -100_000),
        ("2026-02-17T14:23:01.445Z", 1_771_338_181_445_000),
        ("2026-02-17T14:23:01.445000Z", 1_771_338_181_445_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
        ("0001-01-01T00:00:00Z", FIRST),
        ("9999-12-31T23:59:59.999999Z", LAST),
    ],
)
def test_the_strict_spelling_is_read(text: str, microsecond: int) -> None:
    assert instants.microseconds(text) == microsecond


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-17",
        "2026-02-17T14:23Z",
        "2026-02-17T14:23:01",
        "2026-02-17T14:23:01z",
        "2026-02-17t14:23:01Z",
        "2026-02-17 14:23:01Z",
        "2026-02-17T14:23:01+00:00",
        "2026-02-17T14:23:01.Z",
        "2026-02-17T14:23:01,5Z",
        "2026-02-17T14:23:01.1234567Z",
        "2026-02-17T14:23:01Z\n",
        " 2026-02-17T14:23:01Z",
        "2026-2-17T14:23:01Z",
        "+2026-02-17T14:23:01Z",
        "20260217T142301Z",
        "２026-02-17T14:23:01Z",  # noqa: RUF001
        "0000-01-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-02-17T24:00:00Z",
        "2026-02-17T14:60:00Z",
        "2026-06-30T23:59:60Z",
    ],
)
def test_every_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(EventError):
        instants.microseconds(text)


@given(
    every,
    st.integers(-24 * 60 + 1, 24 * 60 - 1),
    st.text("0123456789", max_size=12),
)
def test_an_offset_is_converted_and_a_long_fraction_cut(
    microsecond: int, minutes: int, more: str
) -> None:
    second = microsecond // instants.SECOND * instants.SECOND
    try:
        local = instants.EPOCH + timedelta(microseconds=second, minutes=minutes)
    except OverflowError:
        return  # that zone has no such year
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    fraction = f".{more}" if more else ""
    given_text = f"{local.isoformat()[:19]}{fraction}{zone}"
    kept = int(more[:6].ljust(6, "0")) if more else 0
    assert instants.convert(given_text) == instants.text(second + kept)


@pytest.mark.parametrize(
    ("given_time", "text"),
    [
        ("2026-02-17t14:23:01.5z", "2026-02-17T14:23:01.5Z"),
        ("2026-02-17 14:23:01Z", "2026-02-17T14:23:01Z"),
        ("2026-02-17T14:23:01.9999999Z", "2026-02-17T14:23:01.999999Z"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        ("2026-03-01T00:30:00+01:00", "2026-02-28T23:30:00Z"),
        ("2026-02-17T14:23:01.100Z", "2026-02-17T14:23:01.100Z"),
        (
            datetime(2026, 2, 17, 14, 23, 1, 5, tzinfo=UTC),
            "2026-02-17T14:23:01.000005Z",
        ),
        (
            datetime(
                2026, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=-5, minutes=-30))
            ),
            "2026-01-01T05:30:00Z",
        ),
    ],
)
def test_capture_takes_any_rfc_3339_time(given_time: str | datetime, text: str) -> None:
    assert instants.convert(given_time) == text


@pytest.mark.parametrize(
    ("given_time", "reason"),
    [
        ("2026-02-17T14:23:01", "with a zone"),
        ("2026-02-17", "with a zone"),
        ("noon", "with a zone"),
        ("2026-02-17T14:23:01 UTC", "with a zone"),
        ("2026-02-17T24:00:00+00:00", "no RFC 3339 time"),
        ("2026-02-30T00:00:00+00:00", "is no time"),
        ("2026-02-17T14:23:01+25:00", "is no time"),
        ("0001-01-01T00:00:00+00:01", "outside"),
        ("9999-12-31T23:59:59-00:01", "outside"),
        (datetime(2026, 1, 1), "no time zone"),  # noqa: DTZ001
    ],
)
def test_a_time_without_zone_or_sense_is_refused(
    given_time: str | datetime, reason: str
) -> None:
    with pytest.raises(EventError, match=reason):
        instants.convert(given_time)


@pytest.mark.parametrize("microsecond", [FIRST - 1, LAST + 1, 2**63, -(2**63), 10**30])
def test_an_instant_outside_four_digit_years_is_refused(microsecond: int) -> None:
    with pytest.raises(EventError, match="outside"):
        instants.text(microsecond)


@given(
    st.lists(
        st.sampled_from(
            [
                "2026-02-17T14:23:01.445678Z",
                "1970-01-01T00:00:00Z",
                "2026-02-30T00:00:00Z",
                "2026-02-17T24:00:00Z",
                "2026-02-17T14:23:01Z\n",
                "2026-02-17T14:23:01Z\n2026-02-17T14:23:02Z",
                "\n",
                "",
            ]
        ),
        max_size=5,
    )
)
def test_many_are_read_as_one_by_one(texts: list[str]) -> None:
    try:
        singly = [instants.microseconds(text) for text in texts]
    except EventError:
        with pytest.raises(EventError):
            instants.all_microseconds(texts)
    else:
        assert instants.all_microseconds(texts) == singly
