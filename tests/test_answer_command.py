"""`prooftrail answer`: what the API answers, on a terminal, and recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import run
from tests.sealing import event, insert, log, seal
from tests.test_reading_commands import key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

DURING = "during:2026-03"
EVIL = "usr_2\x1b[31m\u202e"


@pytest.fixture
def token(trail: Trail) -> str:
    staff = {"type": "staff", "id": EVIL}
    insert(
        trail,
        event(
            timestamp="2026-03-02T10:00:00Z",
            actor={"userId": "usr_1"},
            action="admin.permission.grant",
            resource=staff,
            details={"permission": "customers:reveal"},
            result="success",
        ),
        event(
            timestamp="2026-03-05T10:00:00Z",
            actor={"userId": "usr_3"},
            action="auth.login.success",
            result="success",
        ),
    )
    seal(trail)
    return key(trail, "--role", "auditor")


def test_each_answer_is_given_and_recorded(
    trail: Trail, token: str, tmp_path: Path
) -> None:
    listed = tmp_path / "leavers.csv"
    listed.write_text("usr_3,2026-03-04\nnobody,2026-03-04\n")
    commands = {
        "authority": (DURING,),
        "grants": (DURING,),
        "accounts": ("--days", "30"),
        "leavers": (str(listed),),
        "continuity": (DURING,),
        "administrators": (DURING,),
    }
    told = {}
    for name, arguments in commands.items():
        for more in ((), ("--json",)):
            done = run(trail, "answer", name, *arguments, *more, PROOFTRAIL_KEY=token)
            assert done.returncode == 0, done.stderr
            assert "\x1b" not in done.stdout
            assert "\u202e" not in done.stdout
            told[name] = json.loads(done.stdout) if more else {}
    assert told["authority"]["total"] == 2
    assert told["grants"]["grants"][0]["to"]["id"] == EVIL
    assert told["grants"]["fails"]["not-approved"] == 1
    states = {one["account"]: one["state"] for one in told["accounts"]["accounts"]}
    assert {"usr_1", "usr_3"} <= {*states}
    leavers = {one["account"]: one["state"] for one in told["leavers"]["leavers"]}
    assert leavers == {"usr_3": "used", "nobody": "unknown"}
    assert told["continuity"]["stops"] == []
    assert any(one["power"] == "superuser" for one in told["administrators"]["could"])
    seal(trail)
    details = [one.get("details") or {} for one in log(trail)]
    seen = [one for one in details if "answer" in one]
    assert [one["answer"] for one in seen] == [one for one in commands for _ in (0, 1)]
    assert all(one["caller"].startswith("os:") for one in seen)
    assert seen[2]["count"] == 1


def test_what_cannot_be_answered_is_said(trail: Trail, token: str) -> None:
    officer = key(trail, "--role", "writer")
    for arguments, used, told in (
        (("continuity", "role:admin"), token, "a period and streams alone"),
        (("grants", "rolle:x"), token, "rolle"),
        (("leavers", "-"), token, "nobody is on the list"),
        (("grants",), officer, "may not read"),
    ):
        done = run(trail, "answer", *arguments, PROOFTRAIL_KEY=used, stdin="")
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert told in done.stderr
