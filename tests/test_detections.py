"""Each rule just below, at and above its threshold; and which one tells what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from prooftrail.detections import STANDARD, Detector, detect, tuned
from prooftrail.errors import QuestionError
from tests import detections_reference
from tests.detecting import (
    BEGIN,
    HOUR,
    IP,
    MINUTE,
    SECOND,
    denied,
    failed,
    granted,
    locked,
    logged_in,
    saw,
    seen,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.detections import Hit, Seen

MIN = MINUTE // SECOND


def one(events: Sequence[Seen], rule: str, **leavers: int) -> Hit:
    """Return the only hit, which must be of a rule."""
    (found,) = detect(events, leavers=leavers)
    assert found.rule == rule
    return found


def none(events: Sequence[Seen], **leavers: int) -> None:
    assert detect(events, leavers=leavers) == []


def every(seconds: float, count: int, begin: float = 0) -> list[float]:
    return [begin + seconds * number for number in range(count)]


def test_ten_failures_within_twenty_minutes_are_guessing() -> None:
    none([failed(at) for at in every(60, 9)])
    found = one([failed(at) for at in every(20 * MIN / 9, 10)], "guessing")
    assert (found.attempts, found.severity, found.remarks) == (10, "medium", ())
    assert found.accounts == (("ada", 10),)
    assert found.addresses == ((IP, 10),)
    none([failed(at) for at in every(20 * MIN / 9 + 0.001, 10)])


def test_twenty_within_five_minutes_are_rapid() -> None:
    slow = one([failed(at) for at in every(5 * MIN / 19 + 0.001, 20)], "guessing")
    assert slow.severity == "medium"
    fast = one([failed(at) for at in every(5 * MIN / 19, 20)], "guessing")
    assert (fast.severity, fast.remarks) == ("high", ("rapid",))


def test_guessing_of_several_accounts_is_told_of_each() -> None:
    events = [failed(at, who, None) for at in every(60, 10) for who in ("ada", "ben")]
    assert {hit.key for hit in detect(events)} == {"ada", "ben"}


def test_what_goes_on_is_one_hit_and_what_begins_anew_another() -> None:
    found = one([failed(at) for at in every(60, 500)], "guessing")
    assert found.attempts == 500
    assert len(found.evidence) == 100
    again = [failed(at) for at in (*every(60, 12), *every(60, 12, begin=40 * MIN))]
    assert [hit.attempts for hit in detect(again)] == [12, 12]


def test_a_success_after_five_failures_is_told_as_that() -> None:
    none([*(failed(at) for at in every(60, 4)), logged_in(300)])
    found = one(
        [*(failed(at) for at in every(60, 5)), logged_in(300)], "guess-then-success"
    )
    assert (found.attempts, found.severity) == (6, "high")
    assert found.success is not None
    assert found.success.occurred_us == BEGIN + 300 * SECOND
    none([*(failed(at) for at in every(60, 5)), logged_in(20 * MIN + 0.001)])
    none([*(failed(at) for at in every(60, 5)), logged_in(300, "ben")])
    none([logged_in(0), *(failed(at) for at in every(60, 5, begin=1))])


def test_guessing_that_ends_in_a_success_is_one_hit() -> None:
    detector = Detector()
    for event in (failed(at) for at in every(60, 12)):
        detector.add(event)
    (guessing,) = detector.news()
    assert (guessing.hit.rule, guessing.instead_of) == ("guessing", None)
    detector.add(logged_in(12 * MIN))
    (guessed,) = detector.news()
    assert guessed.hit.rule == "guess-then-success"
    assert guessed.instead_of == "guessing"
    assert [hit.rule for hit in detector.finish()] == ["guess-then-success"]


def test_more_than_fifteen_accounts_from_an_address_in_five_minutes_are_a_spray() -> (
    None
):
    none([failed(at, f"u{at}") for at in every(20, 15)])
    found = one([failed(at, f"u{at}") for at in every(20, 16)], "spray-fast")
    assert (found.distinct_accounts, found.most) == (16, 1)
    none([failed(at, f"u{at}") for at in every(20.001, 16)])
    none([failed(at, f"u{at}", f"203.0.113.{at % 40:.0f}") for at in every(20, 16)])


@pytest.mark.parametrize("minutes", [0, 1, 2.5, 4.9, 59, 719])
def test_no_clock_time_divides_a_spray(minutes: float) -> None:
    begin = minutes * MIN
    found = one([failed(at, f"u{at}") for at in every(15, 18, begin)], "spray-fast")
    assert found.distinct_accounts == 18


def slowly(accounts: int, each: int, seconds: float) -> list[Seen]:
    count = accounts * each
    step = seconds / (count - 1)
    return [failed(step * n, f"u{n % accounts}") for n in range(count)]


def test_a_few_failures_each_of_five_accounts_within_an_hour_are_a_slow_spray() -> None:
    found = one(slowly(5, 3, 3600), "spray-slow")
    assert (found.attempts, found.distinct_accounts, found.most) == (15, 5, 3)
    none(slowly(4, 4, 3600))  # too few accounts
    none(slowly(7, 2, 3600))  # too few failures
    none(slowly(5, 3, 5 * MIN - 0.001))  # too fast to be slow
    one(slowly(5, 3, 5 * MIN), "spray-slow")
    none(slowly(15, 1, 3600))  # nobody was tried twice
    none(slowly(5, 3, 3600.001)[:15])


def test_a_slow_spray_has_most_accounts_tried_a_few_times() -> None:
    def tried(*counts: int) -> list[Seen]:
        whose = [f"u{n}" for n, count in enumerate(counts) for _ in range(count)]
        return [failed(n * 130, who, IP) for n, who in enumerate(whose)]

    one(tried(3, 3, 3, 6, 1), "spray-slow")
    one(tried(2, 2, 2, 8, 1), "spray-slow")  # 3 of 5 at 2 to 6
    none(tried(2, 2, 8, 1, 1, 1))  # 2 of 6
    none(tried(9, 2, 2, 2, 1))  # one of them too often


def test_one_or_two_failures_each_of_many_accounts_are_stuffing() -> None:
    def stuffed(accounts: int, count: int, seconds: float) -> list[Seen]:
        step = seconds / (count - 1)
        return [failed(step * n, f"u{n % accounts}") for n in range(count)]

    found = one(stuffed(15, 25, 15 * MIN), "stuffing")
    assert (found.attempts, found.distinct_accounts, found.most) == (25, 15, 2)
    assert "stuffing" not in {hit.rule for hit in detect(stuffed(15, 24, 15 * MIN))}
    assert "stuffing" not in {hit.rule for hit in detect(stuffed(14, 25, 15 * MIN))}
    assert "stuffing" not in {hit.rule for hit in detect(stuffed(12, 36, 15 * MIN))}
    none(stuffed(25, 25, 15 * MIN + 0.001))
    # fast besides: still one hit, of what says more
    assert one(stuffed(40, 40, 2 * MIN), "stuffing").attempts == 40


def test_more_than_ten_names_that_nobody_has_are_enumeration() -> None:
    none([unknown(at) for at in every(60, 10)])
    found = one([unknown(at) for at in every(24 * 360, 11)], "enumeration")
    assert (found.attempts, found.distinct_accounts) == (11, 0)
    none([unknown(at) for at in every(24 * 360 + 0.001, 11)])
    none([unknown(at, "root", f"203.0.113.{n}") for n, at in enumerate(every(200, 11))])


def test_names_that_can_be_read_are_told_apart() -> None:
    found = one([unknown(at, f"n{at}") for at in every(60, 11)], "enumeration")
    assert found.distinct_accounts == 11
    none([unknown(at, "root") for at in every(600, 30)])


def test_names_that_nobody_has_are_no_spray() -> None:
    found = one([unknown(at, f"n{at}") for at in every(2, 40)], "enumeration")
    assert found.attempts == 40


def test_what_befalls_an_account_in_a_spray_is_told_with_the_spray() -> None:
    names = [f"u{n}" for n in range(16)]
    events = [failed(n * 10, name) for n, name in enumerate(names)]
    events += [failed(160 + n * 10, "u0") for n in range(11)]
    found = one(events, "spray-fast")
    assert found.most == 12
    # from there on it is about that account alone
    more = [*events, *(failed(400 + n * 10, "u0") for n in range(40))]
    assert {hit.rule for hit in detect(more)} == {"spray-fast", "guessing"}
    # and from elsewhere, too, it is none of that spray
    events[-1] = msgspec.structs.replace(events[-1], ip="203.0.113.99")
    assert {hit.rule for hit in detect(events)} == {"spray-fast", "guessing"}


def test_an_incident_tells_the_lock_and_the_success_that_followed() -> None:
    events = [failed(at, f"u{at:.0f}") for at in every(10, 16)]
    events += [locked(200, "u30"), logged_in(240, "u50"), logged_in(241, "ben")]
    found = one(events, "spray-fast")
    assert found.lockout is not None
    assert found.success is not None
    assert found.lockout.seq == events[-3].seq
    assert found.success.seq == events[-2].seq
    guessed = one([*(failed(at) for at in every(60, 10)), locked(700)], "guessing")
    assert guessed.lockout is not None


def test_three_locks_in_three_hours_are_repeated() -> None:
    none([locked(at) for at in every(60, 2)])
    one([locked(at) for at in every(90 * MIN, 3)], "repeated-lockouts")
    none([locked(at) for at in every(90 * MIN + 1, 3)])
    none([locked(at, f"u{at}") for at in every(60, 3)])


def test_data_of_twenty_five_people_in_ten_minutes_is_mass_access() -> None:
    none([saw(at, f"c{at}") for at in every(10, 24)])
    found = one([saw(at, f"c{at}") for at in every(25, 25)], "mass-access")
    assert (found.subjects, found.accounts) == (25, (("ada", 25),))
    none([saw(at, f"c{at}") for at in every(25.001, 25)])
    none([saw(at, "c1") for at in every(10, 60)])
    none([saw(at, f"c{at}", actor=f"u{at}") for at in every(10, 25)])
    assert one([saw(0, *(f"c{n}" for n in range(300)))], "mass-access").subjects == 300
    # where nobody is named beside it, the resource is the person
    one([saw(at, resource_id=f"c{at}") for at in every(10, 25)], "mass-access")
    none([saw(at, "c1", resource_id=f"document{at}") for at in every(10, 25)])


def test_a_permission_or_an_administrators_role_is_an_escalation() -> None:
    found = one([granted(0, approver="cleo")], "privilege-escalation")
    assert (found.severity, found.remarks) == ("medium", ())
    assert found.accounts == (("ada", 1), ("ben", 1))
    found = one([granted(0)], "privilege-escalation")
    assert (found.severity, found.remarks) == ("high", ("unapproved",))
    found = one([granted(0, approver="ada")], "privilege-escalation")
    assert found.remarks == ("unapproved",)
    found = one([granted(0, "ada", approver="cleo")], "privilege-escalation")
    assert (found.severity, found.remarks) == ("high", ("self-granted",))
    role = {"actor": "ada", "resource_id": "ben", "approver": "cleo"}
    none([seen(0, "admin.role.change", role="support", **role)])
    one([seen(0, "admin.role.change", role="Admin", **role)], "privilege-escalation")
    one([seen(0, "admin.role.change", **role)], "privilege-escalation")
    none([seen(0, "admin.permission.grant", "denied", actor="ada", resource_id="ada")])
    several = [granted(at, approver="cleo") for at in every(3600, 3)]
    assert one(several, "privilege-escalation").attempts == 3
    several[2] = granted(7201, approver="cleo")
    assert len(detect(several)) == 2


def test_breaking_the_glass_is_told() -> None:
    found = one([saw(0, "c1", authority="break-glass")], "break-glass")
    assert found.severity == "high"
    none([saw(0, "c1")])
    uses = [saw(at, "c1", authority="break-glass") for at in (0, 3600, 7200.001)]
    assert [hit.attempts for hit in detect(uses)] == [2, 1]


def test_ten_denials_in_ten_minutes_are_probing() -> None:
    none([denied(at) for at in every(60, 9)])
    one([denied(at) for at in every(10 * MIN / 9, 10)], "denial-probing")
    none([denied(at) for at in every(10 * MIN / 9 + 0.001, 10)])
    none([denied(at, f"u{at}") for at in every(1, 10)])
    assert one([denied(at, None) for at in every(1, 10)], "denial-probing").key == IP


def test_personal_data_that_nothing_explains_is_told() -> None:
    found = one(
        [saw(at, "c1", authority="unexplained") for at in every(60, 3)],
        "unexplained-access",
    )
    assert found.attempts == 3
    none([seen(0, "billing.invoice.view", actor="ada", authority="unexplained")])
    none([saw(0, "c1", authority=None)])


def test_a_leavers_account_is_not_to_be_used() -> None:
    left = BEGIN + HOUR
    events = [logged_in(3599.9), failed(3700), saw(3700, "c1", actor="ben")]
    none(events, ada=left)
    found = one([*events, logged_in(3600), saw(3700, "c1")], "leavers-use", ada=left)
    assert found.attempts == 2


def test_events_may_come_late() -> None:
    events = [failed(at) for at in every(60, 10)]
    late = [*events[:4], *events[6:], events[5], events[4]]
    assert one(late, "guessing").attempts == 10
    success = logged_in(9 * MIN + 30)
    found = one([*events, failed(9 * MIN + 40), success], "guess-then-success")
    assert found.success is not None
    none([*(failed(at) for at in every(60, 4)), failed(250), logged_in(240)])


def test_what_is_older_than_all_windows_is_counted_as_lost() -> None:
    detector = Detector()
    for event in (failed(3 * 3600), failed(0), failed(3 * 3600 - 20 * MIN)):
        detector.add(event)
    # of its account's window; that of its address reaches back an hour
    assert detector.late == 2


def test_what_is_held_is_let_go_of() -> None:
    detector = Detector()
    for number in range(50_000):
        event = failed(number * 30, f"u{number}", f"2001:db8::{number:x}")
        detector.add(event)
    held = sum(len(watch) for watch in detector.watches.values())
    assert held < 12_000


def test_an_incident_is_named_the_same_whenever_it_is_found() -> None:
    events = [failed(at) for at in every(60, 30)]
    assert detect(events)[0].id == detect(events[:10])[0].id
    assert detect(events)[0].id != detect(events[1:])[0].id


def test_thresholds_can_be_other_ones() -> None:
    rules = tuned({"guessing": {"failures": 3, "window": 60}})
    assert [hit.rule for hit in detect([failed(at) for at in every(30, 3)], rules)] == [
        "guessing"
    ]
    assert detect([failed(at) for at in every(30.1, 3)], rules) == []
    wrong: tuple[dict[str, dict[str, int]], ...] = (
        {"x": {}},
        {"guessing": {"x": 1}},
        {"guessing": {"failures": 0}},
    )
    for changes in wrong:
        with pytest.raises(QuestionError):
            tuned(changes)


def test_every_rule_says_where_it_is_from() -> None:
    assert len({rule.id for rule in STANDARD}) == len(STANDARD) >= 10
    for rule in STANDARD:
        assert rule.source
        assert rule.version >= 1
        assert rule.thresholds


def test_the_page_of_rules_is_what_the_program_has() -> None:
    assert detections_reference.PLACE.read_text() == detections_reference.text()
