"""`prooftrail verify` as people and scripts run it: codes, output, its own event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from prooftrail.cli import main
from prooftrail.core import instants
from prooftrail.errors import UnavailableError
from prooftrail.signing.keys import MasterKey
from prooftrail.store import reading
from prooftrail.verification import run as verification_run
from tests.attacks.conftest import attacked, prepared
from tests.attacks.notes import notes
from tests.attacks.rig import MAIN, MIDDLE, SIDE, SIZES, Attacked
from tests.commands import run
from tests.signing_rig import mth

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["attacked", "prepared"]  # fixtures


def verify(
    attacked: Attacked, *given: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run it as a process of its own."""
    return run(attacked.trail, "verify", *given, **env)


def invoke(attacked: Attacked, *given: str) -> Result:
    """Run it in this process, which is faster."""
    return CliRunner().invoke(main, ["verify", *given], env=attacked.trail.env)


def edit(attacked: Attacked) -> None:
    attacked.disarm()
    attacked.execute(
        "update prooftrail.log set actor = 'x' where stream = 1 and seq = %s", (MIDDLE,)
    )


def waiting(attacked: Attacked) -> list[tuple[str, str, dict[str, Any]]]:
    rows = attacked.execute("select stream, login, event from prooftrail.inbox")
    return [(stream, login, json.loads(text)) for stream, login, text in rows]


def test_it_exits_0_and_says_how_far_the_log_is_anchored(attacked: Attacked) -> None:
    done = verify(attacked)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"main: {MAIN} entries checked (seq 0 to {MAIN - 1}), 7 checkpoints compared",
        "  self-attested from 0",
        f"side: {SIDE} entries checked (seq 0 to {SIDE - 1}), 3 checkpoints compared",
        "  self-attested from 0",
        "verified",
    ]
    attacked.seal(700, 3)
    done = verify(attacked, "--anchor", str(attacked.anchor))
    assert done.returncode == 0
    main_line = next(line for line in done.stdout.splitlines() if "anchored" in line)
    assert main_line.startswith(f"  anchored up to {MAIN} entries as of 20")
    assert main_line.endswith(f"; self-attested from {MAIN}")


def test_it_exits_1_and_names_the_entry(attacked: Attacked) -> None:
    edit(attacked)
    done = verify(attacked, "--anchor", str(attacked.anchor))
    assert done.returncode == 1
    assert f"✗ projection edited: main seq {MIDDLE}, recorded 20" in done.stdout
    assert f"TAMPERED, first at seq {MIDDLE}" in done.stdout.splitlines()[-1]


def test_it_exits_2_with_the_database_down(attacked: Attacked) -> None:
    for dsn in ("postgresql://nobody@127.0.0.1:1/x", "not a dsn", ""):
        done = verify(attacked, PROOFTRAIL_DSN=dsn)
        assert done.returncode == 2, done.stdout
        assert "Traceback" not in done.stderr
        assert "verified" not in done.stdout.split("\n")
        assert "could not verify" in done.stdout


def test_it_exits_2_where_no_trail_is_installed(attacked: Attacked) -> None:
    dsn = attacked.trail.cluster.dsn("postgres")
    done = verify(attacked, PROOFTRAIL_DSN=dsn)
    assert done.returncode == 2
    assert "prooftrail init" in done.stdout


def test_it_exits_2_with_an_anchor_missing(attacked: Attacked, tmp_path: Path) -> None:
    done = invoke(attacked, "--anchor", str(tmp_path / "nowhere"))
    assert done.exit_code == 2
    assert "is not there: is its share mounted?" in done.stdout
    edit(attacked)
    done = invoke(attacked, "--anchor", str(tmp_path / "nowhere"))
    assert done.exit_code == 1  # a failure outranks what could not be looked at


