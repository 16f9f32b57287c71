"""Attacks on the console's door, over HTTP: each is refused, and each is an event."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.access import tokens
from tests.console_rig import PASSWORD, Console, Person, token_of

if TYPE_CHECKING:
    import httpx


COOKIE = "prooftrail-session"
REFUSE = "prooftrail.access.refuse"


def login(
    http: httpx.Client, person: Person, code: str, **changed: str
) -> httpx.Response:
    form = {
        "csrf": token_of(http.get("/login").text),
        "email": person.email,
        "password": PASSWORD,
        "code": code,
    }
    return http.post("/login", data=form | changed)


def session_of(answer: httpx.Response) -> str | None:
    for one in answer.headers.get_list("set-cookie"):
        if one.startswith(f"{COOKIE}="):
            return str(one).partition("=")[2].partition(";")[0]
    return None


def refusals(console: Console) -> list[tuple[str, str, str]]:
    return [
        (one["details"]["what"], one["details"]["reason"], one["result"])
        for one in console.door.events()
        if one["action"] == REFUSE
    ]


def test_a_session_that_was_planted_is_not_taken_on(console: Console) -> None:
    person, planted = console.person(), tokens.SESSION + "A" * 43
    with console.stranger() as http:
        http.cookies.set(COOKIE, planted, "localhost.local")
        came = login(http, person, person.app.next())
        assert came.status_code == 303
        assert session_of(came) not in {None, planted}
    with console.stranger() as attacker:
        answer = attacker.get("/", headers={"Cookie": f"{COOKIE}={planted}"})
        assert answer.status_code == 303
    assert refusals(console) == [("session", "unknown", "denied")]


def test_a_form_of_another_site_does_nothing(console: Console) -> None:
    admin = console.person(role="admin", email="admin@company.com")
    form = {"email": "eve@evil.example", "name": "Eve", "role": "admin", "days": "9"}
    for csrf in ("", "0" * 64):
        answer = admin.http.post("/access/invite", data={**form, "csrf": csrf})
        assert answer.status_code in (403, 404)
    invited = console.door.trail.superuser().execute(
        "select count(*) from prooftrail.invitation where email like 'eve%'"
    )
    assert invited.fetchone() == (0,)
    gone = admin.http.post("/logout", data={"csrf": "0" * 64})
    assert gone.status_code == 403
    assert admin.http.get("/").status_code == 200
    assert set(refusals(console)) == {("form", "not of this session", "denied")}


def test_a_login_from_another_site_begins_nothing(console: Console) -> None:
    person = console.person()
    with console.stranger() as http:
        answer = login(http, person, person.app.next(), csrf="guessed")
    assert (answer.status_code, session_of(answer)) == (403, None)
    assert refusals(console) == [("form", "not of this browser", "denied")]


@pytest.mark.parametrize("why", ["expired", "used", "withdrawn", "unknown"])
def test_an_invitation_that_is_over_lets_nobody_in(console: Console, why: str) -> None:
    given: dict[str, Any] = {"email": "new@company.com"}
    token = console.door.link(**given, expires=timedelta(hours=1))
    with console.stranger() as http:
        page = http.get("/invitation", params={"token": token})
        secret = page.text.partition("<p><code>")[2].partition("<")[0].replace(" ", "")
        form = {"csrf": token_of(page.text), "token": token, "password": PASSWORD}
        if why == "expired":
            console.door.clock.on(3600)
        elif why == "used":
            console.person(**given)  # withdraws it, too
            why = "withdrawn"
        elif why == "withdrawn":
            console.door.link(**given)
        else:
            form["token"] = tokens.INVITATION + "A" * 43
        code = console.person(email="z@company.com").app
        code.totp = type(code.totp)(secret)
        answer = http.post("/invitation", data={**form, "code": code.code()})
        assert (answer.status_code, session_of(answer)) == (403, None)
        assert "This link opens nothing" in answer.text
    assert ("invitation", why, "denied") in refusals(console)


def test_guessing_is_slowed_down_then_locked(console: Console) -> None:
    person = console.person()
    words = set()
    with console.stranger() as http:
        for _ in range(10):
            answer = login(http, person, "000000", password="a guess, a guess")
            assert answer.status_code == 403
            words.add(answer.text.partition('role="alert"')[2].partition("</")[0])
            console.door.clock.on(17)
        right = login(http, person, person.app.next())
        assert (right.status_code, session_of(right)) == (403, None)
        words.add(right.text.partition('role="alert"')[2].partition("</")[0])
    assert len(words) == 1
    assert words != {""}
    told = console.door.told()
    assert told.count(("auth.login.failure", "failure", "bad_password")) == 10
    assert told.count(("auth.login.failure", "failure", "locked")) == 1
    assert [one for one in told if one[0] == "auth.account.lock"] == [
        ("auth.account.lock", "success", "too many failed logins")
    ]


def test_a_cookie_that_was_stolen_opens_nothing_after_the_logout(
    console: Console,
) -> None:
    person = console.person()
    stolen = {"Cookie": f"{COOKIE}={person.session}"}
    with console.stranger() as thief:
        assert person.post("/logout").status_code == 303
        for path in ("/", "/integrity", "/export", "/audit/events"):
            answer = thief.get(path, headers=stolen)
            assert answer.status_code in (303, 401), path
        bearer = {"Authorization": f"Bearer {person.session}"}
        assert thief.get("/audit/events", headers=bearer).status_code == 401
    assert refusals(console) == [("session", "ended", "denied")]
