"""Pages of the console: who gets them, what they show, what the trail says of it."""

from __future__ import annotations

import re

import pyotp
import pytest

from tests.console_rig import PASSWORD, Console, token_of

PAGES = [
    "/",
    "/events/0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
    "/person?id=usr_1",
    "/customer?id=cust_1",
    "/questions",
    "/authority?q=pii:yes",
    "/grants",
    "/leavers",
    "/accounts",
    "/continuity",
    "/alerts",
    "/reports",
    "/samples",
    "/reports/0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
    "/reports/0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69/page",
    "/reports/0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69/file",
    "/administrators",
    "/integrity",
    "/integrity/runs/0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
    "/integrity/checkpoint?stream=main",
    "/access",
    "/health",
    "/export",
    "/complete?q=res",
]


@pytest.mark.parametrize("path", PAGES)
def test_without_a_session_there_is_the_login_alone(
    console: Console, path: str
) -> None:
    with console.stranger() as http:
        for headers in ({}, {"Cookie": "prooftrail-session=x"}):
            answer = http.get(path, headers=headers)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login")


def test_every_answer_has_the_headers(console: Console) -> None:
    person = console.person()
    for path in [*PAGES, "/login", "/nowhere", "/static/console.css"]:
        headers = person.http.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"
        if not path.startswith("/static"):
            assert headers["cache-control"] == "no-store", path


def test_somebody_logs_in_looks_and_logs_out(console: Console) -> None:
    person = console.person()
    with console.stranger() as http:
        page = http.get("/login?to=/health")
        form = {
            "csrf": token_of(page.text),
            "email": person.email,
            "password": PASSWORD,
            "code": person.app.next(),
            "to": "/health",
        }
        http.cookies.set("prooftrail-session", "x", "localhost.local")  # fixation
        fixed = http.post("/login", data=form)
        assert fixed.status_code == 303, fixed.text
        assert fixed.headers["location"] == "/health"
        flags = next(
            one
            for one in fixed.headers.get_list("set-cookie")
            if one.startswith("prooftrail-session")
        )
        session = flags.partition("=")[2].partition(";")[0]
        assert session not in {"x", person.session}
        assert "HttpOnly" in flags
        assert "SameSite=strict" in flags
        shown = http.get("/health")
        assert shown.status_code == 200
        gone = http.post("/logout", data={"csrf": token_of(shown.text)})
        assert gone.headers["location"] == "/login?left=1"
        stolen = {"Cookie": f"prooftrail-session={session}"}
        again = http.get("/", headers=stolen)
        assert again.status_code == 303  # the cookie of before opens nothing
    told = console.door.told()
    assert ("auth.login.success", "success", None) in told
    assert any(action == "auth.logout" for action, _, _ in told)


def test_a_wrong_password_is_told_in_the_words_of_the_gate(console: Console) -> None:
    person = console.person()
    with console.stranger() as http:
        form = {
            "csrf": token_of(http.get("/login").text),
            "email": person.email,
            "password": "another password",
            "code": person.app.next(),
        }
        answer = http.post("/login", data=form)
    assert answer.status_code == 403
    assert "did not open the console" in answer.text
    assert "prooftrail-session" not in answer.headers.get("set-cookie", "")


