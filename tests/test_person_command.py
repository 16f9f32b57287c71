"""`prooftrail person`: as a user runs it; each time one transaction with its event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from prooftrail.access.visiting import Enrolment
from prooftrail.catalog import missing, tell
from tests import letting_in
from tests.api_rig import serving
from tests.commands import run
from tests.letting_in import PASSWORD, Door, entered

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

LINK = "http://127.0.0.1:8400/invitation?token="


def done(trail: Trail, *arguments: str) -> str:
    ended = run(trail, "person", *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def recorded(trail: Trail) -> list[tuple[str, dict[str, Any]]]:
    rows = trail.superuser().execute(
        "select stream, event from prooftrail.inbox order by id"
    )
    return [(row[0], json.loads(row[1])) for row in rows]


def come_in(door: Door, link: str) -> str:
    token = link.strip().removeprefix(LINK)
    shown = door.gate.invited(token)
    assert isinstance(shown, Enrolment)
    app = letting_in.App(shown.secret, door.clock)
    return entered(door.gate.accept(token, PASSWORD, app.code())).token


def test_people_are_invited_listed_and_disabled(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "prooftrail person invite" in done(trail, "list")
    link = done(trail, "invite", "Dani@Company.com", "--role", "admin")
    assert link.startswith(f"{LINK}pti_")
    assert "invited until" in done(trail, "list")
    with letting_in.door(trail, monkeypatch, tmp_path) as door:
        session = come_in(door, link)
        shown = done(trail, "list")
        assert "dani@company.com" in shown
        assert "good" in shown
        told = done(trail, "disable", "1")
        assert told == "Person 1, Dani, is let in no more.\n"
        assert door.gate.visitor(session) is None
    assert "disabled" in done(trail, "list")
    told_of = [one for _, one in recorded(trail) if "person." in one["action"]]
    assert [one["action"] for one in told_of] == [
        "prooftrail.person.invite",
        "prooftrail.person.accept",
        "prooftrail.person.disable",
    ]
    assert [tell(one).partition(" ")[2] for one in told_of] == [
        "invited somebody as admin, to see all streams",
        "accepted invitation invitation:1 as admin",
        "disabled person person:1",
    ]
    for one in told_of:
        assert missing(one) == []
        assert "company" not in json.dumps(one)
        assert "pti_" not in json.dumps(one)


def test_an_auditor_is_limited_and_each_stream_hears_of_itself_alone(
    trail: Trail,
) -> None:
    trail.stream("b")
    trail.stream("c")
    limits = ("--stream", "b", "--stream", "c", "--from", "2026-01-01")
    done(trail, "invite", "a@b.example", "--role", "auditor", *limits, "--access", "1d")
    found = recorded(trail)
    assert [(stream, one["details"]["sees"]) for stream, one in found] == [
        ("b", "b from 2026-01-01T00:00:00Z"),
        ("c", "c from 2026-01-01T00:00:00Z"),
    ]
    assert len({one["eventId"] for _, one in found}) == 1
    shown = run(trail, "person", "list", COLUMNS="200").stdout
    assert "b, c from 2026-01-01T00:00:00Z, until" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("invite", "nobody", "--role", "auditor"), "an e-mail address is needed"),
        (("invite", "a@b.example", "--role", "auditor", "--stream", "x"), "'x'"),
        (("invite", "a@b.example", "--role", "writer"), "'writer' is not one of"),
        (("invite", "a@b.example", "--role", "admin", "--expires", "soon"), "12h"),
        (
            (
                *("invite", "a@b.example", "--role", "admin"),
                *("--from", "2026-02-01", "--to", "2026-01-01"),
            ),
            "swap them",
        ),
        (("invite", "a@b.example", "--role", "admin", "--name", "\x1b[2J"), "a name"),
        (("disable", "7"), "there is no person 7"),
    ],
    ids=lambda given: given[-1] if isinstance(given, tuple) else "",
)
def test_what_cannot_be_is_said_and_neither_done_nor_told(
    trail: Trail, arguments: tuple[str, ...], told: str
) -> None:
    ended = run(trail, "person", *arguments)
    assert ended.returncode != 0
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert recorded(trail) == []
    left = trail.superuser().execute("select count(*) from prooftrail.invitation")
    assert left.fetchone() == (0,)


def test_what_cannot_be_recorded_is_not_done(trail: Trail) -> None:
    trail.superuser().execute(
        "revoke insert (stream, event, envelope) on prooftrail.inbox"
        " from prooftrail_writer"
    )
    ended = run(trail, "person", "invite", "a@b.example", "--role", "admin")
    assert (ended.returncode, ended.stdout) == (1, "")
    left = trail.superuser().execute("select count(*) from prooftrail.invitation")
    assert left.fetchone() == (0,)


def test_a_cookie_is_no_api_key_and_an_api_key_no_cookie(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (
        letting_in.door(trail, monkeypatch, tmp_path) as door,
        serving(trail, monkeypatch) as api,
    ):
        came, _ = door.joined(role="admin")
        key = api.key("admin")
        for headers in (
            {"Authorization": f"Bearer {came.token}"},
            {"Authorization": httpx.BasicAuth("x", came.token)._auth_header},
            {"Cookie": f"session={came.token}"},
        ):
            for path in ("/audit/events", "/audit/streams", "/metrics"):
                answer = httpx.get(f"{api.url}{path}", headers=headers)
                assert answer.status_code == 401, path
        assert door.gate.visitor(key) is None
        with api.client(key) as client:
            assert client.get("/audit/events").status_code == 200
        assert came.token not in api.log.getvalue()
