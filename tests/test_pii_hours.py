"""A person's own hours: learnt from the days before, and nothing else."""

from __future__ import annotations

from prooftrail.detections import Seen
from prooftrail.reports.pii_hours import BACK_DAYS, DAY_US, HOUR_US, LEAST_DAYS, Hours

MONDAY = 4  # a day since the epoch that is one


def access(day: int, hour: int, *, actor: str = "usr_1", **changes: object) -> Seen:
    return Seen(
        day * 100 + hour,
        day * DAY_US + hour * HOUR_US,
        "customer.pii.view",
        str(changes.get("result", "success")),
        actor=actor,
        pii=changes.get("pii", True) is True,
    )


def weeks(n: int, hours: tuple[int, ...] = (9, 12, 16)) -> list[Seen]:
    """Return accesses of working days, from a Monday on."""
    return [
        access(MONDAY + 7 * week + day, hour)
        for week in range(n)
        for day in range(5)
        for hour in hours
    ]


def looked(*events: Seen) -> Hours:
    hours = Hours()
    for one in events:
        hours.look(one)
    return hours


def last(*events: Seen) -> str:
    """Return where the last access lies."""
    before, after = looked(*events[:-1]), looked(*events)
    (place,) = (one for one in after.counts if after.counts[one] > before.counts[one])
    return place


NEXT = MONDAY + 21  # the Monday after three weeks


def test_an_hour_of_the_days_before_is_inside_and_the_next_one_too() -> None:
    assert last(*weeks(3), access(NEXT, 9)) == "inside"
    assert last(*weeks(3), access(NEXT, 8)) == "inside"
    assert last(*weeks(3), access(NEXT, 17)) == "inside"


def test_the_middle_of_the_night_and_a_day_of_the_week_off_are_outside() -> None:
    assert last(*weeks(3), access(NEXT, 2)) == "outside"
    assert last(*weeks(3), access(NEXT + 5, 9)) == "outside"
    kept = looked(*weeks(3), access(NEXT, 2)).outside
    assert [one.occurred_us for one in kept] == [NEXT * DAY_US + 2 * HOUR_US]


def test_hours_go_round_midnight() -> None:
    assert last(*weeks(3, (23,)), access(NEXT, 0)) == "inside"
    assert last(*weeks(3, (0,)), access(NEXT, 23)) == "inside"


def test_whoever_has_few_days_is_not_judged() -> None:
    few = weeks(LEAST_DAYS // 5 - 1)
    assert last(*few, access(MONDAY + 7, 2)) == "unknown"
    assert last(*weeks(3), access(NEXT, 2, actor="usr_2")) == "unknown"


def test_the_present_day_teaches_nothing() -> None:
    assert last(*weeks(3), access(NEXT, 2), access(NEXT, 2)) == "outside"


def test_what_is_long_past_teaches_nothing() -> None:
    assert last(*weeks(3), access(NEXT + BACK_DAYS, 9)) == "unknown"


def test_what_failed_was_denied_or_is_no_access_is_passed_over() -> None:
    others = (
        access(NEXT, 2, result="denied"),
        access(NEXT, 2, result="failure"),
        access(NEXT, 2, pii=False),
    )
    assert looked(*weeks(3), *others).counts == looked(*weeks(3)).counts


def test_what_is_not_asked_about_teaches_and_is_not_judged() -> None:
    hours = Hours()
    for one in weeks(3):
        hours.look(one, judged=False)
    assert sum(hours.counts.values()) == 0
    hours.look(access(NEXT, 2))
    assert hours.counts["outside"] == 1
