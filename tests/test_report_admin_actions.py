"""`prooftrail report admin-actions`: every rule, hostile text, and silence."""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pypdf

from prooftrail.reports.admin_findings import RULES
from prooftrail.reports.admin_kinds import MEANINGS
from prooftrail.reports.admin_rows import COLUMNS, DATA
from prooftrail.reports.registry import MAKERS
from tests.api_rig import serving
from tests.commands import run
from tests.made_reports import make
from tests.sealing import event, insert, seal
from tests.test_reading_commands import key

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.trail import Trail

EVIL = '#panic("x") $a$ *b* =cmd|x \u202e\x1b[31m @ref <label> // ada'
NAMES = (EVIL, "李 \U0001f9d1\u200d\U0001f4bb أحمد", "=1+1", "x" * 5_000, "\x01\x07")
made = partial(make, "admin-actions")
DAY = ("--from", "2026-03-02", "--to", "2026-03-03")  # a Monday


def act(clock: str, action: str, **more: Any) -> dict[str, Any]:
    """Return something that an administrator did on the day."""
    given: dict[str, Any] = {
        "timestamp": f"2026-03-02T{clock}Z",
        "actor": {"userId": "usr_root", "role": "admin"},
        "resource": {"type": "staff", "id": "usr_2"},
        "authorization": {"decision": "allowed", "basis": "role", "name": "admin"},
    }
    return event(action=action, **given | more)


def approved(by: str, at: str = "2026-03-01T08:00:00Z") -> dict[str, Any]:
    """Return an authorization with an approval."""
    approval = {"id": "APR-1", "by": by, "at": at, "ticket": "OPS-7"}
    return {"decision": "allowed", "basis": "role", "approval": approval}


# each with the rules that find something in it
SERVICE = {"type": "service", "userId": "svc_backup", "ipAddress": "203.0.113.9"}
CASES: tuple[tuple[dict[str, Any], set[str]], ...] = (
    (
        act(
            "09:00:00",
            "admin.user.create",
            resource={"type": "staff", "id": "usr_2", "name": "Ada"},
            details={"role": "admin"},
            authorization=approved("usr_boss"),
        ),
        set(),
    ),
    (
        act(
            "09:10:00",
            "admin.permission.grant",
            actor={"userId": "usr_2", "role": "admin"},
            details={"permission": "customers:reveal"},
            authorization=approved("usr_2"),
        ),
        {"segregation"},
    ),
    (
        act(
            "09:20:00",
            "admin.config.update",
            actor={"userId": "usr_2", "role": "admin"},
            resource={"type": "setting", "id": "mail.sender"},
            changes=[{"field": "sender", "before": "a@b.example", "after": None}],
        ),
        {"change", "window"},
    ),
    (
        act(
            "09:30:00",
            "admin.config.update",
            actor={"userId": "usr_2", "role": "admin"},
            resource={"type": "setting", "id": "session.hours"},
            details={"setting": "session.hours", "before": 8, "after": 24},
            authorization=approved("usr_2"),
        ),
        {"approval", "window"},
    ),
    (
        act(
            "12:30:00",
            "audit.capture.change",
            actor={"userId": "usr_2", "role": "admin"},
            resource={"type": "capture"},
            details={"change": "redaction", "before": "on", "after": "off"},
            ticket="CHG-1",
        ),
        set(),
    ),
    (
        act(
            "13:00:00",
            "customer.pii.view",
            actor={"userId": "usr_3", "role": "ops"},
            resource={"type": "customer", "id": "cust_7"},
            authorization={"decision": "allowed", "basis": "break_glass"},
        ),
        {"break-glass"},
    ),
    (
        act(
            "13:10:00",
            "admin.impersonation.start",
            actor={"userId": "usr_2", "role": "admin"},
            resource={"type": "staff", "id": "usr_4"},
            details={"impersonated": "usr_4"},
        ),
        {"impersonation"},
    ),
    (
        act(
            "13:20:00",
            "admin.apikey.revoke",
            actor=SERVICE | {"sessionId": "abc"},
            resource={"type": "api_key", "id": "key_1"},
        ),
        {"interactive"},
    ),
    (
        act(
            "13:30:00",
            "admin.user.delete",
            actor={"userId": "usr_3", "role": "ops"},
            result="denied",
        ),
        {"refused"},
    ),
    (act("14:00:00", "admin.user.disable", details={"reason": "left"}), set()),
    (
        act(
            "15:00:00", "admin.user.unlock", actor={"userId": "usr_2", "role": "admin"}
        ),
        {"role-ended"},
    ),
)
OTHERS = (  # no rows: looked at, and only told
    event(timestamp="2026-03-02T10:00:00Z", action="auth.login.success", actor=SERVICE),
    event(timestamp="2026-03-02T10:00:01Z", action="auth.login.success"),
    event(timestamp="2026-03-02T10:00:02Z", action="customer.pii.view"),
)


