"""`prooftrail detect`: what it finds, tells, records, and exits with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from prooftrail.detections import leavers
from prooftrail.errors import QuestionError
from tests.commands import run
from tests.sealing import event, insert, log, seal
from tests.test_reading_commands import key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

EVIL = "ada\x1b[31m\n\u202ex"


def guess(trail: Trail, account: str, hour: int, stream: str = "main") -> None:
    insert(
        trail,
        *(
            event(
                timestamp=f"2026-03-01T{hour:02}:{minute:02}:00Z",
                actor={"type": "anonymous", "ipAddress": "203.0.113.66"},
                action="auth.login.failure",
                result="failure",
                resource={"type": "staff", "id": account},
                details={"reason": "bad_password"},
            )
            for minute in range(50, 60)
        ),
        stream=stream,
    )


def test_hits_are_told_of_each_stream_and_the_look_is_recorded(trail: Trail) -> None:
    trail.stream("b")
    guess(trail, EVIL, 9)
    guess(trail, "ben", 23, "b")
    token = key(trail, "--role", "auditor")
    seal(trail)
    done = run(trail, "detect", "--during", "2026-Q1", PROOFTRAIL_KEY=token)
    assert done.returncode == 3, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("2026-03-01T09:50:00Z  medium  guessing  ada")
    assert "\x1b" not in first
    assert "\u202e" not in first
    assert "10 events, b 1 to 10  from 203.0.113.66" in second
    assert "2 found by 13 rules" in done.stderr
    seal(trail)
    for stream in ("main", "b"):
        viewed = log(trail, stream)[-1]
        assert viewed["action"] == "audit.log.view"
        assert viewed["details"]["hits"] == 1
        assert viewed["details"]["filters"] == {"q": "during:2026-Q1"}
        ids = [one["id"] for one in viewed["details"]["rules"]]
        assert len(ids) == 13
        assert EVIL not in json.dumps(viewed)


def test_only_what_is_asked_for_is_looked_for(trail: Trail, tmp_path: Path) -> None:
    guess(trail, "ada", 9)
    token = key(trail, "--role", "auditor")
    seal(trail)

    def asked(*arguments: str) -> tuple[int, list[str]]:
        done = run(trail, "detect", "--json", *arguments, PROOFTRAIL_KEY=token)
        told = json.loads(done.stdout)
        assert len(told["rules"]) in {1, 13}
        return done.returncode, [one["rule"] for one in told["hits"]]

    assert asked() == (3, ["guessing"])
    assert asked("--rule", "spray-fast") == (0, [])
    assert asked("--rule", "guessing", "--threshold", "guessing.failures=11") == (0, [])
    assert asked("--threshold", "guessing.window=60") == (0, [])
    # a hit is of the period that its last event is in, with what was before
    assert asked("--from", "2026-03-01T09:59:00Z") == (3, ["guessing"])
    assert asked("--from", "2026-03-01T09:59:01Z") == (0, [])
    assert asked("--to", "2026-03-01T09:59:00Z") == (0, [])
    gone = tmp_path / "gone.csv"
    gone.write_text("account,last_day\nusr_1,2026-02-16\n")
    insert(trail, event(authorization={"decision": "allowed", "basis": "role"}))
    seal(trail)
    assert asked("--leavers", str(gone), "--rule", "leavers-use") == (
        3,
        ["leavers-use"],
    )
    gone.write_text("usr_1,2026-02-17\n")
    assert asked("--leavers", str(gone), "--rule", "leavers-use") == (0, [])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--rule", "luck"), "there is no rule 'luck'"),
        (("--threshold", "guessing.failures"), "is not RULE.NAME=N"),
        (("--threshold", "guessing.luck=3"), "has no threshold 'luck'"),
        (("--threshold", "guessing.failures=0"), "at least 1"),
        (("--during", "someday"), "someday"),
        (("--stream", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_understood_is_said(
    trail: Trail, arguments: tuple[str, ...], told: str
) -> None:
    token = key(trail, "--role", "auditor")
    done = run(trail, "detect", *arguments, PROOFTRAIL_KEY=token)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr


def test_a_list_of_leavers_is_understood_or_refused() -> None:
    assert leavers.read(["a, 2026-01-01", "", "a,2026-02-01"]) == leavers.read(
        ["account,last_day", '"a",2026-01-01']
    )
    for line in ("a", "a,b", "a,2026-13-01", "a,2026-01-01,x", "a,9999-12-31"):
        with pytest.raises(QuestionError, match="line 1"):
            leavers.read([line])