def test_a_login_from_another_site_begins_nothing(console: Console) -> None:
    person = console.person()
    form = {"email": person.email, "password": PASSWORD, "code": person.app.next()}
    with console.stranger() as http:
        token = token_of(http.get("/login").text)
        forged = http.post("/login", data={**form, "csrf": "guessed"})
        cross = http.post(
            "/login",
            data={**form, "csrf": token},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
    for answer in (forged, cross):
        assert answer.status_code == 403
        assert "prooftrail-session" not in str(answer.headers.get_list("set-cookie"))


def test_an_invitation_is_accepted_on_its_page(console: Console) -> None:
    token = console.door.link(email="new@auditors.example", name="New Auditor")
    with console.stranger() as http:
        page = http.get("/invitation", params={"token": token})
        assert "Welcome, New Auditor" in page.text
        assert "<svg" in page.text.partition('class="code"')[2]
        secret = page.text.partition("<p><code>")[2].partition("<")[0].replace(" ", "")
        answer = http.post(
            "/invitation",
            data={
                "csrf": token_of(page.text),
                "token": token,
                "password": PASSWORD,
                "code": pyotp.TOTP(secret).at(console.door.clock() // 1_000_000),
            },
        )
        assert answer.status_code == 303, answer.text
        assert http.get("/").status_code == 200
        assert http.get("/invitation", params={"token": token}).status_code == 403


def test_who_lost_the_phone_is_told_what_to_do_and_comes_in_anew(
    console: Console,
) -> None:
    person = console.person(role="auditor")
    with console.stranger() as http:
        assert "lost your phone" in http.get("/login").text
        token = console.door.link(email=person.email, name="Nora Keller")
        page = http.get("/invitation", params={"token": token})
        secret = page.text.partition("<p><code>")[2].partition("<")[0].replace(" ", "")
        console.door.clock.on(30)
        code = pyotp.TOTP(secret).at(console.door.clock() // 1_000_000)
        form = {"token": token, "password": PASSWORD, "code": code}
        done = http.post("/invitation", data={"csrf": token_of(page.text), **form})
        assert done.status_code == 303, done.text
        assert http.get("/").status_code == 200
    assert person.http.get("/").status_code == 303  # what the old phone opened
    with console.stranger() as http:
        form = {"email": person.email, "password": PASSWORD, "code": person.app.next()}
        token = token_of(http.get("/login").text)
        assert http.post("/login", data={"csrf": token, **form}).status_code == 403


def test_what_is_looked_at_stands_in_the_trail(console: Console) -> None:
    event_id = console.record()
    console.api.seal()
    person = console.person()
    person.get("/?q=role:admin")
    person.get(f"/events/{event_id}")
    person.get("/customer?id=cust_1")
    assert person.http.get("/export?q=role:admin&format=csv").status_code == 200
    views = [
        one for one in console.door.events() if one["action"].startswith("audit.log.")
    ]
    assert [one["action"] for one in views] == [
        "audit.log.view",
        "audit.log.view",
        "audit.log.view",
        "audit.log.export",
    ]
    who = person.visitor.holder.user_id
    assert {one["actor"]["userId"] for one in views} == {who}
    assert views[0]["details"]["filters"] == {"q": "role:admin"}
    assert views[0]["details"]["rows"] == 1
    assert views[1]["details"]["eventId"] == event_id


def test_an_event_is_told_with_its_place_in_the_chain(console: Console) -> None:
    console.record()
    event_id = console.record(
        action="customer.pii.update",
        changes=[{"field": "plan", "before": "free plan", "after": "paid plan"}],
    )
    console.api.seal()
    page = console.person().get(f"/events/{event_id}")
    assert "<del>free</del> plan" in page
    assert "<ins>paid</ins> plan" in page
    assert "its checksum is what this entry names" in page
    assert "DOES NOT FIT" not in page
    assert "nothing that you may read yet" in page


def test_a_search_that_is_not_understood_shows_where(console: Console) -> None:
    console.record()
    console.api.seal()
    answer = console.person().http.get("/", params={"q": "rolle:admin"})
    assert answer.status_code == 400
    assert "<mark>rolle" in answer.text
    assert "cust_1" not in answer.text


def test_pages_go_on_without_a_gap(console: Console) -> None:
    ids = [console.record() for _ in range(60)]
    console.api.seal()
    person = console.person()
    first = person.get("/?q=actor:usr_1")
    onward = re.findall('hx-get="([^"]*cursor=[^"]*)"', first)[0].replace("&amp;", "&")
    rest = person.http.get(onward, headers={"HX-Request": "true"}).text
    assert "<html" not in rest
    assert {one for one in ids if one in first + rest} == set(ids)
    assert not [one for one in ids if one in first and one in rest]


def test_who_saw_a_customer_adds_up(console: Console) -> None:
    allowed = {"decision": "allowed", "basis": "role", "name": "support"}
    console.record(authorization=allowed)
    console.record(authorization={"decision": "allowed", "basis": "break_glass"})
    console.record(result="denied", authorization={"decision": "denied"})
    console.record()
    console.record(subjects=["cust_2"], resource={"type": "customer", "id": "cust_2"})
    console.api.seal()
    page = console.person().get("/customer?id=cust_1")
    assert re.findall(r"<dd>(?:<a [^>]*>)?([0-9]+)", page)[:5] == [*"41111"]


def test_whoever_may_see_a_part_sees_nothing_else(console: Console) -> None:
    march = console.record(timestamp="2026-03-05T10:00:00Z", subjects=["cust_march"])
    april = console.record(timestamp="2026-04-05T10:00:00Z", subjects=["cust_april"])
    console.api.seal()
    person = console.person(
        from_us=1_772_323_200_000_000, to_us=1_775_001_600_000_000, streams=("main",)
    )
    for path in (
        "/",
        "/person?id=usr_1",
        "/customer?id=cust_1",
        "/export?format=jsonl",
    ):
        page = person.get(path)
        assert march in page, path
        assert april not in page, path
        assert "cust_april" not in page, path
    assert ">1 event<" in person.get("/?q=actor:usr_1")
    assert person.http.get(f"/events/{april}").status_code == 404
    assert april not in person.get(f"/events/{march}")


@pytest.mark.parametrize(
    ("role", "path"), [("auditor", "/access"), ("privacy_officer", "/integrity/runs/x")]
)
def test_a_page_for_another_role_is_refused_and_told(
    console: Console, role: str, path: str
) -> None:
    person = console.person(role=role)
    assert person.http.get(path).status_code == 403
    last = console.door.events()[-1]
    assert last["result"] == "denied"
    assert last["actor"]["userId"] == person.visitor.holder.user_id


def test_a_form_without_the_sessions_token_does_nothing(console: Console) -> None:
    person = console.person(role="admin")
    for path in ("/integrity/verify", "/access/disable", "/logout"):
        answer = person.http.post(path, data={"csrf": "guessed", "person": "1"})
        assert answer.status_code == 403, path
    assert console.door.told()[-1] == (
        "prooftrail.access.refuse",
        "denied",
        "not of this session",
    )
    assert person.get("/health")  # still logged in
