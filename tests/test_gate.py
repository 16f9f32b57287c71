"""People at the gate, on a real database: who is let in, who is not, what is told."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.access import gate as gates
from prooftrail.access import tokens
from prooftrail.access.visiting import Entered, Refused
from prooftrail.errors import RecordError
from tests import letting_in
from tests.letting_in import ADDRESS, EMAIL, PASSWORD, Door, entered, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.trail import Trail


@pytest.fixture
def door(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Door]:
    with letting_in.door(trail, monkeypatch, tmp_path) as made:
        yield made


def test_who_was_invited_comes_in_by_password_and_code(door: Door) -> None:
    first, app = door.joined(role="security", name="Dani")
    assert first.token.startswith(tokens.SESSION)
    again = entered(
        door.gate.enter(" DANI@Company.com", PASSWORD, app.next(), ADDRESS, "a browser")
    )
    assert again.token != first.token
    visitor = door.gate.visitor(again.token)
    assert visitor == again.visitor
    assert (visitor.name, visitor.email, visitor.role) == ("Dani", EMAIL, "security")
    assert visitor.may("reveal")
    assert not visitor.may("people")
    assert visitor.actor(ADDRESS) == {
        "type": "user",
        "userId": f"person:{visitor.person_id}",
        "role": "security",
        "sessionId": visitor.session,
        "ipAddress": ADDRESS,
    }
    assert door.told() == [
        ("prooftrail.person.accept", "success", None),
        ("auth.login.success", "success", None),
        ("auth.login.success", "success", None),
    ]


def test_a_code_is_good_once(door: Door) -> None:
    _, app = door.joined()
    code = app.next()
    entered(door.gate.enter(EMAIL, PASSWORD, code))
    assert refused(door.gate.enter(EMAIL, PASSWORD, code)).why == "mfa"


def test_of_two_with_one_code_at_once_one_comes_in(door: Door) -> None:
    _, app = door.joined()
    code = app.next()
    start = threading.Barrier(4)

    def one(_: int) -> Entered | Refused:
        start.wait()
        return door.gate.enter(EMAIL, PASSWORD, code)

    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(one, range(4)))
    assert sum(isinstance(result, Entered) for result in came) == 1


def test_of_two_with_one_invitation_at_once_one_comes_in(door: Door) -> None:
    token = door.link()
    shown = door.gate.invited(token)
    assert not isinstance(shown, Refused)
    app = letting_in.App(shown.secret, door.clock)
    code, start = app.code(), threading.Barrier(4)

    def one(_: int) -> Entered | Refused:
        start.wait()
        return door.gate.accept(token, PASSWORD, code)

    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(one, range(4)))
    assert sum(isinstance(result, Entered) for result in came) == 1
    assert {one.why for one in came if isinstance(one, Refused)} == {"used"}


@pytest.mark.parametrize("why", ["unknown", "expired", "used", "withdrawn", "disabled"])
def test_an_invitation_that_opens_nothing_is_refused_and_told(
    door: Door, why: str
) -> None:
    token = door.link()
    if why == "unknown":
        token = tokens.INVITATION + "A" * 43
    elif why == "expired":
        door.clock.on(3 * 86_400 + 1)
    elif why == "used":
        shown = door.gate.invited(token)
        assert not isinstance(shown, Refused)
        code = letting_in.App(shown.secret, door.clock).code()
        entered(door.gate.accept(token, PASSWORD, code))
    else:
        door.link()
    looked = refused(door.gate.invited(token, ADDRESS))
    tried = refused(door.gate.accept(token, PASSWORD, "123456", ADDRESS))
    assert looked.words == tried.words == gates.NO_LINK
    told = [one for one in door.told() if one[0] == "prooftrail.access.refuse"]
    reason = "withdrawn" if why == "disabled" else why
    assert told == [("prooftrail.access.refuse", "denied", reason)]


def test_a_password_that_is_guessed_first_is_not_taken(door: Door) -> None:
    token = door.link()
    shown = door.gate.invited(token)
    assert not isinstance(shown, Refused)
    code = letting_in.App(shown.secret, door.clock).code()
    for password in ("short", "password1234", "x" * 129, EMAIL + "!!"):
        assert refused(door.gate.accept(token, password, code)).why == "password"
    assert refused(door.gate.accept(token, PASSWORD, "000000")).why == "mfa"
    entered(door.gate.accept(token, PASSWORD, code))


def test_whoever_is_refused_hears_the_same_words(door: Door) -> None:
    _, app = door.joined()
    door.joined(email="gone@company.com", until=_in(door, hours=1))
    tried = [
        door.gate.enter("nobody@company.com", PASSWORD, app.next(), ADDRESS),
        door.gate.enter(EMAIL, "a wrong password", app.next(), ADDRESS),
        door.gate.enter(EMAIL, PASSWORD, "12345", ADDRESS),
        door.gate.enter("no address \ud800", "\ud800" * 12, "\u0661" * 6, ADDRESS),
        door.gate.enter(EMAIL, PASSWORD * 100, app.next(), ADDRESS),
    ]
    door.clock.on(3600)
    tried.append(door.gate.enter("gone@company.com", PASSWORD, app.next(), ADDRESS))
    assert {refused(one).words for one in tried} == {gates.NOT_IN}
    told = [one for one in door.told() if one[0] == "auth.login.failure"]
    assert [one[2] for one in told] == [
        "unknown_user",
        "bad_password",
        "mfa",
        "unknown_user",
        "bad_password",
        "expired",
    ]


def _in(door: Door, **span: float) -> datetime:
    return datetime.fromtimestamp(door.clock() / 1e6, UTC) + timedelta(**span)


def test_known_or_not_the_work_is_the_same(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, app = door.joined()
    hasher = door.gate._hashes._hasher
    done: list[str] = []
    verify = type(hasher).verify

    def counted(self: Any, kept: str, typed: bytes) -> bool:
        done.append(kept.rpartition("$")[0].rpartition("$")[0])
        return verify(self, kept, typed)

    monkeypatch.setattr(type(hasher), "verify", counted)
    for email, password in (
        (EMAIL, "a wrong password"),
        (EMAIL, PASSWORD),
        (EMAIL, PASSWORD * 50),
        ("nobody@company.com", PASSWORD),
        ("", ""),
    ):
        done.clear()
        refused(door.gate.enter(email, password, "000000"))
        assert done == ["$argon2id$v=19$m=64,t=2,p=1"]
    app.next()


def test_guessing_slows_down_then_locks_then_opens_again(door: Door) -> None:
    _, app = door.joined()
    whys = [refused(door.gate.enter(EMAIL, "a guess", "000000")).why for _ in range(7)]
    assert whys == ["bad_password"] * 5 + ["locked"] * 2
    for wait in (1, 2, 4, 8, 16):
        door.clock.on(wait)
        assert refused(door.gate.enter(EMAIL, "a guess", "0")).why == "bad_password"
        assert refused(door.gate.enter(EMAIL, PASSWORD, app.code())).why == "locked"
    door.clock.on(14 * 60)
    assert refused(door.gate.enter(EMAIL, PASSWORD, app.next())).why == "locked"
    door.clock.on(60)
    entered(door.gate.enter(EMAIL, PASSWORD, app.next()))
    assert refused(door.gate.enter(EMAIL, "a guess", "0")).why == "bad_password"
    told = door.told()
    locks = [one for one in told if one[0] == "auth.account.lock"]
    assert locks == [("auth.account.lock", "success", "too many failed logins")]
    # while nothing is tried, it is told once a minute
    assert 2 <= told.count(("auth.login.failure", "failure", "locked")) <= 7


def test_guesses_at_once_are_no_more_than_one_after_another(door: Door) -> None:
    door.joined()
    start = threading.Barrier(20)

    def one(_: int) -> str:
        start.wait()
        return refused(door.gate.enter(EMAIL, "a guess", "0")).why

    with ThreadPoolExecutor(20) as pool:
        whys = list(pool.map(one, range(20)))
    assert whys.count("bad_password") == 5


def test_one_address_is_slowed_whatever_it_guesses_at(door: Door) -> None:
    _, app = door.joined()
    for number in range(20):
        tried = door.gate.enter(f"p{number}@company.com", PASSWORD, "0", "2001:db8::1")
        assert refused(tried).why == "unknown_user"
    assert refused(door.gate.enter(EMAIL, PASSWORD, "0", "2001:db8::2")).why == "locked"
    entered(door.gate.enter(EMAIL, PASSWORD, app.next(), "2001:db8:0:1::2"))


def test_nothing_happens_that_cannot_be_told(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    came, app = door.joined()

    def failing(_: object) -> None:
        raise RecordError("not recorded")

    code = app.next()
    monkeypatch.setattr(door.gate._sessions, "_tell", failing)
    with pytest.raises(RecordError):
        door.gate.enter(EMAIL, PASSWORD, code)
    with pytest.raises(RecordError):
        door.gate.leave(came.token)
    monkeypatch.undo()
    assert door.gate.visitor(came.token)
    entered(door.gate.enter(EMAIL, PASSWORD, code))


def test_no_secret_and_no_address_stands_in_events_rows_or_reprs(door: Door) -> None:
    token = door.link(email="canary@company.com")
    shown = door.gate.invited(token)
    assert not isinstance(shown, Refused)
    app = letting_in.App(shown.secret, door.clock)
    code = app.code()
    came = entered(door.gate.accept(token, PASSWORD, code, ADDRESS, "agent"))
    door.gate.enter("typed@secret.example", "typed-password-here", "424242", ADDRESS)
    door.gate.leave(came.token)
    door.gate.visitor(came.token)
    door.gate.invited(token)
    tables = ("person", "session", "invitation", "throttle")
    admin = door.trail.superuser()
    rows = [
        str(admin.execute(f"select * from prooftrail.{table}").fetchall())
        for table in tables
    ]
    events = json.dumps(door.events())
    reprs = repr((came, came.visitor, shown))
    secrets = (PASSWORD, token, came.token, shown.secret, came.visitor.csrf)
    for secret in (*secrets, "typed-password-here", "typed@secret.example"):
        assert secret not in events
        assert not any(secret in row for row in rows)
        assert secret not in reprs
    assert "canary@" not in events
    assert code not in events.split('"')
