"""`prooftrail report pii-access`: verdicts, editions, and whatever events may hold."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pypdf

from prooftrail.reports import pii_rows
from tests.commands import run
from tests.sealing import event, insert, seal
from tests.test_reading_commands import key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

EVIL = '=cmd|x #panic("x") $a$ *b* \u202e\x1b[31m @ref <label> // </script>'
NAMES = (
    "李小龍 ジュン 김",
    "دانيال שרה",
    "👩‍👩‍👧 Ada",
    "x" * 5_000,
    EVIL,
)
PERSONAL = "Jane.Roe@mail.example"
ALLOWED = {
    "decision": "allowed",
    "basis": "grant",
    "name": "customers:read",
    "policy": "roles@7",
    "grant": "grant_9",
    "approval": {
        "id": "apr_1",
        "by": "usr_8",
        "at": "2026-02-01T00:00:00Z",
        "ticket": "T-1",
    },
}
GLASS = {"decision": "allowed", "basis": "break_glass", "name": "customers:read"}
DENIED = {"decision": "denied", "basis": "role", "name": "support"}
SEEN = {"fields": ["email"], "classes": ["contact.email"]}
EDITION = ("--edition", "data-subject")


def made(
    trail: Trail, path: Path, *arguments: str, code: int = 0
) -> tuple[str, list[dict[str, Any]], dict[str, bytes]]:
    """Make the report; return its text, its rows and what it encloses."""
    token = key(trail, "--role", "auditor")
    given = ("report", "pii-access", "-o", str(path), "--unverified", *arguments)
    done = run(trail, *given, PROOFTRAIL_KEY=token)
    assert done.returncode == code, done.stderr
    if code:
        return done.stderr, [], {}
    told = pypdf.PdfReader(path)
    text = " ".join("".join(page.extract_text() for page in told.pages).split())
    files = {name: one[0] for name, one in told.attachments.items()}
    lines = files["rows.jsonl"].decode().split("\n")
    rows = [json.loads(line) for line in lines if line]
    read = csv.DictReader(io.StringIO(files["rows.csv"].decode(), newline=""))
    assert [one["eventId"] for one in read] == [one["eventId"] for one in rows]
    return text, rows, files


def access(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return an access; each number is a minute."""
    return event(
        timestamp=f"2026-03-01T09:{number:02}:00Z",
        pii=SEEN,
        **{"authorization": ALLOWED, "subjects": ["cust_1"], **changes},
    )


def four(trail: Trail) -> None:
    """Let there be one access of each verdict, and one that is none."""
    insert(
        trail,
        access(1, purpose="support call", ticket="CASE-7"),
        access(2, authorization=GLASS, purpose="outage"),
        access(3, authorization=DENIED, result="denied"),
        access(4, authorization=None),
        event(timestamp="2026-03-01T10:00:00Z", action="auth.login.success"),
    )
    seal(trail)


def test_each_access_has_a_verdict_and_they_sum_to_the_population(
    trail: Trail, tmp_path: Path
) -> None:
    four(trail)
    text, rows, files = made(trail, tmp_path / "a.pdf", "--during", "2026-Q1")
    assert [one["verdict"] for one in rows] == [
        "authorised",
        "break-glass",
        "denied",
        "unexplained",
    ]
    assert (
        "1 authorised + 1 break-glass + 1 denied + 1 unexplained = 4, the population."
    ) in text
    assert "2 items need attention." in text
    assert "4 accesses by 1 actor, to 1 data subject and 3 records." in text
    assert "4 accesses printed = rows.csv = rows.jsonl" in text
    assert "5 events in the period" in text
    assert "compliant" not in text.lower()
    assert "NOT" not in text.replace("NOT AS", "")
    first = rows[0]
    assert [*first][:2] == ["stream", "seq"]
    assert isinstance(first["seq"], int)
    assert tuple(first) == pii_rows.DATA
    told = {name: value for name, value in first.items() if value is not None}
    for unique in ("eventId", "stream", "seq", "channel"):
        told.pop(unique)
    assert told == {
        "time": "2026-03-01T09:01:00Z",
        "actorId": "usr_1",
        "action": "customer.pii.view",
        "result": "success",
        "resourceType": "customer",
        "subject": "cust_1",
        "subjects": 1,
        "class": "contact.email",
        "fields": "email",
        "sourceIp": "203.0.113.42",
        "decision": "allowed",
        "basis": "grant",
        "role": "Admin",
        "permission": "customers:read",
        "policy": "roles@7",
        "grantId": "grant_9",
        "approvalId": "apr_1",
        "approver": "usr_8",
        "approvedAt": "2026-02-01T00:00:00Z",
        "approvalTicket": "T-1",
        "purpose": "support call",
        "caseRef": "CASE-7",
        "verdict": "authorised",
    }
    parameters = json.loads(files["run.json"])["parameters"]
    assert (parameters["report"], parameters["edition"]) == ("pii-access", "auditor")


