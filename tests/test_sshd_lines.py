"""Lines of system logs: their times, their years and zones, who says what."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import instants
from prooftrail.importers import Problem
from prooftrail.importers.sshd_lines import Heading, Line, Lines, Repeat

if TYPE_CHECKING:
    from datetime import tzinfo

BERLIN = ZoneInfo("Europe/Berlin")


def times(
    texts: list[str], year: int | None = 2026, zone: tzinfo | None = BERLIN
) -> list[str]:
    """Return the time of each line, or why it has none."""
    lines = Lines(year, zone)
    found = [lines.read(f"{text} gate sshd[7]: x") for text in texts]
    return [
        one.reason if isinstance(one, Problem) else instants.text(one.at_us)
        for one in found
        if isinstance(one, Problem | Line)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dec 10 06:55:46 LabSZ sshd[24200]: x", ("LabSZ", "sshd", 24200)),
        ("Dec  1 06:55:46 a.b.c sshd-session[1]: x", ("a.b.c", "sshd-session", 1)),
        ("<38>Dec 10 06:55:46 sshd[24200]: x", ("", "sshd", 24200)),
        ("Dec 10 06:55:46 gate auth.info sshd[2]: x", ("gate", "sshd", 2)),
        ("Dec 10 06:55:46 gate sshd[2]: [ID 800047 auth.info] x", ("gate", "sshd", 2)),
        ("Dec 10 06:55:46 gate /usr/sbin/sshd[2]: x", ("gate", "sshd", 2)),
        ("Dec 10 06:55:46 fe80::1 sshd[2]: x", ("fe80::1", "sshd", 2)),
        ("2026-12-10T06:55:46.5+01:00 gate sshd[2]: x", ("gate", "sshd", 2)),
        ("Dec 10 06:55:46 [sshd] x", ("", "sshd", None)),
        ("Dec 10 06:55:46 [sshd]: x", ("", "sshd", None)),
        ("2026-12-10T06:55:46+0100 gate sshd[2]: x", ("gate", "sshd", 2)),
        ("2026-12-10 06:55:46,123 gate sshd: x", ("gate", "sshd", None)),
        ("<38>1 2026-12-10T05:55:46Z gate sshd 2 - - x", ("gate", "sshd", 2)),
        (
            '<38>1 2026-12-10T05:55:46Z - sshd - ID [a@1 b="]\\""][c] x',
            ("", "sshd", None),
        ),
    ],
)
def test_every_form_that_logs_have_is_read(
    text: str, expected: tuple[str, str, int | None]
) -> None:
    line = Lines(2026, BERLIN).read(text)
    assert isinstance(line, Line)
    assert (line.server, line.program, line.pid) == expected
    assert line.message == "x"
    assert instants.text(line.at_us)[:17] in {"2026-12-10T05:55:", "2026-12-01T05:55:"}


def test_the_old_name_of_pam_is_read_as_the_new_one() -> None:
    line = Lines(2026, UTC).read("Dec 10 06:55:46 gate sshd(pam_unix)[2]: session x")
    assert isinstance(line, Line)
    assert (line.program, line.message) == ("sshd", "pam_unix(sshd): session x")


def test_repeats_headings_and_marks_are_told_apart() -> None:
    lines = Lines(2026, UTC)
    repeat = lines.read("Dec 10 06:55:46 gate last message repeated 3 times")
    assert isinstance(repeat, Repeat)
    assert (repeat.server, repeat.times) == ("gate", 3)
    for text in ("", "   ", "-- Boot 1f --", "-- No entries --"):
        assert isinstance(lines.read(text), Heading)
    mark = lines.read("Dec 10 06:55:46 gate -- MARK --")
    assert isinstance(mark, Line)
    assert mark.program == "syslogd"
    for text, why in (("hello", "no time"), ("Dec 10 06:55:46 gate", "no program")):
        found = lines.read(text)
        assert isinstance(found, Problem)
        assert why in found.reason


def test_a_year_ends_where_december_goes_on_as_january() -> None:
    assert times(
        [
            "Dec 30 10:00:00",
            "Dec 31 23:59:59",
            "Jan  1 00:00:00",
            "Dec 31 23:59:59",
            "Feb 28 00:00:00",
            "Jul  1 00:00:00",
        ],
        zone=UTC,
    ) == [
        "2026-12-30T10:00:00Z",
        "2026-12-31T23:59:59Z",
        "2027-01-01T00:00:00Z",
        "2026-12-31T23:59:59Z",  # out of order by a second, and not a year later
        "2027-02-28T00:00:00Z",
        "2027-07-01T00:00:00Z",
    ]


def test_no_line_lies_before_the_year_that_was_given() -> None:
    assert times(["Jan  1 00:00:00", "Dec 31 23:59:59"], zone=UTC) == [
        "2026-01-01T00:00:00Z",
        "2026-12-31T23:59:59Z",
    ]


def test_a_leap_day_is_one_in_a_leap_year_only() -> None:
    assert times(["Feb 29 12:00:00"], 2024, UTC) == ["2024-02-29T12:00:00Z"]
    assert times(["Feb 29 12:00:00"], 2026, UTC) == [
        "'Feb 29 12:00:00' is no time in 2026"
    ]
    assert "no month" in times(["Dez 29 12:00:00"])[0]
    assert "no time in 2026" in times(["Dec 29 25:00:00"])[0]
    assert "is no time" in times(["2026-02-29T12:00:00Z"])[0]


def test_an_hour_that_comes_twice_is_told_by_the_order_of_lines() -> None:
    assert times(
        [
            f"Oct 25 {clock}:00"
            for clock in ("01:59", "02:10", "02:50", "02:10", "02:50", "03:00")
        ]
    ) == [
        "2026-10-24T23:59:00Z",
        "2026-10-25T00:10:00Z",
        "2026-10-25T00:50:00Z",
        "2026-10-25T01:10:00Z",
        "2026-10-25T01:50:00Z",
        "2026-10-25T02:00:00Z",
    ]


def test_seconds_out_of_order_do_not_change_the_hour() -> None:
    assert times(["Oct 25 02:50:10", "Oct 25 02:50:00"]) == [
        "2026-10-25T00:50:10Z",
        "2026-10-25T00:50:00Z",
    ]


def test_an_hour_that_never_was_says_that_the_zone_is_wrong() -> None:
    assert "clocks went forward" in times(["Mar 29 02:30:00"])[0]
    assert times(["Mar 29 03:00:00"]) == ["2026-03-29T01:00:00Z"]


def test_offsets_go_before_the_options() -> None:
    assert times(
        [
            "2026-07-01T10:00:00.123456789+02:00",
            "2026-07-01T10:00:00-0330",
            "2026-07-01T10:00:00Z",
            "2026-07-01T10:00:00",
        ],
        None,
        BERLIN,
    ) == [
        "2026-07-01T08:00:00.123456Z",
        "2026-07-01T13:30:00Z",
        "2026-07-01T10:00:00Z",
        "2026-07-01T08:00:00Z",
    ]


def test_what_is_missing_is_asked_for() -> None:
    assert "no year" in times(["Jul  1 10:00:00"], None, BERLIN)[0]
    assert "no zone" in times(["Jul  1 10:00:00"], 2026, None)[0]
    assert "no zone" in times(["2026-07-01T10:00:00"], None, None)[0]


def test_what_cannot_be_printed_is_escaped() -> None:
    line = Lines(2026, UTC).read("Dec 10 06:55:46 g sshd[2]: a\x1b[2J\u202eb\x00\tc")
    assert isinstance(line, Line)
    assert line.message == "a\\x1b[2J\\u202eb\\x00 c"


@given(st.lists(st.text(max_size=80)), st.sampled_from([BERLIN, UTC, None]))
def test_any_text_is_read(texts: list[str], zone: tzinfo | None) -> None:
    lines = Lines(2026, zone)
    for text in texts:
        assert isinstance(lines.read(text), Line | Repeat | Heading | Problem)


@given(
    st.lists(
        st.from_regex(
            r"\A(<38>)?(1 )?([A-Z][a-z]{2} [ 0-9][0-9]|[0-9]{4}-[01][0-9]-[0-3][0-9]T)"
            r" ?[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-][0-9]{4})? .{0,9}"
            r"sshd\[[0-9]\]: .{0,9}\Z"
        )
    )
)
def test_anything_like_a_line_is_read(texts: list[str]) -> None:
    lines = Lines(1970, BERLIN)
    for text in texts:
        assert isinstance(lines.read(text), Line | Repeat | Heading | Problem)