def test_it_exits_2_when_something_else_goes_wrong(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (RuntimeError("a defect"), KeyboardInterrupt()):

        def broken(*_: object, failing: BaseException = error) -> None:
            raise failing

        monkeypatch.setattr(verification_run.Run, "run", broken)
        assert invoke(attacked).exit_code == 2


@pytest.mark.parametrize("tampered", [False, True])
def test_a_connection_lost_in_the_middle_hides_no_failure(
    attacked: Attacked,
    monkeypatch: pytest.MonkeyPatch,
    tampered: bool,  # noqa: FBT001
) -> None:
    if tampered:
        edit(attacked)
    whole = reading.entries

    def lost(*given: Any, **how: Any) -> Iterator[object]:
        if given[1] == 2 and given[3] > 1:  # its stream; where the segment ends
            raise UnavailableError("the database does not answer")
        yield from whole(*given, **how)

    monkeypatch.setattr(reading, "entries", lost)
    done = invoke(attacked, "--json", "--unrecorded")
    # newest row of each stream is looked at first: nothing of side can be
    assert done.exit_code == 2 if not tampered else done.exit_code in {1, 2}
    assert json.loads(done.stdout)["verdict"] in {"could not verify", "tampered"}


def test_json_has_everything(attacked: Attacked) -> None:
    attacked.seal(700, 3)
    edit(attacked)
    done = invoke(attacked, "--json", "--anchor", str(attacked.anchor))
    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert set(report) == {"verdict", "exitCode", "streams", "findings", "moreFindings"}
    assert (report["verdict"], report["exitCode"]) == ("tampered", 1)
    main, side = report["streams"]
    leaves = [row.leaf for row in attacked.forger().rows()]
    assert main == {
        "stream": "main",
        "origin": attacked.streams["main"].origin,
        "firstSeq": 0,
        "lastSeq": MAIN + 2,
        "entries": MAIN + 3,
        "root": "sha256:" + mth(leaves).hex(),
        "checkpointsCompared": 7 + len(SIZES),
        "anchored": main["anchored"],
        "selfAttestedFrom": MAIN,
        "headersFollowed": None,
    }
    assert set(main["anchored"]) == {"size", "time", "place"}
    instants.microseconds(main["anchored"]["time"])
    assert (main["anchored"]["size"], side["selfAttestedFrom"]) == (MAIN, None)
    (finding,) = report["findings"]
    assert finding == {
        "weight": "failure",
        "kind": "projection edited",
        "stream": "main",
        "seq": MIDDLE,
        "lastSeq": None,
        "recordedAt": instants.text(attacked.forger().row(MIDDLE).recorded_us),
        "told": f"entry {MIDDLE}: actor differs from its bytes",
    }


def test_one_stream_alone(attacked: Attacked) -> None:
    edit(attacked)
    done = invoke(attacked, "--stream", "side", "--anchor", str(attacked.anchor))
    assert done.exit_code == 0
    assert "main" not in done.stdout
    done = invoke(attacked, "--stream", "main", "--stream", "side")
    assert done.exit_code == 1
    done = invoke(attacked, "--stream", "nowhere")
    assert done.exit_code == 2
    assert "there is no stream 'nowhere'" in done.stdout


def test_from_and_to_go_by_recorded_at(attacked: Attacked) -> None:
    rows = attacked.forger().rows()
    old = instants.text(rows[30].recorded_us + 1)[:10]  # the month before's day
    done = invoke(attacked, "--to", f"{old}T23:59:59Z", "--stream", "main", "--json")
    assert done.exit_code == 0
    (stream,) = json.loads(done.stdout)["streams"]
    assert (stream["firstSeq"], stream["lastSeq"]) == (0, 30)
    done = invoke(attacked, "--to", "2026-01-01", "--json", "--stream", "main")
    assert json.loads(done.stdout)["streams"][0]["entries"] == 0
    assert done.exit_code == 0
    edit(attacked)
    assert invoke(attacked, "--to", f"{old}T23:59:59Z").exit_code == 0
    assert invoke(attacked, "--from", f"{old}T23:59:59Z").exit_code == 1
    assert invoke(attacked, "--from", "2999-01-01").exit_code == 0


@pytest.mark.parametrize("given", ["yesterday", "2026-02-30", "2026-01-01T00:00:00"])
def test_a_time_that_is_none_is_refused_with_2(attacked: Attacked, given: str) -> None:
    done = invoke(attacked, "--from", given)
    assert done.exit_code == 2
    assert done.stderr.startswith("prooftrail: ")


def test_a_checkpoint_and_a_key_that_somebody_kept(
    attacked: Attacked, tmp_path: Path
) -> None:
    path = tmp_path / "kept.txt"
    path.write_text(notes(attacked)[2])
    keys = [key.format() for key in attacked.keys().verification_keys]
    kept = ["--stream", "main", "--checkpoint", str(path), "--key", keys[0]]
    done = invoke(attacked, *kept)
    assert done.exit_code == 0
    assert f"anchored up to {SIZES[2]} entries" in done.stdout
    # a file cannot vouch for itself
    done = invoke(attacked, "--checkpoint", str(path))
    assert (done.exit_code, "needs --key" in done.stderr) == (2, True)
    # another log's key counts for nothing, and says nothing against this one
    other = attacked.keys("side").verification_keys[0].format()
    done = invoke(attacked, *kept[:4], "--key", other)
    assert done.exit_code == 2
    assert "none of the keys given is of this log" in done.stdout
    # a key that bears the log's name and did not sign it does
    strange = attacked.keys(master=MasterKey(b"z" * 32)).signer_key.format()
    done = invoke(attacked, *kept[:4], "--key", strange)
    assert done.exit_code == 1
    assert "is signed by no known key" in done.stdout
    assert invoke(attacked, *kept[:4], "--key", "no key").exit_code == 2
    path.unlink()
    assert invoke(attacked, *kept).exit_code == 2


def test_a_checkpoint_of_a_log_that_is_not_there(
    attacked: Attacked, tmp_path: Path
) -> None:
    path = tmp_path / "kept.txt"
    path.write_text(notes(attacked)[2])
    key = attacked.keys().signer_key.format()
    side = attacked.keys("side").signer_key.format()
    attacked.unguard()
    for table in ("log", "subject", "daily", "head", "checkpoint"):
        attacked.execute(f"delete from prooftrail.{table} where stream = 1")
    attacked.execute("delete from prooftrail.stream where number = 1")
    assert invoke(attacked).exit_code == 0
    done = invoke(attacked, "--checkpoint", str(path), "--key", key)
    assert done.exit_code == 1
    assert "stream missing" in done.stdout
    # signed by nobody that is known, it may be of another database
    done = invoke(attacked, "--checkpoint", str(path), "--key", side)
    assert done.exit_code == 2


def test_the_run_is_recorded_by_the_writer_login(attacked: Attacked) -> None:
    env = {
        "PROOFTRAIL_WRITER_DSN": attacked.trail.login_dsn("writer"),
        "PROOFTRAIL_VERIFIER_DSN": attacked.trail.login_dsn("verifier"),
        "PROOFTRAIL_DSN": "",
    }
    done = verify(attacked, "--anchor", str(attacked.anchor), **env)
    assert (done.returncode, done.stderr) == (0, "")
    (main, login, _), (side, _, _) = found = waiting(attacked)
    assert (main, side, login) == ("main", "side", "prooftrail_writer")
    for (_, _, event), size in zip(found, (MAIN, SIDE), strict=True):
        assert event["result"] == "success"
        assert event["details"] == {
            "verdict": "verified",
            "findings": 0,
            "anchors": 1,
            "entries": size,
            "size": size,
        }
    with attacked.sealer() as sealer:
        assert sealer.drain().events == 2


def test_a_failed_run_is_recorded_as_one(attacked: Attacked) -> None:
    edit(attacked)
    assert invoke(attacked, "--from", "2026-01-01", "--stream", "main").exit_code == 1
    ((_, _, event),) = waiting(attacked)
    assert (event["result"], event["details"]["verdict"]) == ("failure", "tampered")
    assert event["details"]["from"] == "2026-01-01T00:00:00Z"


def test_a_run_that_cannot_be_recorded_says_so(attacked: Attacked) -> None:
    attacked.execute("revoke insert on prooftrail.inbox from prooftrail_writer")
    attacked.execute(
        "revoke insert (stream, event, envelope) on prooftrail.inbox"
        " from prooftrail_writer"
    )
    done = verify(attacked)
    assert done.returncode == 0
    assert "this run is unrecorded: " in done.stderr
    assert waiting(attacked) == []
    done = verify(attacked, PROOFTRAIL_WRITER_DSN="postgresql://x@127.0.0.1:1/x")
    assert done.returncode == 0
    assert "this run is unrecorded: " in done.stderr
    done = verify(attacked, "--unrecorded", "--json")
    assert done.returncode == 0
    assert done.stderr.strip() == "this run is unrecorded"
    json.loads(done.stdout)


def test_it_needs_no_more_than_the_verifiers_login(attacked: Attacked) -> None:
    attacked.execute(
        f"alter role prooftrail_verifier in database {attacked.trail.database}"
        " set default_transaction_read_only = on"
    )
    env = {"PROOFTRAIL_VERIFIER_DSN": attacked.trail.login_dsn("verifier")}
    done = verify(attacked, "--unrecorded", PROOFTRAIL_DSN="", **env)
    assert done.returncode == 0, done.stdout


def test_an_age_of_unsealed_events_is_a_warning(attacked: Attacked) -> None:
    attacked.insert({"actor": {"userId": "u"}, "action": "a.b", "result": "success"})
    assert "unsealed" not in invoke(attacked, "--unrecorded").stdout
    attacked.execute(
        "update prooftrail.inbox set received_at = now() - interval '2 minutes'"
    )
    done = invoke(attacked, "--unrecorded")
    assert done.exit_code == 0
    assert "! unsealed: 1 events wait to be sealed, the oldest for 1" in done.stdout


def test_a_stream_without_keys_is_compared_and_warned_of(attacked: Attacked) -> None:
    admin = attacked.trail.stream("bare")
    assert admin.keys == ()
    attacked.insert(
        {"actor": {"userId": "u"}, "action": "a.b", "result": "success"}, stream="bare"
    )
    with attacked.sealer() as sealer:
        sealer.drain()
    attacked.sign()
    done = invoke(attacked, "--stream", "bare", "--unrecorded")
    assert done.exit_code == 0
    assert (
        "! note: bare: 1 checkpoints in the database cannot be checked" in done.stdout
    )
    attacked.unguard()
    attacked.execute(
        "update prooftrail.checkpoint set note = replace(note, E'\\n2\\n', E'\\n1\\n')"
        " where stream = 3"
    )
    assert invoke(attacked, "--stream", "bare", "--unrecorded").exit_code == 1
