"""Ranges and segments: small segments in place of those of 65,536 entries.

One process or several, whole or in part: the same findings at the same entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.integrity import segment
from prooftrail.verification import worker
from tests.attacks.conftest import attacked, bare, prepared, saved
from tests.attacks.forging import altered
from tests.attacks.rig import MAIN, NEWEST, SIDE, Attacked, summary
from tests.signing_rig import mth

if TYPE_CHECKING:
    from tests.attacks.saved import Saved

__all__ = ["attacked", "bare", "prepared", "saved"]  # fixtures

# seqs at the boundaries of segments of 32 entries, and within them
SEQS = [0, 1, 31, 32, 33, 63, 64, 100, 127, 128, NEWEST]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "SIZE", 32)


def time_of(attacked: Attacked, seq: int) -> int:
    return attacked.forger().row(seq).recorded_us


def expect(saved: Saved, *expected: tuple[str, str, int | None, int | None]) -> None:
    report = saved.attacked.verify(anchored=True)
    assert summary(report) == list(expected)


def test_small_segments_give_the_same_root(saved: Saved) -> None:
    leaves = [row.leaf for row in saved.attacked.forger().rows()]
    report = saved.attacked.verify(anchored=True)
    assert report.findings == []
    assert report.streams[0].root == mth(leaves)
    assert report.streams[0].compared == 14


@pytest.mark.parametrize("seq", SEQS)
def test_an_edit_at_a_segments_boundary(saved: Saved, seq: int) -> None:
    for column, value in (
        ("prev", "sha256({})"),
        ("leaf", "sha256({})"),
        ("recorded_us", "{} + 9999999999"),
        ("salt", "substr(sha256({}), 1, 16)"),
    ):
        if column == "recorded_us" and seq < 31:
            continue  # it would leave the month's partition
        saved.edit("log", column, value, f"stream = 1 and seq = {seq}")
        expect(saved, ("main", "edited", seq, None))
        saved.restore()


@pytest.mark.parametrize("seq", SEQS[:-1])
def test_an_entry_gone_at_a_segments_boundary(saved: Saved, seq: int) -> None:
    saved.attacked.forger().delete(seq)
    expect(saved, ("main", "deleted", seq, seq))


def test_whole_segments_gone(saved: Saved) -> None:
    saved.attacked.forger().delete(40, 170)
    found = summary(saved.attacked.verify(anchored=True))
    assert {kind for _, kind, _, _ in found} == {"deleted"}
    gone: set[int] = set()
    for stream, _, first, last in found:
        assert stream == "main"
        assert first is not None
        assert last is not None
        gone |= set(range(first, last + 1))
    assert gone == set(range(40, 171))


@pytest.mark.parametrize("seq", SEQS[:-1])
def test_an_entry_hashed_anew_at_a_segments_boundary(saved: Saved, seq: int) -> None:
    forger = saved.attacked.forger()
    row = forger.row(seq)
    if seq:
        row = altered(row, lambda value: value["actor"].update(userId="usr_framed"))
    forger.write(row._replace(salt=bytes(16)).hashed())
    found = summary(saved.attacked.verify())
    # named itself, or by the checkpoints before and after it where no successor in
    # its own segment tells what it was
    assert {(stream, kind) for stream, kind, _, _ in found} == {("main", "rewritten")}
    for _, _, first, last in found:
        assert first is not None
        assert first <= seq <= (first if last is None else last)


@pytest.mark.parametrize("first", [1, 31, 32, 33, 100, 127, 128])
def test_a_range_starts_at_its_stored_predecessor(saved: Saved, first: int) -> None:
    attacked_log = saved.attacked
    # every entry of a batch has its time: give each its own, hashed anew
    forger = attacked_log.forger()
    rows = forger.rows()
    since = rows[0].recorded_us
    forger.chain(0, [row._replace(recorded_us=since + row.seq * 1_000) for row in rows])
    attacked_log.cover_tracks()
    until = since + 150 * 1_000
    asked: dict[str, Any] = {
        "streams": ("main",), "since_us": since + first * 1_000, "until_us": until
    }  # fmt: skip
    report = attacked_log.verify(**asked)
    assert report.findings == []
    (main,) = report.streams
    assert (main.start, main.stop, main.entries) == (first, 150, 150 - first)
    leaves = [row.leaf for row in forger.rows()]
    assert main.root == mth(leaves[:150])
    # what is outside is not looked at; what is inside is
    for seq, inside in ((first - 1, False), (first, True), (149, True), (150, False)):
        forger.superuser.execute(
            "update prooftrail.log set actor = 'x' where stream = 1 and seq = %s",
            (seq,),
        )
        expected = [("main", "projection edited", seq, None)] if inside else []
        assert summary(attacked_log.verify(**asked)) == expected
        forger.write(forger.row(seq))
    # the first entry's link to its predecessor is
    forger.superuser.execute(
        "update prooftrail.log set prev = sha256(prev) where stream = 1 and seq = %s",
        (first,),
    )
    assert summary(attacked_log.verify(**asked)) == [("main", "edited", first, None)]


@pytest.mark.parametrize("since", [0, 31, 33, 63, 64, 163, 203])
def test_a_range_is_compared_with_the_anchor(attacked: Attacked, since: int) -> None:
    since_us = time_of(attacked, since)
    report = attacked.verify(anchored=True, since_us=since_us)
    assert report.findings == []
    main = report.streams[0]
    assert main.start <= since
    assert main.anchored is not None
    assert main.anchored.size == main.stop == MAIN
    # rewritten from there on, with checkpoints deleted: the anchor tells
    attacked.unguard()
    at = max(main.start, 1)
    attacked.forger().rewrite(at, lambda value: value["actor"].update(userId="usr_f"))
    attacked.cover_tracks()
    report = attacked.verify(since_us=since_us)
    assert report.findings == []
    report = attacked.verify(anchored=True, since_us=since_us)
    assert report.verdict.exit_code == 1
    assert {kind for _, kind, _, _ in summary(report)} == {"rewritten"}


def test_an_edited_time_does_not_move_an_entry_out_of_the_range(saved: Saved) -> None:
    until = time_of(saved.attacked, NEWEST) + 1
    saved.edit("log", "recorded_us", "{} + 86400000000", "stream = 1 and seq = 101")
    report = saved.attacked.verify(until_us=until)
    assert ("main", "edited", 101, None) in summary(report)
    assert report.streams[0].entries == MAIN


def test_segments_in_several_processes(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "ALONE", 10)
    report = saved.attacked.verify(anchored=True, processes=2)
    assert report.findings == []
    assert report.entries == MAIN + SIDE
    saved.attacked.forger().delete(64)
    saved.edit("log", "actor", "'x'", "stream = 1 and seq = 128")
    report = saved.attacked.verify(anchored=True, processes=2)
    assert summary(report) == [
        ("main", "deleted", 64, 64),
        ("main", "projection edited", 128, None),
    ]


def test_a_worker_that_cannot_connect_is_an_incomplete(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "ALONE", 10)
    report = saved.attacked.verify(processes=2)
    assert report.verdict.exit_code == 0
    monkeypatch.setattr(worker, "begin", _die)
    report = saved.attacked.verify(processes=2)
    assert report.verdict.exit_code == 2
    assert "died" in report.findings[0].told


def _die(_: str | None) -> None:
    raise SystemExit(1)