def test_the_data_subjects_edition_has_one_subject_and_nobody_who_did_it(
    trail: Trail, tmp_path: Path
) -> None:
    who = {"userId": "usr_secret", "email": "staff@example.org", "ipAddress": "9.9.9.9"}
    insert(
        trail,
        access(1, actor=who, purpose="support call"),
        access(2, actor=who, subjects=["cust_1", "cust_2"]),
        access(3, actor=who, subjects=["cust_2"], resource=None),
        access(4, actor=who, authorization=DENIED, result="denied"),
        access(5, actor=who, authorization=None),
    )
    seal(trail)
    text, rows, files = made(
        trail, tmp_path / "a.pdf", "--resource", "cust_1", *EDITION
    )
    assert tuple(rows[0]) == pii_rows.WITHOUT_ACTOR
    assert [one["verdict"] for one in rows] == [
        "authorised", "authorised", "denied", "unexplained",
    ]  # fmt: skip
    whole = text + files["rows.csv"].decode() + files["run.json"].decode()
    for hidden in ("usr_secret", "staff@", "9.9.9.9", "usr_8", "cust_2", "Admin"):
        assert hidden not in whole
    assert "4 accesses to the data of cust_1." in text
    assert "support call" in text
    assert "resource cust_1; data-subject edition" in text


def test_the_data_subjects_edition_is_of_one_subject(
    trail: Trail, tmp_path: Path
) -> None:
    told, _, _ = made(trail, tmp_path / "a.pdf", *EDITION, code=2)
    assert "name him by his whole id" in told
    assert not (tmp_path / "a.pdf").exists()


def test_the_privacy_officers_edition_says_whose_data_was_accessed_most(
    trail: Trail, tmp_path: Path
) -> None:
    insert(
        trail,
        *(access(n, subjects=["cust_a"]) for n in range(3)),
        access(9, subjects=["cust_b"], actor={"userId": "usr_2"}),
    )
    seal(trail)
    edition = ("--edition", "privacy-officer")
    text, _, _ = made(trail, tmp_path / "a.pdf", *edition)
    assert "Data subjects Those whose data was accessed most, of 2." in text
    assert "cust_a 3 1" in text
    assert "cust_b 1 1" in text


def test_names_are_text_whatever_they_say_and_values_are_not_personal(
    trail: Trail, tmp_path: Path
) -> None:
    hidden = {"$protected": {"class": "person.name", "dropped": True}}
    insert(
        trail,
        *(
            access(
                number,
                actor={"userId": f"usr_{number}", "name": name},
                subjects=[name[:900]],
                purpose=name,
            )
            for number, name in enumerate(NAMES)
        ),
        access(
            20,
            actor={"userId": "cust_1", "type": "user", "name": hidden},
            resource={"type": "customer", "id": PERSONAL, "name": "Jane Roe"},
            subjects=[PERSONAL, "Jane Roe", "+49 30 1234 5678"],
            purpose=f"she wrote from {PERSONAL}",
            details={"email": PERSONAL, "record_count": 2},
        ),
        access(
            21,
            actor={"userId": "cust_9", "email": PERSONAL},
            subjects=["cust_9"],
            authorization={"decision": "allowed", "basis": "self"},
        ),
    )
    seal(trail)
    text, rows, files = made(trail, tmp_path / "a.pdf", "--during", "2026-Q1")
    assert rows[4]["actorName"] == EVIL
    assert rows[0]["actorName"] == NAMES[0]
    assert rows[3]["actorName"].endswith("… (5,000 characters)")
    assert '=cmd|x #panic("x") $a$ *b*' in text
    assert "\x1b" not in text
    read = csv.DictReader(io.StringIO(files["rows.csv"].decode(), newline=""))
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for row in read for cell in row.values()
    )
    whole = text + "".join(one.decode() for one in files.values())
    for personal in ("Jane.Roe", "Jane Roe", "1234 5678"):
        assert personal not in whole
    assert rows[5]["subject"] == "J***@mail.example, J. R., ***78"
    assert rows[5]["actorName"] == "[protected]"
    assert rows[6]["actorName"] == "J***@mail.example"
    assert "To one's own data 1 of 7: cust_9 1" in text


