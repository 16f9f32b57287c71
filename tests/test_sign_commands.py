"""`prooftrail sign`, `checkpoint` and `stream` as people run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from prooftrail.cli import main
from prooftrail.cli.seal import Summary
from prooftrail.core.note import parse_note
from prooftrail.seal.sealed import Sealed
from prooftrail.sign.anchor import Anchor
from prooftrail.signing.keys import create_master_key
from tests.signing_rig import MASTER, Rig, rigs, truncate, unguarded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.trail import Trail

WAIT = 20.0  # seconds, for a process that should take one


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    for made in rigs(trail, tmp_path):
        create_master_key(tmp_path / "signing.key", lambda _: MASTER.secret)
        yield made


def environment(rig: Rig) -> dict[str, str]:
    return {
        **rig.trail.env,
        "PROOFTRAIL_KEY_FILE": str(rig.directory / "signing.key"),
        "PROOFTRAIL_STATE_DIR": str(rig.directory / "states"),
    }


def run(rig: Rig, *given: str) -> Result:
    return CliRunner().invoke(main, list(given), env=environment(rig))


def test_sign_once_signs_what_is_there(rig: Rig) -> None:
    anchor = rig.anchor()
    rig.seal(3)
    done = run(rig, "sign", "--once", "--anchor", str(anchor.directory))
    assert done.exit_code == 0, done.output
    assert done.stdout == "signed 1 checkpoint, appended 1 to anchors\n"
    assert "main: signed 4 entries" in done.stderr
    done = run(rig, "sign", "--once", "--anchor", str(anchor.directory))
    assert done.stdout == "nothing new to sign\n"
    rig.check(anchor)


def test_sign_once_refuses_with_status_1(rig: Rig) -> None:
    rig.seal(50)
    run(rig, "sign", "--once")
    truncate(rig, 40)
    done = run(rig, "sign", "--once")
    assert done.exit_code == 1
    assert "prooftrail: stream 'main': 51 entries were signed" in done.stderr
    assert "prooftrail verify --anchor DIR" in done.stderr
    assert "Traceback" not in done.output


def test_the_help_gives_each_database_an_anchor_of_its_own() -> None:
    """What a shared one leads to: test_13_an_anchor_of_another_log."""
    shown = CliRunner().invoke(main, ["sign", "--help"]).stdout
    assert "One directory for one database" in " ".join(shown.split())


def test_sign_once_without_an_anchor_signs_and_exits_with_1(rig: Rig) -> None:
    rig.seal(3)
    missing, there = rig.directory / "share", rig.anchor()
    both = ["--anchor", str(missing), "--anchor", str(there.directory)]
    done = run(rig, "sign", "--once", *both)
    assert done.exit_code == 1
    assert "warning: " in done.stderr
    assert "mount it" in done.stderr
    assert "prooftrail: not all that is signed is anchored" in done.stderr
    assert done.stdout == "signed 1 checkpoint, appended 1 to anchors\n"
    assert not missing.exists()
    done = run(rig, "sign", "--once", *both)  # nothing new, and still not there
    assert done.exit_code == 1
    missing.mkdir()
    done = run(rig, "sign", "--once", *both)
    assert done.exit_code == 0, done.output
    rig.check(there, Anchor(missing))


def test_sign_once_with_nothing_to_sign_notices_that_the_anchor_is_gone(
    rig: Rig,
) -> None:
    done = run(rig, "sign", "--once", "--anchor", str(rig.directory / "share"))
    assert done.exit_code == 1
    assert "mount it" in done.stderr


def test_sign_once_tells_a_refusal_once_and_signs_the_others(rig: Rig) -> None:
    rig.trail.stream("second")
    rig.seal(50)
    run(rig, "sign", "--once")
    rig.seal(3, "second")
    truncate(rig, 40)
    done = run(rig, "sign", "--once")
    assert done.exit_code == 1
    assert done.stderr.count("'main'") == 2  # one warns that it states no keys
    assert "second: signed 4 entries" in done.stderr
    assert done.stdout == "signed 1 checkpoint\n"


def test_a_service_goes_on_past_a_refused_stream_and_ends_with_1(rig: Rig) -> None:
    rig.trail.stream("second")
    rig.seal(50)
    run(rig, "sign", "--once")
    rig.seal(999, "second")
    truncate(rig, 40)
    process = subprocess.Popen(
        [sys.executable, "-c", "from prooftrail.cli import main; main()", "sign"],
        env=environment(rig),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + WAIT
        while rig.sizes("second")[-1:] != [1_000] and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1.2)  # two more turns
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=WAIT)
    finally:
        process.kill()
    assert rig.sizes("second")[-1] == 1_000
    assert process.returncode == 1
    refusal = "stream 'main': 51 entries were signed, and entry 50 is gone"
    assert told.count(f"not signed: {refusal}") == 1
    assert told.count(f"prooftrail: {refusal}") == 1


def test_sign_without_a_key_says_where_one_comes_from(rig: Rig) -> None:
    done = run(rig, "sign", "--once", "--key-file", str(rig.directory / "none.key"))
    assert done.exit_code == 1
    assert "no master key" in done.stderr


def test_sign_runs_until_it_is_interrupted(rig: Rig) -> None:
    rig.seal(999)
    anchor = rig.anchor()
    command = [sys.executable, "-c", "from prooftrail.cli import main; main()", "sign"]
    process = subprocess.Popen(
        [*command, "--anchor", str(anchor.directory)],
        env=environment(rig),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + WAIT
        while rig.sizes() != [1_000] and time.monotonic() < until:
            time.sleep(0.05)
        second = run(rig, "sign", "--once")
        assert second.exit_code == 1
        assert f"process {process.pid}" in second.stderr
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=WAIT)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "main: signed 1,000 entries" in told
    rig.check(anchor)


def test_a_signer_killed_under_load_goes_on_where_it_was(rig: Rig) -> None:
    anchor = rig.anchor()
    command = [sys.executable, "-c", "from prooftrail.cli import main; main()", "sign"]
    for number in range(5):
        process = subprocess.Popen(
            [*command, "--anchor", str(anchor.directory)],
            env=environment(rig),
            stderr=subprocess.DEVNULL,
        )
        rig.seal(2_500)
        time.sleep(0.35 + 0.11 * number)
        process.kill()
        process.wait()
    done = run(rig, "sign", "--once", "--anchor", str(anchor.directory))
    assert done.exit_code == 0, done.output
    assert rig.sizes()[-1] == 12_501
    rig.check(anchor)


def test_checkpoint_prints_the_newest_note_and_nothing_else(rig: Rig) -> None:
    rig.seal(3)
    run(rig, "sign", "--once")
    done = run(rig, "checkpoint")
    assert done.exit_code == 0
    assert done.stdout == rig.checkpoints()[-1][1]
    assert len(parse_note(done.stdout).signatures) == 2


def test_checkpoint_before_the_first_signature_says_what_to_do(rig: Rig) -> None:
    done = run(rig, "checkpoint")
    assert done.exit_code == 1
    assert "no checkpoint yet: run prooftrail sign --once" in done.stderr
    assert done.stdout == ""


def test_checkpoint_key_prints_the_keys_of_entry_0(rig: Rig) -> None:
    done = run(rig, "stream", "create", "keyed", "--origin", "audit.example.com")
    assert done.exit_code == 0, done.output
    keys = run(rig, "checkpoint", "--stream", "keyed", "--key")
    lines = keys.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("audit.example.com/")
        assert line in done.stdout
    without = run(rig, "checkpoint", "--stream", "main", "--key")
    assert without.exit_code == 1
    assert "states no keys" in without.stderr


def test_checkpoint_wants_a_name_where_there_are_several_streams(rig: Rig) -> None:
    rig.trail.stream("second")
    done = run(rig, "checkpoint")
    assert done.exit_code == 1
    assert "--stream (main, second)" in done.stderr
    done = run(rig, "checkpoint", "--stream", "third")
    assert done.exit_code == 1
    assert "no stream is 'third'" in done.stderr


def test_checkpoint_works_as_the_verifier_login(rig: Rig) -> None:
    rig.seal(1)
    run(rig, "sign", "--once")
    env = {**os.environ, "PROOFTRAIL_VERIFIER_DSN": rig.trail.login_dsn("verifier")}
    env.pop("PROOFTRAIL_DSN", None)
    done = CliRunner().invoke(main, ["checkpoint"], env=env)
    assert done.exit_code == 0, done.output


def test_sign_works_as_the_signer_login(rig: Rig) -> None:
    rig.seal(1)
    env = {
        **environment(rig),
        "PROOFTRAIL_SIGNER_DSN": rig.trail.login_dsn("signer"),
        "PROOFTRAIL_DSN": "postgresql://nowhere.invalid/",
    }
    done = CliRunner().invoke(main, ["sign", "--once"], env=env)
    assert done.exit_code == 0, done.output
    assert rig.sizes() == [2]


def test_streams_are_created_with_keys_that_the_signer_finds_fitting(rig: Rig) -> None:
    assert run(rig, "stream", "create", "tenant-1").exit_code == 0
    again = run(rig, "stream", "create", "tenant-1")
    assert again.exit_code == 1
    assert "there is a stream 'tenant-1' already" in again.stderr
    rig.seal(1)
    done = run(rig, "sign", "--once")
    assert done.exit_code == 0
    assert "'tenant-1'" not in done.stderr  # no warning
    listed = run(rig, "stream", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["main", "tenant-1"]
    assert "signed to 2 " in listed[0]
    assert "(states no keys)" in listed[0]
    assert "test.example/" in listed[1]  # as the first stream's
    assert "states no keys" not in listed[1]


def test_a_stream_can_be_created_where_the_key_is_not(rig: Rig) -> None:
    missing = ["--key-file", str(rig.directory / "none.key")]
    done = run(rig, "stream", "create", "here", *missing)
    assert done.exit_code == 1
    done = run(rig, "stream", "create", "here", "--without-keys", *missing)
    assert done.exit_code == 0, done.output


NASTY = "x\x1b[2J\u202e"


def test_what_stands_in_the_database_does_nothing_to_a_terminal(rig: Rig) -> None:
    rig.seal(3)
    run(rig, "sign", "--once")
    superuser = rig.trail.superuser()
    insert = (
        "insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)"
        " values (1, 9, 1, %s, '')"
    )
    with unguarded(rig.trail) as unhindered:
        unhindered.execute(insert, (NASTY,))
    outputs = [run(rig, "checkpoint")]
    assert "'main': its keys, or its newest checkpoint, are none" in outputs[0].stderr
    superuser.execute("alter table prooftrail.stream drop constraint stream_name")
    for column, value in (("base", NASTY), ("keys", [NASTY]), ("name", NASTY)):
        superuser.execute(f"update prooftrail.stream set {column} = %s", (value,))
        outputs += [
            run(rig, *command)
            for command in (
                ["stream", "list"],
                ["checkpoint", "--key"],
                ["sign", "--once"],
                ["seal", "--once"],
                ["doctor"],
            )
        ]
    for done in outputs:
        assert done.exception is None or isinstance(done.exception, SystemExit)
        assert done.output.replace("\n", "").isprintable()
    assert any("x\\x1b[2J\\u202e" in done.output for done in outputs)


def test_a_busy_sealer_tells_a_line_every_so_often(
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary = Summary(0.5)
    for _ in range(100):
        summary.add(Sealed(events=2))
    summary.add(Sealed(warnings=["one stream is left out"]))
    first = capsys.readouterr().err.splitlines()
    assert first == ["sealed 2 events", "warning: one stream is left out"]
    until = time.monotonic() + WAIT
    second = ""
    while not second and time.monotonic() < until:
        time.sleep(0.05)
        second = capsys.readouterr().err
    assert second == "sealed 198 events\n"
    summary.add(Sealed(events=1, quarantined=1))
    summary.close()
    told = "sealed 1 events, quarantined 1 rows (prooftrail doctor says why)\n"
    assert capsys.readouterr().err == told