def test_each_rule_finds_what_it_says_and_nothing_else(
    trail: Trail, tmp_path: Path
) -> None:
    insert(trail, *(one for one, _ in CASES), *OTHERS)
    seal(trail)
    window = ("--change-window", "Mon 12:00-13:00")
    text, rows, files = made(trail, tmp_path / "a.pdf", *DAY, *window)
    assert [one["time"] for one in rows] == [one["timestamp"] for one, _ in CASES]
    assert list(rows[0])[:2] == ["stream", "seq"]
    assert "as many as the index counts" in text
    found = dict.fromkeys(RULES, 0)
    for _, names in CASES:
        for name in names:
            found[name] += 1
    found["interactive"] += 1  # the login
    found["role-unknown"] += 1  # nobody gave usr_root a role
    told = {name: f"{name} {meaning} {found[name]}" for name, meaning in RULES.items()}
    assert {name: line for name, line in told.items() if line not in text} == {}
    assert f"{sum(found.values())} items need attention." in text
    by = {one["time"][11:16]: one for one in rows}
    assert by["09:00"]["segregation"] == "segregated"
    assert by["09:00"]["leadSeconds"] == 25 * 3_600
    assert (by["09:00"]["approver"], by["09:00"]["ticket"]) == ("usr_boss", "OPS-7")
    assert by["09:10"]["segregation"] == "self-approved self-granted"
    assert by["09:10"]["roleGivenBy"] == f"main {rows[0]['seq']}"
    assert by["09:20"]["changed"] == "sender: a@b.example → empty"
    assert by["09:20"]["segregation"] is None
    assert by["09:30"]["changed"] == "session.hours: 8 → 24"
    assert by["12:30"]["changed"] == "redaction: on → off"
    assert by["12:30"]["outsideWindow"] is False
    assert by["13:00"]["kind"] == "break-glass"
    assert by["15:00"]["roleGivenBy"] is None
    assert {one["kind"] for one in rows} <= set(MEANINGS)
    assert "compliant" not in text.lower()
    with_options = json.loads(files["run.json"])["parameters"]["options"]
    assert with_options == {"change_window": "Mon 12:00-13:00"}


def test_a_period_without_an_action_says_so(trail: Trail, tmp_path: Path) -> None:
    insert(trail, *OTHERS[1:])
    seal(trail)
    text, rows, files = made(trail, tmp_path / "a.pdf", *DAY)
    assert rows == []
    assert (
        "No action of administration was recorded. No such action is in this period"
        in text
    )
    assert "the log has 2 events of any kind, 0 tests of detection among them" in text
    assert files["rows.csv"].decode() == ",".join(DATA) + "\r\n"
    assert "0 rows printed = rows.csv = rows.jsonl" in text


def test_one_action_is_told_in_the_singular(trail: Trail, tmp_path: Path) -> None:
    insert(trail, CASES[5][0])
    seal(trail)
    text, rows, _ = made(trail, tmp_path / "a.pdf", *DAY)
    assert len(rows) == 1
    assert "1 item needs attention. 1 action of administration by 1 actor" in text
    assert "The glass was broken once by usr_3: no reason is stated." in text
    assert "No change window was stated" in text