def test_an_export_of_many_counts_each_of_them(trail: Trail, tmp_path: Path) -> None:
    many = [f"cust_{number}" for number in range(2_500)]
    token = key(trail, "--role", "writer")
    export = {
        "timestamp": "2026-03-01T09:00:00Z",
        "actor": {"userId": "usr_1"},
        "action": "customer.pii.export",
        "resource": {"type": "customer"},
        "details": {"record_count": 2_500, "export_format": "csv"},
        "pii": SEEN,
        "subjects": many,
        "authorization": ALLOWED,
        "result": "success",
    }
    lines = json.dumps(export)
    done = run(trail, "record", stdin=lines, PROOFTRAIL_KEY=token)
    assert done.returncode == 0, done.stderr
    seal(trail)
    text, (row,), _ = made(trail, tmp_path / "a.pdf", "--during", "2026-Q1")
    assert (row["subjects"], row["records"]) == (2_500, 2_500)
    assert row["subject"].endswith("and 2,450 more")
    assert "1 access by 1 actor, to 2,500 data subjects and 2,500 records." in text
    assert "usr_1: 1 access to the data of" in text
    text, (row,), _ = made(
        trail, tmp_path / "b.pdf", "--resource", "cust_2499", *EDITION
    )
    assert row["subject"] == "cust_2499"
    assert "cust_2498" not in text


def test_a_period_without_an_access_says_so_and_whether_capture_ran(
    trail: Trail, tmp_path: Path
) -> None:
    four(trail)
    text, rows, _ = made(trail, tmp_path / "a.pdf", "--during", "2020-Q1")
    assert rows == []
    assert "Personal data was not accessed." in text
    assert "Of 0 events of any kind in this period none touches personal data" in text
    assert "capture stopped never in this period" in text


def test_one_access_is_one_row(trail: Trail, tmp_path: Path) -> None:
    insert(trail, access(1))
    seal(trail)
    text, (row,), _ = made(trail, tmp_path / "a.pdf")
    assert row["verdict"] == "authorised"
    assert "No access is unexplained." in text
    assert "1 access by 1 actor, to 1 data subject and 1 record." in text


def test_a_redacted_event_keeps_its_verdict(trail: Trail, tmp_path: Path) -> None:
    four(trail)
    admin = trail.superuser()
    for (table,) in admin.execute(
        "select c.oid::regclass::text from pg_class c join pg_namespace n"
        " on n.oid = c.relnamespace where nspname like 'prooftrail%'"
        " and relname ~ '^log' and relkind in ('p', 'r')"
    ).fetchall():
        admin.execute(f"alter table {table} disable trigger user")
    admin.execute(
        "update prooftrail.log set event = null, salt = null"
        " where authority = 'break-glass'"
    )
    text, rows, _ = made(trail, tmp_path / "a.pdf", "--during", "2026-Q1")
    assert Counter(one["verdict"] for one in rows) == dict.fromkeys(
        ("authorised", "break-glass", "denied", "unexplained"), 1
    )
    assert (rows[1]["verdict"], rows[1]["actorId"]) == ("break-glass", None)
    assert "Of 1 access the event was redacted" in text
