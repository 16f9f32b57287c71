"""What the caller brings: keys, files of checkpoints, anchors and what is in them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.core.vkey import parse_vkey
from prooftrail.errors import SignError
from prooftrail.sign.registering import create_stream
from prooftrail.sign.signer import Signer
from prooftrail.sign.state import SignerStates
from prooftrail.signing.keys import MasterKey
from prooftrail.store import connect
from prooftrail.verification import render
from tests.attacks.notes import notes, place
from tests.attacks.rig import MAIN, Attacked, clone, drop, summary
from tests.trail import BASE, now_us

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prooftrail.verification.report import Report

THIEF = MasterKey(b"t" * 32)
TABLES = ("log", "subject", "daily", "head", "checkpoint")


def weights(report: Report) -> set[tuple[str, str]]:
    return {(one.weight.name, one.kind.value) for one in report.findings}


def lines(report: Report) -> str:
    return "\n".join(render.lines(report))


def remove(attacked: Attacked, stream: str) -> None:
    """Take a whole stream out of the database."""
    attacked.unguard()
    number = attacked.number(stream)
    for table in TABLES:
        attacked.execute(f"delete from prooftrail.{table} where stream = {number}")
    attacked.execute(f"delete from prooftrail.stream where number = {number}")


def replace(attacked: Attacked, states: Path) -> None:
    """Put a log of the attacker's own in the place of main, signed with his keys."""
    remove(attacked, "main")
    admin = connect.connect(None, dsn=attacked.trail.dsn, autocommit=True)
    create_stream(
        admin, "main", base=BASE, master=THIEF, random=lambda size: b"x" * size
    )
    admin.close()
    attacked.rearm()
    attacked.seal(5_000, 20)
    with SignerStates.open(states) as held:
        signer = Signer(
            lambda: connect.connect("signer", dsn=attacked.trail.dsn),
            keys=THIEF,
            states=held,
            anchors=[],
            clock=now_us,
        )
        with pytest.raises(SignError, match="stream 'side'"):  # only main is his
            signer.once()
        signer.close()


def test_a_key_that_somebody_kept_tells_of_a_log_that_was_replaced(
    attacked: Attacked, tmp_path: Path
) -> None:
    kept = attacked.keys().signer_key
    replace(attacked, tmp_path / "thief")
    report = attacked.verify(streams=("main",))
    assert (report.verdict.exit_code, report.streams[0].compared) == (0, 1)
    report = attacked.verify(streams=("main",), keys=(kept,))
    assert report.verdict.exit_code == 2
    assert report.streams[0].compared == 0
    assert "none of the keys given is of this log" in lines(report)
    assert f"a key was given for {kept.name}, which this database" in lines(report)


def test_a_stream_whose_key_is_not_given_could_not_be_verified(
    attacked: Attacked,
) -> None:
    kept = (attacked.keys().signer_key,)
    report = attacked.verify(keys=kept)
    assert [(one.stream, one.weight.name) for one in report.findings] == [
        ("side", "INCOMPLETE")
    ]
    report = attacked.verify(keys=kept, anchored=True, streams=("main",))
    assert report.findings == []
    assert report.streams[0].anchored is not None
    assert report.streams[0].anchored.size == MAIN


def test_a_key_under_which_nothing_is_signed_vouches_for_nothing(
    attacked: Attacked,
) -> None:
    attacked.unguard()
    attacked.execute("delete from prooftrail.checkpoint where stream = 1")
    assert attacked.verify(streams=("main",)).findings == []
    kept = (attacked.keys().signer_key,)
    report = attacked.verify(streams=("main",), keys=kept)
    assert weights(report) == {("INCOMPLETE", "could not be read")}
    assert "nothing of this log is signed by a key that was given" in lines(report)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "hello\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text + "-- \nsent from my phone\n",
        lambda text: text.replace("\n\n", "\n"),
    ],
    ids=["text", "crlf", "footer", "no blank line"],
)
def test_a_file_that_is_no_checkpoint_is_no_tampering(
    attacked: Attacked, tmp_path: Path, change: Callable[[str], str]
) -> None:
    path = tmp_path / "kept.txt"
    path.write_bytes(change(notes(attacked)[2]).encode())
    keys = tuple(attacked.keys().verification_keys)
    asked: dict[str, Any] = {"streams": ("main",), "checkpoints": (path,), "keys": keys}
    report = attacked.verify(**asked)
    assert report.verdict.exit_code == 2
    assert weights(report) == {("INCOMPLETE", "could not be read")}
    assert f"the file {path}, line " in lines(report)
    assert ", is no checkpoint: " in lines(report)
    # a failure outranks it
    attacked.unguard()
    attacked.forger().delete(7)
    assert attacked.verify(**asked).verdict.exit_code == 1