def test_whoever_sees_a_period_alone_is_told_that_roles_may_lack(
    trail: Trail, tmp_path: Path
) -> None:
    given = {"resource": {"type": "staff", "id": "usr_root"}}
    early = act("09:00:00", "admin.user.create", details={"role": "admin"}, **given)
    insert(trail, early | {"timestamp": "2026-02-01T09:00:00Z"}, CASES[9][0])
    seal(trail)
    text, (row,), _ = made(trail, tmp_path / "a.pdf", *DAY)
    assert row["roleGivenBy"] == "main 1"
    assert "No rule found anything." in text
    token = key(trail, "--role", "auditor", "--from", "2026-03-01")
    path = tmp_path / "b.pdf"
    asked = ("report", "admin-actions", "-o", str(path), *DAY)
    done = run(trail, *asked, PROOFTRAIL_KEY=token)
    assert done.returncode == 2, done.stderr  # nor is the log verified for such a key
    pages = pypdf.PdfReader(path).pages
    text = " ".join("".join(one.extract_text() for one in pages).split())
    assert "1 account acted by an administrative role that no entry read here" in text
    assert "roles that were given before it are in no entry that was read" in text


def test_text_of_the_log_is_text_whatever_it_says(trail: Trail, tmp_path: Path) -> None:
    insert(
        trail,
        *(
            act(
                f"09:00:{at:02}",
                "admin.permission.grant",
                actor={"userId": name[:900], "role": name},
                resource={"type": "staff", "id": name[:900], "name": name},
                details={"permission": name},
                ticket=name,
                authorization=approved(name),
                changes=[{"field": name, "before": name, "after": name}],
            )
            for at, name in enumerate(NAMES)
        ),
    )
    seal(trail)
    text, rows, files = made(trail, tmp_path / "a.pdf", *DAY)
    assert len(rows) == len(NAMES)
    assert [one["ticket"] for one in rows[:3]] == list(NAMES[:3])
    assert all(len(str(cell)) <= 2_000 for one in rows for cell in one.values())
    assert '#panic("x") $a$ *b* =cmd|x' in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    told = list(csv.DictReader(io.StringIO(files["rows.csv"].decode(), newline="")))
    assert len(told) == len(NAMES)
    cells = [cell for one in told for cell in one.values()]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert all(cell.isprintable() for cell in cells)


def test_a_change_window_that_is_none_is_refused(trail: Trail, tmp_path: Path) -> None:
    given = ("report", "admin-actions", "-o", str(tmp_path / "a.pdf"))
    done = run(
        trail,
        *given,
        *("--change-window", "at night"),
        PROOFTRAIL_KEY=key(trail, "--role", "auditor"),
    )
    assert done.returncode == 2
    assert "'at night' is no change window: write hours of the week" in done.stderr
    assert not (tmp_path / "a.pdf").exists()


def test_over_http_the_window_is_a_parameter(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(trail, CASES[2][0])
    seal(trail)
    place = "/audit/reports/admin-actions"
    with serving(trail, monkeypatch) as api, api.client(api.key("auditor")) as client:
        refused = client.get(place, params={"change_window": "at night"})
        assert refused.status_code == 400
        assert "no change window" in refused.text
        other = client.get("/audit/reports/failed-auth", params={"change_window": "x"})
        assert other.status_code == 400
        answer = client.get(place, params={"change_window": "Sat 20:00-Sun 06:00"})
        assert answer.status_code == 200
        read = pypdf.PdfReader(io.BytesIO(answer.content))
        assert "1 change was made outside the change window." in " ".join(
            read.pages[0].extract_text().split()
        )
        api.seal()
        told = client.get("/audit/events", params={"action": "audit.log.export"})
    (export,) = told.json()["events"]
    assert export["details"]["options"] == {"change_window": "Sat 20:00-Sun 06:00"}


def test_it_is_among_the_reports_and_prints_eight_columns() -> None:
    assert "admin-actions" in MAKERS
    assert len(COLUMNS) == 8
    assert DATA[:2] == ("stream", "seq")
