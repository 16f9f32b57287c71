"""Sessions end, and open what the person may see; nobody gives more than he has."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from prooftrail.access import tokens
from prooftrail.access.visiting import Asker, Enrolment, Refused
from prooftrail.errors import ConfigurationError, EndedError
from prooftrail.store.people import Grant
from prooftrail.store.readers import Readers
from tests import letting_in
from tests.letting_in import ADDRESS, EMAIL, PASSWORD, Door, entered, refused
from tests.test_row_security import MARCH, MARCH_DAYS, filled, seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.trail import Trail

__all__ = ["filled"]


@pytest.fixture
def door(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Door]:
    with letting_in.door(trail, monkeypatch, tmp_path) as made:
        yield made


def test_a_session_ends_when_it_idles_and_when_its_time_is_over(door: Door) -> None:
    came, app = door.joined()
    door.clock.on(29 * 60)
    assert door.gate.visitor(came.token)
    door.clock.on(29 * 60)
    assert door.gate.visitor(came.token)
    door.clock.on(31 * 60)
    assert door.gate.visitor(came.token) is None
    came = entered(door.gate.enter(EMAIL, PASSWORD, app.next()))
    for _ in range(12 * 60 // 25):
        assert door.gate.visitor(came.token)
        door.clock.on(25 * 60)
    door.clock.on(25 * 60)
    assert door.gate.visitor(came.token) is None
    logouts = [one for one in door.told() if one[0] == "auth.logout"]
    assert logouts == [("auth.logout", "success", "expiry")] * 2


def test_a_cookie_stolen_before_the_logout_opens_nothing_and_is_told(
    door: Door,
) -> None:
    came, _ = door.joined()
    with closing(Readers()) as readers:
        assert readers.holder(came.token) == came.visitor.holder
        assert door.gate.leave(came.token, ADDRESS)
        assert not door.gate.leave(came.token, ADDRESS)
        for _ in range(3):
            assert door.gate.visitor(came.token, "198.51.100.7") is None
        assert readers.holder(came.token) is None
    assert door.told()[-2:] == [
        ("auth.logout", "success", "user"),
        ("prooftrail.access.refuse", "denied", "ended"),
    ]
    assert door.events()[-1]["actor"]["ipAddress"] == "198.51.100.7"


def test_a_session_that_somebody_else_chose_is_never_taken_on(door: Door) -> None:
    planted = tokens.SESSION + "A" * 43
    assert door.gate.visitor(planted, ADDRESS) is None
    assert door.gate.visitor("nonsense", ADDRESS) is None
    before, app = door.joined()
    after = entered(
        door.gate.enter(EMAIL, PASSWORD, app.next(), ADDRESS, replaces=before.token)
    )
    assert after.token not in {planted, before.token}
    assert door.gate.visitor(before.token) is None
    assert door.gate.visitor(planted, ADDRESS) is None
    told = door.told()
    assert told[0] == ("prooftrail.access.refuse", "denied", "unknown")
    assert ("auth.logout", "success", "forced") in told


def test_a_form_of_another_site_is_refused_and_told(door: Door) -> None:
    came, _ = door.joined()
    other, _ = door.joined(email="eve@company.com")
    assert door.gate.form(came.visitor, came.visitor.csrf)
    for given in ("", "\ud800", came.visitor.csrf[:-1], other.visitor.csrf):
        assert not door.gate.form(came.visitor, given, ADDRESS)
    refusals = [one for one in door.told() if one[0] == "prooftrail.access.refuse"]
    assert (
        refusals == [("prooftrail.access.refuse", "denied", "not of this session")] * 4
    )


def test_who_is_disabled_is_out_at_once_and_does_not_come_back(door: Door) -> None:
    admin, _ = door.joined(email="admin@company.com", role="admin")
    came, app = door.joined()
    pending = door.link()
    done = door.gate.managing.disable(admin.visitor, came.visitor.person_id)
    assert not isinstance(done, Refused)
    assert done.disabled_at is not None
    assert door.gate.visitor(came.token) is None
    assert refused(door.gate.enter(EMAIL, PASSWORD, app.next())).why == "disabled"
    refused(door.gate.invited(pending))
    assert ("prooftrail.person.disable", "success", None) in door.told()


def test_setting_both_factors_anew_ends_sessions_and_the_old_ones(door: Door) -> None:
    came, app = door.joined()
    again, new = door.joined(role="security")
    assert again.visitor.person_id == came.visitor.person_id
    assert again.visitor.role == "security"
    assert door.gate.visitor(came.token) is None
    refused(door.gate.enter(EMAIL, PASSWORD, app.next()))
    entered(door.gate.enter(EMAIL, PASSWORD, new.next()))


def test_an_admin_gives_no_more_than_he_sees(door: Door) -> None:
    door.trail.stream("b")
    whole, _ = door.joined(email="whole@company.com", role="admin")
    admin, _ = door.joined(
        email="b@company.com", role="admin", streams=("b",), to_us=MARCH[1]
    )
    auditor, _ = door.joined(email="auditor@company.com", streams=("b",))
    grant = Grant("New@Company.com", "New", "auditor", ("b",), *MARCH, None)
    managing = door.gate.managing
    token = managing.invite(admin.visitor, grant, asker=Asker(ADDRESS))
    assert isinstance(token, str)
    shown = door.gate.invited(token)
    assert not isinstance(shown, Refused)
    assert shown.email == "new@company.com"
    assert shown.sees == "b from 2026-03-01T00:00:00Z before 2026-04-01T00:00:00Z"
    for by, more in (
        (admin, grant._replace(streams=None)),
        (admin, grant._replace(streams=("main",))),
        (admin, grant._replace(to_us=MARCH[1] + 1)),
        (admin, grant._replace(email="whole@company.com")),
        (auditor, grant),
    ):
        assert refused(managing.invite(by.visitor, more)).why == "not_allowed"
    refused(managing.disable(admin.visitor, whole.visitor.person_id))
    refused(managing.disable(auditor.visitor, auditor.visitor.person_id))
    with pytest.raises(ConfigurationError, match="e-mail"):
        managing.invite(whole.visitor, grant._replace(email="no address"))
    with pytest.raises(ConfigurationError, match="no stream"):
        managing.invite(whole.visitor, grant._replace(streams=("c",)))
    assert len(managing.everybody()) == 3
    told = [one for one in door.events() if one["action"] == "prooftrail.person.invite"]
    assert [one["result"] for one in told] == ["success"] + ["denied"] * 5
    assert told[0]["stream"] == "b"


def test_a_session_reads_the_streams_and_the_period_granted_and_nothing_else(
    filled: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from_us, to_us = MARCH
    with (
        letting_in.door(filled, monkeypatch, tmp_path) as door,
        closing(Readers()) as readers,
    ):
        came, _ = door.joined(streams=("main",), from_us=from_us, to_us=to_us)
        with readers.reading(came.token) as link:
            found = seen(link)
        assert {one for one, _ in found.log} == {1}
        assert all(from_us <= at < to_us for _, at in found.log)
        assert {day for _, day in found.daily} <= MARCH_DAYS
        assert found.stream == found.entry == {"main"}
        everything, _ = door.joined(email="b@company.com")
        with readers.reading(everything.token) as link:
            assert seen(link).stream == {"main", "b"}
        door.gate.leave(came.token)
        with pytest.raises(EndedError), readers.reading(came.token):
            pass
        streams = {one["stream"] for one in door.events() if "details" in one}
        assert streams == {"main", "b"}


def test_what_has_ended_stays_ended_for_the_login_that_lets_in_too(door: Door) -> None:
    came, _ = door.joined()
    kept, _ = door.joined(email="b@company.com")
    door.gate.leave(came.token)
    pending = door.link(email="c@company.com")
    access = door.trail.login("access")
    for statement, rows in (
        ("update prooftrail.session set ended_at = null", 1),
        ("update prooftrail.session set idle_ends_at = '2100-01-01'", 1),
        ("update prooftrail.invitation set used_at = null", 1),
        ("update prooftrail.invitation set withdrawn_at = null", 1),
    ):
        assert access.execute(statement).rowcount == rows, statement
    assert door.gate.visitor(came.token) is None
    assert door.gate.visitor(kept.token)
    assert not isinstance(door.gate.invited(pending), Refused)


def test_an_invitation_to_an_access_that_is_over_lets_nobody_in(door: Door) -> None:
    until = datetime.fromtimestamp(door.clock() / 1e6, UTC) + timedelta(hours=1)
    token = door.link(until=until)
    shown = door.gate.invited(token)
    assert isinstance(shown, Enrolment)
    app = letting_in.App(shown.secret, door.clock)
    door.clock.on(3600)
    assert refused(door.gate.accept(token, PASSWORD, app.code())).why == "expired"


def test_a_session_does_not_outlast_the_access(door: Door) -> None:
    until = datetime.fromtimestamp(door.clock() / 1e6, UTC) + timedelta(minutes=10)
    came, app = door.joined(until=until)
    assert came.expires_at == until == came.visitor.holder.expires_at
    door.clock.on(600)
    assert door.gate.visitor(came.token) is None
    assert refused(door.gate.enter(EMAIL, PASSWORD, app.next())).why == "expired"


def test_what_no_longer_counts_is_forgotten(door: Door) -> None:
    door.joined()
    for number in range(3):
        door.gate.enter(f"p{number}@company.com", PASSWORD, "0", ADDRESS)
    door.clock.on(31 * 60)
    door.gate.enter("late@company.com", PASSWORD, "0")
    left = door.trail.superuser().execute("select times from prooftrail.throttle")
    assert [len(row[0]) for row in left.fetchall()] == [1]


def test_a_lost_access_key_is_said_before_anybody_is_let_in(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with letting_in.door(trail, monkeypatch, tmp_path) as door:
        door.joined()
    (tmp_path / "access.key").unlink()
    with (
        pytest.raises(ConfigurationError, match="PROOFTRAIL_ACCESS_KEY"),
        letting_in.door(trail, monkeypatch, tmp_path),
    ):
        pass
    assert not (tmp_path / "access.key").exists()


def test_a_stream_without_main_hears_of_nobodys_attempts(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trail.superuser().execute("update prooftrail.stream set name = 'first'")
    trail.stream("second")
    with letting_in.door(trail, monkeypatch, tmp_path) as door:
        door.gate.enter("nobody@company.com", PASSWORD, "0", ADDRESS)
        assert [one["stream"] for one in door.events()] == ["first"]


def test_a_flood_at_a_locked_account_is_told_once_a_minute(door: Door) -> None:
    door.joined()
    for _ in range(30):
        door.gate.enter(EMAIL, "a guess", "0", ADDRESS)
    locked = ("auth.login.failure", "failure", "locked")
    assert door.told().count(locked) == 1
    door.gate.enter(EMAIL, "a guess", "0", "198.51.100.7")
    assert door.told().count(locked) == 2