def test_an_anchor_of_two_databases_calls_the_others_logs_missing(
    attacked: Attacked, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = clone(attacked, tmp_path / "other")
    try:
        other.states = tmp_path / "new"
        remove(other, "main")
        admin = connect.connect(None, dsn=other.trail.dsn, autocommit=True)
        made = create_stream(
            admin, "main", base=BASE, master=THIEF, random=lambda size: b"o" * size
        )
        admin.close()
    finally:
        drop(other)
    theirs = attacked.anchor / f"{made.stream_id.hex()}-1"
    shutil.copytree(place(attacked), theirs)
    report = attacked.verify(anchored=True)
    assert summary(report) == [(made.stream_id.hex(), "stream missing", 0, None)]
    assert "the anchor of another database, which needs one of its own" in lines(report)
    # whoever names the streams is told of it, and has their answer
    report = attacked.verify(anchored=True, streams=("main", "side"))
    assert weights(report) == {("WARNING", "stream missing")}
    assert report.verdict.exit_code == 0


@pytest.mark.parametrize("gone", ["main", "side"])
def test_a_name_that_is_taken_hides_no_stream_that_was_deleted(
    attacked: Attacked, gone: str
) -> None:
    stream_id = attacked.streams[gone].stream_id.hex()
    remove(attacked, gone)
    attacked.trail.stream(gone)
    attacked.rearm()
    with attacked.sealer() as sealer:
        sealer.drain()
    report = attacked.verify(anchored=True, streams=(gone,))
    assert summary(report) == [(stream_id, "stream missing", 0, None)]
    remaining = "side" if gone == "main" else "main"
    report = attacked.verify(anchored=True, streams=(remaining, gone))
    assert report.verdict.exit_code == 1


def test_a_line_of_keys_that_is_none(attacked: Attacked) -> None:
    path = place(attacked) / "keys"
    whole = path.read_text()
    path.write_text(whole + "no key\n")
    report = attacked.verify(anchored=True)
    assert weights(report) == {("INCOMPLETE", "could not be read")}
    assert f"the anchor {attacked.anchor}, line 3 of its keys: " in lines(report)
    assert report.streams[0].anchored is not None
    # it is not read for whoever brings the keys
    texts = [*attacked.streams["main"].keys, *attacked.streams["side"].keys]
    keys = tuple(parse_vkey(text) for text in texts)
    report = attacked.verify(anchored=True, keys=keys)
    assert weights(report) == {("WARNING", "note")}
    # a write that was cut off explains it
    path.write_text(whole + whole[:30])
    report = attacked.verify(anchored=True)
    assert weights(report) == {("WARNING", "note")}
    assert report.verdict.exit_code == 0


def test_what_is_no_logs_in_an_anchor_is_told(attacked: Attacked) -> None:
    (attacked.anchor / "lost+found").mkdir()
    assert attacked.verify(anchored=True).findings == []
    for number in range(7):
        (attacked.anchor / f"notes {number}\x1b[2J").write_text("")
    report = attacked.verify(anchored=True)
    assert weights(report) == {("WARNING", "note")}
    told = lines(report)
    assert f"the anchor {attacked.anchor} holds 7 other things" in told
    assert "notes 4\\x1b[2J and 2 more." in told
    assert report.verdict.exit_code == 0


def test_a_logs_directory_that_was_renamed_is_told(attacked: Attacked) -> None:
    name = place(attacked).name
    place(attacked).rename(attacked.anchor / f"{name}.old")
    report = attacked.verify(anchored=True)
    assert weights(report) == {("INCOMPLETE", "could not be read"), ("WARNING", "note")}
    assert f"{name}.old" in lines(report)
    # and where the database does not have it either
    remove(attacked, "main")
    report = attacked.verify(anchored=True)
    assert weights(report) == {("WARNING", "note")}
    # nothing but that
    shutil.rmtree(place(attacked, "side"))
    report = attacked.verify(anchored=True)
    assert "holds no log: is its share mounted?" in lines(report)
    assert f"{name}.old" in lines(report)
    assert report.verdict.exit_code == 2
