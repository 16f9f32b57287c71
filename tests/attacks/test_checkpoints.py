"""Attacks 12 to 15: old checkpoints, clocks, anchors of others, forks."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from prooftrail.core.note import SignedNote, parse_note
from prooftrail.errors import SealError
from prooftrail.integrity.findings import Kind
from tests.attacks.notes import notes, place, root, signed, write
from tests.attacks.rig import (
    MAIN,
    MIDDLE,
    NEWEST,
    SIZES,
    Attacked,
    goes_on,
    kinds,
    summary,
    told,
)
from tests.sealing import database_clock

if TYPE_CHECKING:
    from pathlib import Path


def test_12_an_old_checkpoint_replayed_as_the_newest(attacked: Attacked) -> None:
    row = attacked.execute(
        "select note, peaks from prooftrail.checkpoint where stream = 1 and size = 100"
    ).fetchone()
    assert row is not None
    attacked.execute(
        "insert into prooftrail.checkpoint values (1, 100, %s, %s, %s)",
        (int(time.time() * 1e6) + 60_000_000, *row),
    )
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "forged checkpoint", 99, None)]


def test_12_an_old_checkpoint_replayed_as_the_newest_of_the_anchor(
    attacked: Attacked,
) -> None:
    texts = notes(attacked)
    write(attacked, *texts, texts[1])
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 0  # the larger one counts
    assert [one.kind for one in report.findings] == [Kind.NOTE]
    assert report.streams[0].anchored is not None
    assert report.streams[0].anchored.size == MAIN
    # so it hides no deletion
    attacked.unguard()
    attacked.forger().delete(SIZES[1], NEWEST)
    attacked.cover_tracks()
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "truncated", SIZES[1], NEWEST)]


def test_12_the_log_as_of_an_old_checkpoint(attacked: Attacked) -> None:
    attacked.unguard()
    attacked.forger().delete(150, NEWEST)
    kept = attacked.execute(
        "select * from prooftrail.checkpoint where stream = 1 and size <= 150"
    ).fetchall()
    attacked.cover_tracks()
    for row in kept:
        attacked.execute(
            "insert into prooftrail.checkpoint values (%s, %s, %s, %s, %s)", row
        )
    report = attacked.verify()
    assert report.verdict.exit_code == 0
    assert report.streams[0].anchored is None
    for count in (0, 60):
        if count:
            goes_on(attacked, count)
        report = attacked.verify(anchored=True)
        assert report.verdict.exit_code == 1
        assert told(report)[0].seq == 150


def test_12_the_sealers_clock_rolled_back_and_forward(attacked: Attacked) -> None:
    day = 86_400_000_000
    attacked.seal(2_000, 5, since_us=day)
    attacked.seal(2_010, 5)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 0
    assert [(one.kind.value, one.seq) for one in report.findings] == [("clock", MAIN)]
    times = [row.recorded_us for row in attacked.forger().rows()]
    assert times == sorted(times)
    # one of the two clocks alone
    attacked.insert(event_ahead())
    for since, side in ((-day, "ahead of"), (day, "behind")):
        with (
            attacked.sealer(since_us=since) as apart,
            database_clock(-since),
            pytest.raises(SealError, match=f"{side} the database's"),
        ):
            apart.drain()
    assert attacked.verify(anchored=True).verdict.exit_code == 0


def event_ahead() -> dict[str, object]:
    return {
        "actor": {"userId": "usr_1"},
        "action": "auth.logout",
        "result": "success",
    }


def test_12_the_signers_clock_rolled_back(attacked: Attacked) -> None:
    attacked.seal(2_000, 6)
    false = signed(attacked, MAIN + 6, root(attacked, MAIN + 6), time_s=1_000_000_000)
    write(attacked, *notes(attacked), false)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 0
    assert [one.kind for one in report.findings] == [Kind.CLOCK]


def test_13_an_anchor_missing_empty_or_moved(attacked: Attacked) -> None:
    there = attacked.anchor
    attacked.anchor = there.parent / "elsewhere"
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 2
    attacked.anchor.mkdir()
    assert attacked.verify(anchored=True).verdict.exit_code == 2
    attacked.anchor = there
    # the place of one log under the name of the other
    main, side = place(attacked), place(attacked, "side")
    main.rename(there / "x")
    side.rename(main)
    (there / "x").rename(side)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 2
    assert {one.weight.name for one in report.findings} == {"INCOMPLETE"}


@pytest.mark.parametrize("name", ["keys", "checkpoints"])
def test_13_half_an_anchor_missing(attacked: Attacked, name: str) -> None:
    (place(attacked) / name).unlink()
    assert attacked.verify(anchored=True).verdict.exit_code == 2
    (place(attacked) / name).write_text("")
    assert attacked.verify(anchored=True).verdict.exit_code == 2


def test_13_a_failure_outranks_a_missing_anchor(attacked: Attacked) -> None:
    attacked.disarm()
    attacked.execute(
        "update prooftrail.log set actor = 'x' where stream = 1 and seq = %s", (MIDDLE,)
    )
    attacked.anchor = attacked.anchor / "elsewhere"
    assert attacked.verify(anchored=True).verdict.exit_code == 1


def test_13_an_anchor_of_another_log(attacked: Attacked, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    name = f"{'ab' * 16}-1"
    shutil.copytree(place(attacked), other / name)
    attacked.anchor = other
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("ab" * 16, "stream missing", 0, None)]


def test_13_a_timestamp_over_other_bytes(attacked: Attacked) -> None:
    texts = notes(attacked)
    one, other = parse_note(texts[4]), parse_note(texts[5])
    mixed = SignedNote(one.text, (one.signatures[0], other.signatures[1]))
    write(attacked, *texts[:4], mixed.encode(), texts[5])
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "forged checkpoint", SIZES[4] - 1, None)]


@pytest.mark.parametrize("where", ["anchor", "database"])
def test_14_two_checkpoints_of_one_size(attacked: Attacked, where: str) -> None:
    now_s = int(time.time())  # the row's time is the note's
    false = signed(attacked, 150, b"f" * 32, time_s=now_s)
    if where == "anchor":
        texts = notes(attacked)
        write(attacked, *texts[:4], false, *texts[4:])
    else:
        attacked.unguard()
        attacked.execute(
            "insert into prooftrail.checkpoint select stream, size, %s, %s, peaks"
            " from prooftrail.checkpoint where stream = 1 and size = 150",
            (now_s * 1_000_000, false),
        )
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert kinds(report) == {"forked"}
    assert {one.seq for one in told(report)} == {149}


def test_14_a_root_that_does_not_extend_an_earlier_one(attacked: Attacked) -> None:
    attacked.seal(2_000, 50)
    write(attacked, *notes(attacked), signed(attacked, MAIN + 50, b"f" * 32))
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "rewritten", MAIN, MAIN + 49)]


def test_15_a_checkpoint_stays_valid_after_the_log_has_grown(
    attacked: Attacked, tmp_path: Path
) -> None:
    for first in (2_000, 2_100, 2_200):
        attacked.seal(first, 70)
        report = attacked.verify(anchored=True)
        assert report.findings == []
        assert report.streams[0].anchored is not None
        assert report.streams[0].anchored.size == MAIN
    for number, text in enumerate(notes(attacked)):
        path = tmp_path / f"{number}.txt"
        path.write_text(text)
        report = attacked.verify(
            streams=("main",),
            checkpoints=(path,),
            keys=attacked.keys().verification_keys,
        )
        assert report.findings == []
        assert report.streams[0].anchored is not None
        assert report.streams[0].anchored.size == SIZES[number]
