"""Integrity, access and health in the console; exports; a first run; mounting."""

from __future__ import annotations

import atexit
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from prooftrail.access.visiting import Enrolment
from prooftrail.console.mounting import mountable
from prooftrail.service.http import Http
from tests.console_rig import Console, token_of
from tests.sealing import event, insert

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.trail import Trail


def test_a_verification_is_begun_and_followed(console: Console) -> None:
    console.record()
    console.api.seal()
    person = console.person()
    begun = person.post("/integrity/verify")
    assert begun.status_code == 303, begun.text
    place = begun.headers["location"]
    from tests.watching_rig import until  # noqa: PLC0415

    until(lambda: "<h2>Verified</h2>" in person.get(place), "verified")
    other = console.person(email="other@auditors.example")
    assert other.http.get(place).status_code == 404


def test_an_export_holds_no_formula(console: Console) -> None:
    console.record(actor={"userId": "=cmd|' /C calc'!A0"})
    console.api.seal()
    person = console.person()
    answer = person.http.get("/export?q=result:success&format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "'=cmd" in answer.text
    lines = person.get("/export?format=jsonl").splitlines()
    assert all(json.loads(line)["seq"] >= 0 for line in lines)


def test_people_are_invited_and_disabled_on_the_access_page(console: Console) -> None:
    admin = console.person(role="admin")
    made = admin.post(
        "/access/invite",
        name="Sam",
        email="sam@auditors.example",
        role="auditor",
        days="30",
        streams="main",
        **{"from": "2026-01-01", "to": "2026-04-01"},
    )
    assert made.status_code == 200, made.text
    link = made.text.partition("/invitation?token=")[2].partition("<")[0]
    shown = console.door.gate.invited(link, None, None)
    assert isinstance(shown, Enrolment)
    assert "Invited, not here yet" in made.text
    sam = console.person(email="kim@auditors.example")
    number = str(sam.visitor.person_id)
    assert admin.post("/access/disable", person=number).status_code == 303
    assert sam.http.get("/").status_code == 303


def test_an_empty_log_says_what_to_do_next(console: Console) -> None:
    person = console.person(role="admin")
    page = person.get("/")
    assert "No application has recorded anything yet" in page
    # what the service and its door record by themselves is no application's
    serves = {"type": "system", "userId": "prooftrail-serve"}
    insert(console.api.trail, event(action="audit.chain.verify", actor=serves))
    form = {"email": person.email, "password": "wrong", "code": "123456"}
    with console.stranger() as http:
        token = token_of(http.get("/login").text)
        assert http.post("/login", data={"csrf": token, **form}).status_code == 403
    console.api.seal()
    page = person.get("/")
    assert "auth.login.failure" in page
    assert "No application has recorded anything yet" in page
    console.record()
    console.api.seal()
    assert "No application" not in console.people[0].get("/")


def test_an_alarm_tells_nothing_of_what_is_not_ones_own(console: Console) -> None:
    console.api.health.report("integrity", "secret-stream: tampered at seq 7")
    limited = console.person(streams=("main",))
    whole = console.person(role="admin", email="all@auditors.example")
    for path in ("/", "/integrity", "/health"):
        page = limited.get(path)
        assert "secret-stream" not in page, path
        assert "should not be relied on" in page, path
        assert "secret-stream: tampered at seq 7" in whole.get(path), path


def test_a_verdict_is_the_last_verifications(console: Console, trail: Trail) -> None:
    from tests.signing_rig import unguarded  # noqa: PLC0415
    from tests.watching_rig import until  # noqa: PLC0415

    console.record()
    console.api.seal()
    person = console.person()
    assert "Verify it now" in person.get("/integrity")
    first = person.post("/integrity/verify").headers["location"]
    until(lambda: "<h2>Verified</h2>" in person.get(first), "verified")
    assert "The last verification found nothing altered" in person.get("/integrity")
    with unguarded(trail) as superuser:
        superuser.execute("update prooftrail.log set resource_id = 'x' where seq = 1")
    second = person.post("/integrity/verify").headers["location"]
    until(lambda: "What does not fit" in person.get(second), "told")
    page = person.get("/integrity")
    assert "The last verification did not pass: tampered" in page
    assert "nothing altered" not in page


def test_it_is_mounted_by_one_line(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Any] = []
    monkeypatch.setattr(atexit, "register", closed.append)
    console.record()
    console.api.seal()
    person = console.person()
    application: Any = Starlette(
        routes=[Mount("/trail", mountable(access_key=tmp_path / "access.key"))]
    )
    http = Http("127.0.0.1", 0, 20)
    with closing(http):
        http.start(application)
        url = http.url.replace("127.0.0.1", "localhost")
        headers = {"Cookie": f"prooftrail-session={person.session}"}
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            turned = client.get("/trail/health")
            assert turned.headers["location"] == "/trail/login?to=%2Fhealth"
            page = client.get("/trail/", headers=headers)
            assert page.status_code == 200
            assert 'href="/trail/static/console.css"' in page.text
            assert client.get("/trail/static/console.css").status_code == 200
    for close in reversed(closed):
        close()
