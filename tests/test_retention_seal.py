"""`prooftrail retention seal`: a month that is verified is closed, and no other.

The log is that of the attacks: both streams have entries of an earlier month, and go on
in the present one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prooftrail import catalog
from prooftrail.core import entry, instants
from prooftrail.sign.registering import create_stream
from prooftrail.store import connect
from tests.attacks.conftest import attacked, prepared
from tests.attacks.rig import MASTER, MIDDLE, SIZES, Attacked
from tests.closing_rig import OLD, WITHIN, edit, month, seal, state, told, waiting
from tests.commands import run
from tests.signing_rig import mth
from tests.trail import BASE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["attacked", "prepared"]  # fixtures


def root(attacked: Attacked, size: int) -> str:
    rows = attacked.execute(
        "select leaf from prooftrail.log where stream = 1 order by seq limit %s",
        (size,),
    )
    return entry.checksum(mth([row[0] for row in rows]))


def test_a_month_of_two_streams_is_sealed_and_told_in_each(attacked: Attacked) -> None:
    name = month(attacked)
    done = run(attacked.trail, "retention", "seal", name)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-3] == "verified"
    for line, stream in zip(lines[-2:], OLD, strict=True):
        assert line.startswith(
            f"{stream}: {name} is sealed, {OLD[stream]} entries (seq 0 to 30), under "
        )
    events = waiting(attacked)
    assert [stream for stream, _, _ in events] == list(OLD)
    for _, _, event in events:
        assert catalog.missing(event) == []
        assert event["action"] == "audit.retention.archive"
        assert event["result"] == "success"
        assert event["resource"] == {"type": "period", "id": name}
        assert event["actor"]["userId"].startswith("os:")
    size = SIZES[0]
    assert events[0][2]["details"] == {
        "operation": "sealed",
        "period": name,
        "record_count": 31,
        "first_seq": 0,
        "last_seq": 30,
        "checkpoint_size": size,
        "checkpoint_root": root(attacked, size),
        "anchors": 0,
    }
    assert f"sealed {name} of the trail" in catalog.tell(events[0][2])


def test_the_anchor_is_compared_with_and_told_without_its_place(
    attacked: Attacked,
) -> None:
    done = seal(
        attacked, month(attacked), "--stream", "main", "--anchor", str(attacked.anchor)
    )
    assert done.exit_code == 0, done.output
    ((stream, _, event),) = waiting(attacked)
    assert stream == "main"
    assert event["details"]["anchors"] == 1
    assert str(attacked.anchor) not in str(event)


def test_a_sealed_month_is_told_and_not_sealed_again(attacked: Attacked) -> None:
    name = month(attacked)
    assert seal(attacked, name).exit_code == 0
    with attacked.sealer() as sealer:
        sealer.drain()
    done = seal(attacked, name)
    assert done.exit_code == 0, done.output
    (at,) = attacked.execute(
        "select recorded_us from prooftrail.log where stream = 1"
        " and action = 'audit.retention.archive'"
    ).fetchone() or (0,)
    assert told(done)[0] == (
        f"main: {name} was sealed already at {instants.text(at)}, "
        "31 entries (seq 0 to 30)"
    )
    assert waiting(attacked) == []


@pytest.mark.parametrize(
    "there", [{"record_count": 30, "last_seq": 29}, {"record_count": 32}]
)
def test_a_seal_that_does_not_agree_with_the_log_is_tampered(
    attacked: Attacked, there: dict[str, int]
) -> None:
    state(attacked, **{"record_count": 31, "first_seq": 0, "last_seq": 30} | there)
    done = seal(attacked, month(attacked), "--stream", "main")
    assert done.exit_code == 1
    (line,) = told(done)
    assert line.startswith(f"main: TAMPERED: {month(attacked)} was sealed at ")
    assert f"with {there['record_count']} entries" in line
    assert "there are 31 entries (seq 0 to 30) now: look at entry 204" in line
    ((_, _, event),) = waiting(attacked)
    assert event["result"] == "failure"
    assert event["details"]["sealed_by_seq"] == 204
    assert event["details"]["record_count"] == 31


@pytest.mark.parametrize("other", [{"operation": "archived"}, {"first_seq": "none"}])
def test_what_an_application_tells_of_its_own_archives_is_no_seal(
    attacked: Attacked, other: dict[str, object]
) -> None:
    state(attacked, **{"record_count": 5, "first_seq": 0, "last_seq": 4} | other)
    done = seal(attacked, month(attacked), "--stream", "main")
    assert done.exit_code == 0, done.output
    assert "is sealed, 31 entries" in told(done)[0]


def test_a_tampered_month_is_not_sealed_and_the_other_stream_is(
    attacked: Attacked,
) -> None:
    name = month(attacked)
    edit(attacked, WITHIN)
    done = seal(attacked, name)
    assert done.exit_code == 1
    assert f"projection edited: main seq {WITHIN}" in done.stdout
    lines = told(done)
    assert lines[0] == f"main: TAMPERED: {name} is not sealed"
    assert lines[1].startswith(f"side: {name} is sealed, 31 entries")
    events = {stream: event for stream, _, event in waiting(attacked)}
    assert {stream: event["result"] for stream, event in events.items()} == {
        "main": "failure",
        "side": "success",
    }
    assert events["main"]["details"]["verdict"] == "tampered"
    assert events["main"]["details"]["findings"] == 1
    assert "checkpoint_size" not in events["main"]["details"]
    assert catalog.missing(events["main"]) == []
    assert f"seal, archive or purge {name}" in catalog.tell(events["main"])


def test_what_is_edited_in_another_month_holds_nothing_up(attacked: Attacked) -> None:
    edit(attacked, MIDDLE)
    assert seal(attacked, month(attacked)).exit_code == 0


def test_entries_that_are_gone_are_tampered_also_where_all_are(
    attacked: Attacked,
) -> None:
    name = month(attacked)
    attacked.disarm()
    attacked.execute("delete from prooftrail.log where stream = 1 and seq <= 30")
    done = seal(attacked, name)
    assert done.exit_code == 1
    results = {stream: event["result"] for stream, _, event in waiting(attacked)}
    assert results == {"main": "failure", "side": "success"}


def test_without_a_checkpoint_that_covers_it_nothing_is_sealed(
    attacked: Attacked,
) -> None:
    attacked.unguard()
    attacked.execute("delete from prooftrail.checkpoint where stream = 1")
    done = seal(attacked, month(attacked), "--stream", "main")
    assert done.exit_code == 2
    assert "no checkpoint covers its last entry, 30, that a known key" in told(done)[0]
    assert waiting(attacked) == []
    # the anchor's do as well
    done = seal(
        attacked, month(attacked), "--stream", "main", "--anchor", str(attacked.anchor)
    )
    assert done.exit_code == 0, done.output


def test_a_month_with_nothing_behind_it_is_not_complete(attacked: Attacked) -> None:
    admin = connect.connect(None, dsn=attacked.trail.dsn, autocommit=True)
    create_stream(admin, "quiet", base=BASE, master=MASTER, random=os.urandom)
    admin.close()
    with attacked.sealer(since_us=32 * instants.DAY) as sealer:
        sealer.drain()
    attacked.sign()
    name = month(attacked)
    done = seal(attacked, name, "--stream", "quiet")
    assert done.exit_code == 2, done.output
    assert "nothing was recorded after it" in told(done)[0]
    assert waiting(attacked) == []
    assert run(attacked.trail, "verify", "--stream", "quiet").returncode == 0
    with attacked.sealer() as sealer:
        sealer.drain()
    attacked.sign()
    done = seal(attacked, name, "--stream", "quiet")
    assert done.exit_code == 0, done.output


def test_rows_that_nobody_vouches_for_do_not_do(attacked: Attacked) -> None:
    attacked.trail.stream("keyless")
    with attacked.sealer(since_us=32 * instants.DAY) as sealer:
        sealer.drain()
    attacked.seal(1, 1, "keyless")
    attacked.sign()
    name = month(attacked)
    done = seal(attacked, name, "--stream", "keyless")
    assert done.exit_code == 2, done.output
    assert "with --key or --anchor" in told(done)[0]
    keys = [key.format() for key in attacked.keys("keyless").verification_keys]
    given = [item for key in keys for item in ("--key", key)]
    done = seal(attacked, name, "--stream", "keyless", *given)
    assert done.exit_code == 0, done.output


def test_with_an_anchor_missing_nothing_is_sealed(
    attacked: Attacked, tmp_path: Path
) -> None:
    nowhere = ("--anchor", str(tmp_path / "nowhere"))
    done = seal(attacked, month(attacked), *nowhere)
    assert done.exit_code == 2
    assert told(done)[0] == f"main: could not verify: {month(attacked)} is not sealed"
    assert waiting(attacked) == []
    edit(attacked, WITHIN)
    done = seal(attacked, month(attacked), *nowhere)
    assert done.exit_code == 1  # a failure outranks what could not be looked at


def test_a_month_without_entries_is_told(attacked: Attacked) -> None:
    done = seal(attacked, "2019-05")
    assert done.exit_code == 0, done.output
    assert told(done) == [
        f"{stream}: 2019-05 has no entries: nothing is to be sealed" for stream in OLD
    ]
    assert waiting(attacked) == []


def test_a_stream_that_is_not_there_is_named(attacked: Attacked) -> None:
    done = seal(attacked, month(attacked), "--stream", "nowhere")
    assert done.exit_code == 2
    assert "there is no stream 'nowhere'" in done.stderr


def test_what_cannot_be_recorded_is_not_sealed(attacked: Attacked) -> None:
    env = {
        "PROOFTRAIL_VERIFIER_DSN": attacked.trail.login_dsn("verifier"),
        "PROOFTRAIL_WRITER_DSN": attacked.trail.login_dsn("signer"),
    }
    done = seal(attacked, month(attacked), **env)
    assert done.exit_code == 2
    assert "what came of it is unrecorded: " in done.stderr
    assert {line.partition(": ")[2] for line in told(done)} == {
        "not sealed: the event that says so could not be recorded"
    }
    edit(attacked, WITHIN)
    assert seal(attacked, month(attacked), **env).exit_code == 1
    assert waiting(attacked) == []


def test_each_login_does_its_own(attacked: Attacked) -> None:
    env = {
        f"PROOFTRAIL_{name.upper()}_DSN": attacked.trail.login_dsn(name)
        for name in ("verifier", "writer")
    }
    done = seal(attacked, month(attacked), PROOFTRAIL_DSN="", **env)
    assert done.exit_code == 0, done.output
    assert {login for _, login, _ in waiting(attacked)} == {"prooftrail_writer"}
