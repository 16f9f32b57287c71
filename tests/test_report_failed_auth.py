"""`prooftrail report failed-auth`: guessing over SSH, hostile names, and silence."""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from typing import TYPE_CHECKING

from prooftrail.detections import Seen, detect
from prooftrail.reports import failed_incidents as its
from prooftrail.reports import handling, incidents
from prooftrail.reports.counting import KEPT
from prooftrail.reports.failed_logins import Tally
from prooftrail.search.alerts import Alert
from tests.commands import run
from tests.made_reports import make
from tests.recording import seal as seal_recorded
from tests.sealing import event, insert, seal
from tests.test_sshd_import import BERLIN, brute_force

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

EVIL = '#panic("x") $a$ *b* =cmd|x \u202e\x1b[31m @ref <label> // ada'


made = partial(make, "failed-auth")


def failures(trail: Trail, account: str, n: int) -> None:
    """Let logins fail on an account, one a second."""
    insert(
        trail,
        *(
            event(
                timestamp=f"2026-03-01T09:50:{second:02}Z",
                actor={"type": "anonymous", "ipAddress": "203.0.113.66"},
                action="auth.login.failure",
                result="failure",
                resource={"type": "staff", "id": account},
                details={"reason": "bad_password"},
            )
            for second in range(n)
        ),
    )


def test_guessing_over_ssh_is_told_with_its_sources_and_the_accounts_tried(
    trail: Trail, tmp_path: Path
) -> None:
    log = tmp_path / "auth.log"
    log.write_text(brute_force())
    done = run(trail, "import", "sshd", str(log), *BERLIN)
    assert done.returncode == 0, done.stderr
    seal_recorded(trail)
    text, rows, files = made(
        trail, tmp_path / "a.pdf", "--from", "2025-12-31", "--to", "2026-01-02"
    )
    (row,) = rows
    assert (row["rule"], row["attempts"]) == ("guessing", 120)
    assert json.loads(row["accounts"]) == ["root"]
    assert json.loads(row["ips"]) == ["203.0.113.7"]
    assert row["disposition"] == "not handled in the trail"
    assert "1 incident needs attention." in text
    assert (
        "guessing: 203.0.113.7 (120) tried root (120); then: no login seen. Not handled"
        " in the trail: 1 of 1."
    ) in text
    for named in ("198.51.100.9", "192.0.2.10", "dani", "oracle", "126 logins failed"):
        assert named in text
    assert "Tr0ub4dor" not in text
    assert "as many as the index counts" in text
    assert "NOT AS MANY" not in text
    assert "compliant" not in text.lower()
    (told,) = csv.DictReader(io.StringIO(files["rows.csv"].decode(), newline=""))
    assert told["attempts"] == "120"
    assert json.loads(told["accounts"]) == ["root"]


def test_a_name_is_text_whatever_it_says(trail: Trail, tmp_path: Path) -> None:
    failures(trail, EVIL, 12)
    seal(trail)
    text, (row,), files = made(trail, tmp_path / "a.pdf", "--during", "2026-Q1")
    assert json.loads(row["accounts"]) == [EVIL]
    assert '#panic("x") $a$ *b* =cmd|x' in text
    assert "\x1b" not in text
    (told,) = csv.DictReader(io.StringIO(files["rows.csv"].decode(), newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in told.values())


def test_failures_below_the_thresholds_are_counted_and_no_incident(
    trail: Trail, tmp_path: Path
) -> None:
    failures(trail, "ada", 3)
    seal(trail)
    text, rows, _ = made(trail, tmp_path / "a.pdf", "--during", "2026-Q1")
    assert rows == []
    assert "No rule found anything. 3 logins failed and 0 succeeded." in text


def test_a_period_without_a_failure_says_so(trail: Trail, tmp_path: Path) -> None:
    failures(trail, "ada", 12)
    seal(trail)
    text, rows, _ = made(trail, tmp_path / "a.pdf", "--during", "2020-Q1")
    assert rows == []
    assert "No login failed." in text
    assert "0 events of any kind" in text


def test_an_incident_has_what_followed_and_how_its_alert_was_handled() -> None:
    seen = [
        Seen(
            seq,
            seq * 1_000_000,
            "auth.login.success" if seq == 13 else "auth.login.failure",
            "success" if seq == 13 else "failure",
            resource_id="ada",
            ip="203.0.113.66",
            reason=None if seq == 13 else "bad_password",
        )
        for seq in range(1, 14)
    ]
    hits = detect(seen, its.RULES)
    details = {"rule": hits[0].rule, "key": hits[0].key, "first_seq": 3}
    alert = Alert(
        "an id",
        "main",
        "2026-03-01T10:00:00Z",
        details,
        {"by": "usr_1", "at": "2026-03-01T10:01:30Z", "seconds": 90, "comment": None},
        {
            "by": "usr_2",
            "at": "2026-03-01T11:00:00Z",
            "disposition": "true positive",
            "comment": "",
        },
    )
    elsewhere = alert._replace(stream="b")
    (one,) = incidents.incidents({"main": hits}, [elsewhere, alert])
    row = dict(zip(its.DATA, its.row(one), strict=True))
    assert (row["rule"], row["successAfterSeq"]) == ("guess-then-success", 13)
    assert (row["alertId"], row["ackMinutes"]) == ("an id", "1.5")
    assert row["disposition"] == "true positive"
    printed = dict(zip((c.name for c in its.COLUMNS), its.printed(one), strict=True))
    assert printed["Then"] == "a login, entry 13"
    assert printed["Handling"] == "closed: true positive, 1.5 min"
    (other,) = incidents.incidents({"main": hits}, [elsewhere])
    assert other.handling == handling.NOT_HANDLED
    waiting = alert._replace(acknowledged=None, closed=None)
    (open_one,) = incidents.incidents({"main": hits}, [waiting])
    assert open_one.handling == "alert open"
    assert (one.is_handled, open_one.is_handled, other.is_handled) == (
        True,
        False,
        False,
    )
    synthetic = alert._replace(details={**details, "synthetic": True})
    (test,) = incidents.incidents({"main": hits}, [synthetic])
    assert test.is_test


def test_names_beyond_those_that_are_told_apart_leave_totals_exact() -> None:
    tally = Tally()
    for seq in range(KEPT + 10):
        tally.add(
            {
                "stream": "main",
                "seq": seq,
                "timestamp": "2026-03-01T09:00:00Z",
                "action": "auth.login.failure",
                "actor": {"ipAddress": "203.0.113.66"},
                "resource": {"id": f"{seq} {'x' * 9_000}"},
            }
        )
    assert tally.cut
    assert tally.failures == KEPT + 10
    assert len(tally.accounts) == KEPT
    assert max(map(len, tally.accounts)) <= 200
    assert tally.by_source(5)[0][1].attempts == KEPT + 10
