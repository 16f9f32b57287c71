from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.commands import run
from tests.recording import event, seal, sealed, waiting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_json_lines_are_recorded_in_order_and_counted(trail: Trail) -> None:
    ids = [f"0190a5a0-0000-7000-8000-{n:012d}" for n in range(5_000)]
    done = run(trail, "record", stdin=lines(*(event(eventId=one) for one in ids)))
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "recorded 5,000 events\n",
        "",
    )
    assert waiting(trail) == ids
    row = trail.superuser().execute(
        "select count(distinct xmin::text) from prooftrail.inbox"
    )
    assert (row.fetchone() or (5_000,))[0] < 500


def test_a_bad_line_is_named_and_stops_no_other(trail: Trail) -> None:
    good = lines(event())
    stdin = (
        good
        + '{"actor": {"userId": "u"}, "action": "auth.logout"}\n'
        + "not json\n\n"
        + '{"a": 1, "a": 2}\n'
        + lines(event(action="trail.prune"), event(checksum="sha256:0"), [1])
        + good
    )
    done = run(trail, "record", stdin=stdin.encode() + b'{"x": "\xff"}\n' + b"{")
    assert done.returncode == 1
    assert done.stdout == "recorded 2 events\n"
    told = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in told[:-1]] == [
        f"line {number}" for number in (2, 3, 5, 6, 7, 8, 10, 11)
    ]
    assert "result is missing" in told[0]
    assert told[-1] == "refused 8 lines, see above"
    assert len(waiting(trail)) == 2


def test_a_line_too_long_is_refused_without_being_held(trail: Trail) -> None:
    long = json.dumps(event(details={"x": ["y" * 1_000] * 3_000}))
    done = run(trail, "record", stdin=f"{long}\n{lines(event())}")
    assert done.returncode == 1
    assert done.stdout == "recorded 1 events\n"
    assert "line 1: the line has more than" in done.stderr


def test_a_strict_catalog_refuses_and_a_declared_action_passes(trail: Trail) -> None:
    stdin = lines(event(action="plan.change"), event())
    assert run(trail, "record", stdin=stdin).returncode == 0
    done = run(trail, "record", "--strict", stdin=stdin)
    assert (done.returncode, done.stdout) == (1, "recorded 1 events\n")
    assert "'plan.change' is not in the catalog" in done.stderr
    declared = ["--action", "plan.change"]
    done = run(trail, "record", "--strict", *declared, stdin=stdin)
    assert (done.returncode, done.stdout) == (0, "recorded 2 events\n")
    done = run(trail, "record", *declared, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "")
    assert "add --strict" in done.stderr


def test_another_stream_and_the_writers_own_dsn(trail: Trail) -> None:
    trail.stream("eu")
    dsn = trail.login_dsn("writer")
    done = run(
        trail,
        "record",
        "--stream",
        "eu",
        stdin=lines(event()),
        PROOFTRAIL_WRITER_DSN=dsn,
        PROOFTRAIL_DSN="",
    )
    assert done.returncode == 0
    (one,) = waiting(trail)
    assert seal(trail).events == 1
    assert sealed(trail) == [one]
    row = trail.superuser().execute("select stream from prooftrail.log where kind = 0")
    assert row.fetchone() == (trail.made["eu"].number,)


def test_a_stream_that_is_not_there_is_told_before_anything_is_sent(
    trail: Trail,
) -> None:
    for command in (["record"], ["import", "jsonl", "-"]):
        done = run(trail, *command, "--stream", "mian", stdin=lines(event()))
        assert (done.returncode, done.stdout) == (1, "")
        assert "prooftrail stream create mian" in done.stderr
    assert waiting(trail) == []


def test_numbers_and_unicode_keep_their_spelling(trail: Trail) -> None:
    text = lines(event())[:-2] + ', "details": {"n": 1.10, "big": 1e400, "é": "👍"}}'
    assert run(trail, "record", stdin=text).returncode == 0
    row = trail.superuser().execute("select event from prooftrail.inbox").fetchone()
    assert row is not None
    assert json.loads(row[0])["details"] == {
        "n": {"$number": "1.10"},
        "big": {"$number": "1e400"},
        "é": "👍",
    }


def test_a_database_that_goes_away_is_told_with_the_place(trail: Trail) -> None:
    done = run(
        trail,
        "record",
        stdin=lines(event()),
        PROOFTRAIL_WRITER_DSN=trail.login_dsn("reader"),
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("prooftrail: stopped at line 1: ")
    assert "permission denied" in done.stderr
    assert "Recorded before it: 0 events" in done.stderr


def test_no_database_is_one_line(trail: Trail) -> None:
    done = run(trail, "record", stdin=lines(event()), PROOFTRAIL_DSN="")
    assert done.returncode == 1
    assert "PROOFTRAIL_WRITER_DSN or PROOFTRAIL_DSN" in done.stderr
    assert "Traceback" not in done.stderr


def test_progress_is_shown_on_a_terminal_only(trail: Trail, tmp_path: Path) -> None:
    source = tmp_path / "events.jsonl"
    source.write_text(lines(*(event() for _ in range(300))))
    ours, theirs = os.openpty()
    with source.open("rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-c", "from prooftrail.cli import main; main()", "record"],
            env=trail.env | {"TERM": "xterm"},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=60,
            check=True,
        )
    os.close(theirs)
    assert done.stdout == b"recorded 300 events\n"
    assert b"recording" in os.read(ours, 10_000)
    os.close(ours)
