"""What comes after a verdict: nothing in telling or recording it changes the code."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.integrity.findings import Kind, failure
from prooftrail.integrity.tree import Anchored
from prooftrail.verification import recording, render
from prooftrail.verification.report import Report, StreamReport
from tests.attacks.conftest import attacked, prepared
from tests.attacks.rig import MIDDLE, Attacked, summary
from tests.test_verify_command import edit, invoke

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["attacked", "prepared"]  # fixtures

WILD_US = 9 * 10**18


def recorded(attacked: Attacked) -> list[dict[str, Any]]:
    rows = attacked.execute("select event from prooftrail.inbox").fetchall()
    return [json.loads(text) for (text,) in rows]


def test_a_time_outside_all_years_is_told_as_it_stands(attacked: Attacked) -> None:
    attacked.disarm()
    attacked.execute(
        "create table prooftrail.log_wild partition of prooftrail.log"
        " for values from (8000000000000000000) to (9200000000000000000)"
    )
    attacked.execute(
        "update prooftrail.log set recorded_us = %s where stream = 1 and seq = %s",
        (WILD_US, MIDDLE),
    )
    done = invoke(attacked)
    assert done.exit_code == 1, done.output
    assert (
        f"✗ edited: main seq {MIDDLE}, recorded {WILD_US} microseconds" in done.output
    )
    assert done.stdout.splitlines()[-1].startswith(f"TAMPERED, first at seq {MIDDLE}")
    done = invoke(attacked, "--json")
    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert report["verdict"] == "tampered"
    assert str(WILD_US) in report["findings"][0]["recordedAt"]


@pytest.mark.parametrize("us", [-(2**63), -1, 0, 2**63 - 1])
def test_a_report_is_told_whatever_the_numbers_in_it_are(us: int) -> None:
    found = failure(Kind.CLOCK, "main", us, "a\x1b[2J", last=us, recorded_us=us)
    stream = StreamReport("main", None, anchored=Anchored(1, 2**64 - 1, "here"))
    report = Report([stream], [found])
    assert list(render.lines(report))[-1].startswith("TAMPERED")
    assert json.loads(json.dumps(render.as_json(report)))["exitCode"] == 1


def test_an_only_entry_moved_below_0_is_named(attacked: Attacked) -> None:
    stream = attacked.trail.stream("lone")
    with attacked.sealer() as sealer:
        sealer.drain()
    assert attacked.verify().findings == []
    attacked.disarm()
    moved = attacked.execute(
        "update prooftrail.log set seq = -1 where stream = %s", (stream.number,)
    )
    assert moved.rowcount == 1
    assert summary(attacked.verify()) == [
        ("lone", "inserted", -1, None),
        ("lone", "truncated", 0, 0),
    ]
    assert invoke(attacked).exit_code == 1
    # and with the head moved as well
    attacked.execute(
        "update prooftrail.head set seq = -1 where stream = %s", (stream.number,)
    )
    assert ("lone", "inserted", -1, None) in summary(attacked.verify())


@pytest.mark.parametrize("code", [0, 1])
def test_a_database_that_only_reads_leaves_the_code(
    attacked: Attacked, code: int
) -> None:
    if code:
        edit(attacked)
    attacked.execute(
        f"alter database {attacked.trail.database}"
        " set default_transaction_read_only = on"
    )
    done = invoke(attacked)
    assert done.exit_code == code, done.output
    assert "this run is unrecorded: this connection can only read" in done.stderr
    assert "Traceback" not in done.stderr
    assert recorded(attacked) == []


def _raise(error: BaseException) -> Callable[..., object]:
    def broken(*_: object, **__: object) -> object:
        raise error

    return broken


@pytest.mark.parametrize(
    "error", [RuntimeError("a defect"), OSError(), KeyboardInterrupt()]
)
@pytest.mark.parametrize("code", [0, 1])
def test_whatever_recording_meets_leaves_the_code(
    attacked: Attacked,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    error: BaseException,
) -> None:
    if code:
        edit(attacked)
    monkeypatch.setattr(recording, "events", _raise(error))
    done = invoke(attacked)
    assert done.exit_code == code
    assert "this run is unrecorded: " in done.stderr
    assert done.stdout.splitlines()[-1].startswith("TAMPERED" if code else "verified")


def test_a_report_that_cannot_be_printed_leaves_the_code(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(attacked)
    monkeypatch.setattr(render, "lines", _raise(ValueError("odd")))
    done = invoke(attacked)
    assert done.exit_code == 1
    assert "TAMPERED: the report could not be printed: odd" in done.stderr
    main, side = recorded(attacked)
    assert main["details"]["verdict"] == "tampered"
    assert side["details"]["verdict"] == "verified"  # nothing is wrong with that one


def test_a_user_without_a_name_is_recorded_by_number(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", _raise(KeyError("uid not found")))
    done = invoke(attacked)
    assert (done.exit_code, done.stderr) == (0, "")
    for event in recorded(attacked):
        assert event["actor"] == {"type": "user", "userId": f"os:uid-{os.getuid()}"}


def test_a_reader_that_goes_away_leaves_the_code(attacked: Attacked) -> None:
    edit(attacked)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", "from prooftrail.cli import main; main()", "verify"],
        env=attacked.trail.env,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert done.returncode == 1
    assert b"TAMPERED: the report could not be printed" in done.stderr
    assert len(recorded(attacked)) == 2


def test_a_terminal_without_our_signs_gets_the_report(attacked: Attacked) -> None:
    edit(attacked)
    done = subprocess.run(
        [sys.executable, "-c", "from prooftrail.cli import main; main()", "verify"],
        env=attacked.trail.env | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert f"\\u2717 projection edited: main seq {MIDDLE}" in done.stdout.decode(
        "ascii"
    )
