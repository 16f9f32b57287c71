"""Attacks 4 and 8: entries deleted, partitions dropped, whole streams gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prooftrail.core import entry
from prooftrail.errors import SealError
from tests.attacks.rig import (
    FIRST,
    MAIN,
    MIDDLE,
    NEWEST,
    goes_on,
    hidden,
    summary,
    told,
)

if TYPE_CHECKING:
    from tests.attacks.rig import Attacked
    from tests.attacks.saved import Saved

OLD = 31  # entries of main, and of side, in the partition of the month before


@pytest.mark.parametrize("seq", [0, FIRST, MIDDLE, MIDDLE + 1])
def test_4_an_entry_deleted(saved: Saved, seq: int) -> None:
    saved.attacked.forger().delete(seq)
    expected = [("main", "deleted", seq, seq)]
    assert summary(saved.attacked.verify()) == expected
    report = saved.attacked.verify(anchored=True)
    assert summary(report) == expected
    assert report.verdict.exit_code == 1
    # its successor is chained to its leaf: the tree still tells of all others
    assert report.streams[0].anchored is not None
    assert report.streams[0].anchored.size == MAIN


@pytest.mark.parametrize("count", [1, 40])
def test_4_the_newest_deleted(saved: Saved, count: int) -> None:
    first = MAIN - count
    saved.attacked.forger().delete(first, NEWEST)
    report = saved.attacked.verify()
    assert report.verdict.exit_code == 1
    assert set(summary(report)) == {("main", "truncated", first, NEWEST)}
    report = saved.attacked.verify(anchored=True)
    assert set(summary(report)) == {("main", "truncated", first, NEWEST)}


def test_4_a_run_and_single_entries_deleted(saved: Saved) -> None:
    for first, last in ((20, 29), (60, 60), (62, 62), (170, 180)):
        saved.attacked.forger().delete(first, last)
    for anchored in (False, True):
        report = saved.attacked.verify(anchored=anchored)
        assert summary(report) == [
            ("main", "deleted", 20, 29),
            ("main", "deleted", 60, 60),
            ("main", "deleted", 62, 62),
            ("main", "deleted", 170, 180),
        ]


def test_4_the_newest_forty_with_the_head_corrected(attacked: Attacked) -> None:
    first = MAIN - 40
    attacked.unguard()
    attacked.forger().delete(first, NEWEST)
    row = attacked.forger().row(first - 1)
    attacked.execute(
        "update prooftrail.head set seq = %s, leaf = %s, recorded_us = %s"
        " where stream = 1",
        (row.seq, row.leaf, row.recorded_us),
    )
    # the checkpoints, the subjects and the rollup in the database still tell
    report = attacked.verify()
    assert report.verdict.exit_code == 1
    assert ("main", "truncated", first, NEWEST) in summary(report)
    assert {one.stream for one in told(report)} == {"main"}
    # until a thorough attacker sees to them
    attacked.cover_tracks()
    hidden(attacked)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "truncated", first, NEWEST)]
    # the sealer goes on over it, first less than was there, then more
    goes_on(attacked, 10)
    hidden(attacked)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "truncated", first + 10, NEWEST)]
    assert "entries from 163 on" in told(report)[0].told
    goes_on(attacked, 60)
    hidden(attacked)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "rewritten", 163, 199)]


def test_8_a_partition_dropped(attacked: Attacked) -> None:
    (part,) = attacked.execute(
        "select tableoid::regclass::text from prooftrail.log where seq = 0 limit 1"
    ).fetchone() or ("",)
    attacked.execute(f"drop table {part}")
    expected = {(stream, "deleted", 0, OLD - 1) for stream in ("main", "side")}
    for _ in range(2):
        for anchored in (False, True):
            report = attacked.verify(anchored=anchored)
            assert report.verdict.exit_code == 1
            assert set(summary(report)) == expected
        attacked.seal(1_000, 5)  # the sealer's own evidence is not touched


def test_8_the_newest_partition_dropped(attacked: Attacked) -> None:
    (part,) = attacked.execute(
        "select tableoid::regclass::text from prooftrail.log"
        " where stream = 1 and seq = %s",
        (NEWEST,),
    ).fetchone() or ("",)
    attacked.execute(f"drop table {part}")
    report = attacked.verify()
    assert report.verdict.exit_code == 1
    assert set(summary(report)) == {
        ("main", "truncated", OLD, NEWEST),
        ("side", "truncated", OLD, 60),
    }
    with pytest.raises(SealError, match="does not end with entry 203"):
        attacked.seal(1_000, 1)


def test_8_a_partition_detached(attacked: Attacked) -> None:
    (part,) = attacked.execute(
        "select tableoid::regclass::text from prooftrail.log where seq = 0 limit 1"
    ).fetchone() or ("",)
    attacked.execute(f"alter table prooftrail.log detach partition {part}")
    expected = {(stream, "deleted", 0, OLD - 1) for stream in ("main", "side")}
    assert set(summary(attacked.verify())) == expected


def test_8_the_subjects_partition_dropped(attacked: Attacked) -> None:
    (part,) = attacked.execute(
        "select tableoid::regclass::text from prooftrail.subject"
        " where stream = 1 order by seq limit 1"
    ).fetchone() or ("",)
    attacked.execute(f"drop table {part}")
    found = told(attacked.verify())
    assert {one.kind.value for one in found} == {"projection edited"}
    assert {one.seq for one in found} == set(range(1, OLD, 2))


def test_8_the_log_truncated(attacked: Attacked) -> None:
    attacked.unguard()
    attacked.execute("truncate prooftrail.log")
    report = attacked.verify()
    assert report.verdict.exit_code == 1
    assert set(summary(report)) == {
        ("main", "truncated", 0, NEWEST),
        ("side", "truncated", 0, 60),
    }


def test_8_a_whole_stream_deleted(attacked: Attacked) -> None:
    attacked.unguard()
    for table in ("log", "subject", "daily", "head", "checkpoint"):
        attacked.execute(f"delete from prooftrail.{table} where stream = 1")
    attacked.execute("delete from prooftrail.stream where number = 1")
    stream_id = attacked.streams["main"].stream_id.hex()
    hidden(attacked)
    for _ in range(2):
        report = attacked.verify(anchored=True)
        assert report.verdict.exit_code == 1
        assert summary(report) == [(stream_id, "stream missing", 0, None)]
        side = report.streams[0]
        assert (side.name, side.anchored and side.anchored.size) == ("side", 61)
        attacked.rearm()
        attacked.seal(1_000, 5, "side")
        hidden(attacked)


def test_8_a_whole_stream_emptied_and_begun_anew(attacked: Attacked) -> None:
    attacked.unguard()
    for table in ("log", "subject", "daily", "checkpoint"):
        attacked.execute(f"delete from prooftrail.{table} where stream = 1")
    attacked.execute(
        "update prooftrail.head set seq = -1, leaf = %s, recorded_us = 0"
        " where stream = 1",
        (entry.genesis(attacked.streams["main"].stream_id),),
    )
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "truncated", 0, NEWEST)]
    goes_on(attacked)
    hidden(attacked)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [
        ("main", "rewritten", 0, 49),
        ("main", "truncated", 61, NEWEST),
    ]
