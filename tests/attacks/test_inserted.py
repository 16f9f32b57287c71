"""Attack 5: entries inserted, swapped, duplicated, replayed; an eventId twice."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.attacks.forging import altered
from tests.attacks.rig import MIDDLE, event, kinds, summary, told

if TYPE_CHECKING:
    from tests.attacks.rig import Attacked
    from tests.attacks.saved import Saved


def exits_1(saved: Saved, *expected: tuple[str, str, int | None, int | None]) -> None:
    for anchored in (False, True):
        report = saved.attacked.verify(anchored=anchored)
        assert report.verdict.exit_code == 1
        assert summary(report) == list(expected)


def test_5_an_entry_inserted_between_two(saved: Saved) -> None:
    forger = saved.attacked.forger()
    rows = forger.rows(MIDDLE)
    forger.copy(rows[-1].seq, rows[-1].seq + 1)  # room for one more
    made = altered(rows[0], lambda value: value.update(result="success"))
    for seq, row in enumerate([made, *rows], MIDDLE):
        forger.write(row._replace(seq=seq))  # moved on, with their own hashes
    report = saved.attacked.verify()
    assert report.verdict.exit_code == 1
    assert told(report)[0].seq == MIDDLE
    assert {one.stream for one in told(report)} == {"main"}


def test_5_an_entry_inserted_and_all_after_it_chained_anew(saved: Saved) -> None:
    forger = saved.attacked.forger()
    rows = forger.rows(MIDDLE)
    forger.copy(rows[-1].seq, rows[-1].seq + 1)
    made = altered(rows[0], lambda value: value.update(eventId=event(5_000)["eventId"]))
    forger.chain(MIDDLE, [made._replace(salt=os.urandom(16)), *rows])
    saved.attacked.cover_tracks()
    assert saved.attacked.verify().verdict.exit_code == 0
    report = saved.attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "rewritten", 100, 149)]


def test_5_an_entry_appended(saved: Saved) -> None:
    forger = saved.attacked.forger()
    newest = forger.rows()[-1]
    forger.copy(newest.seq, newest.seq + 1)
    made = altered(newest, lambda value: value.update(eventId=event(5_000)["eventId"]))
    made = made._replace(seq=newest.seq + 1, prev=newest.leaf).hashed()
    forger.write(made)
    found = summary(saved.attacked.verify())
    assert ("main", "head edited", 204, 204) in found
    assert {kind for _, kind, _, _ in found} <= {"head edited", "rollup edited",
                                                 "projection edited"}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [(MIDDLE, MIDDLE + 1), (3, 199)])
def test_5_two_entries_swapped_by_seq(saved: Saved, one: int, other: int) -> None:
    saved.attacked.execute(
        "update prooftrail.log set seq = %s - seq where stream = 1 and seq in (%s, %s)",
        (one + other, one, other),
    )
    exits_1(
        saved,
        ("main", "reordered", one, None),
        ("main", "reordered", other, None),
    )


@pytest.mark.parametrize(("one", "other"), [(MIDDLE, MIDDLE + 1), (3, 199)])
def test_5_two_entries_swapped_by_contents(saved: Saved, one: int, other: int) -> None:
    columns = (
        "salt, event, event_id, occurred_us, actor, role, action, resource_type,"
        " resource_id, result, ip, pii, continues, authority"
    )
    saved.attacked.execute(
        f"update prooftrail.log l set ({columns}) = (select {columns}"
        " from saved.log s where s.stream = 1 and s.seq = %s - l.seq)"
        " where stream = 1 and seq in (%s, %s)",
        (one + other, one, other),
    )
    exits_1(
        saved,
        ("main", "reordered", one, None),
        ("main", "reordered", other, None),
    )


def test_5_two_entries_swapped_and_chained_anew(saved: Saved) -> None:
    forger = saved.attacked.forger()
    rows = forger.rows(MIDDLE)
    times = [row.recorded_us for row in rows]
    rows[0], rows[1] = rows[1], rows[0]
    forger.chain(
        MIDDLE,
        [row._replace(recorded_us=at) for row, at in zip(rows, times, strict=True)],
    )
    saved.attacked.cover_tracks()
    assert saved.attacked.verify().verdict.exit_code == 0
    report = saved.attacked.verify(anchored=True)
    assert summary(report) == [("main", "rewritten", 100, 149)]


def test_5_an_entry_stands_twice(saved: Saved) -> None:
    saved.attacked.forger().copy(MIDDLE, MIDDLE)
    exits_1(saved, ("main", "duplicated", MIDDLE, None))


def test_5_an_entry_stands_twice_at_another_time(saved: Saved) -> None:
    saved.attacked.forger().copy(MIDDLE, MIDDLE)
    saved.attacked.execute(
        "update prooftrail.log set recorded_us = recorded_us + 1 where ctid ="
        " (select max(ctid) from prooftrail.log where stream = 1 and seq = %s)",
        (MIDDLE,),
    )
    exits_1(saved, ("main", "inserted", MIDDLE, None))


def test_5_a_copy_appended_under_the_same_event_id(saved: Saved) -> None:
    forger = saved.attacked.forger()
    newest = forger.rows()[-1]
    row = forger.row(MIDDLE)
    forger.copy(MIDDLE, newest.seq + 1)
    forger.write(
        row._replace(
            seq=newest.seq + 1, prev=newest.leaf, recorded_us=newest.recorded_us
        ).hashed()
    )
    saved.attacked.cover_tracks()
    exits_1(saved, ("main", "duplicated", newest.seq + 1, None))


def test_5_an_event_id_written_over_anothers(saved: Saved) -> None:
    saved.attacked.execute(
        "update prooftrail.log l set event_id = (select o.event_id"
        " from prooftrail.log o where o.stream = 1 and o.seq = 150)"
        " where stream = 1 and seq = %s",
        (MIDDLE,),
    )
    exits_1(saved, ("main", "projection edited", MIDDLE, None))


def test_5_an_entry_of_another_stream_replayed(saved: Saved) -> None:
    forger = saved.attacked.forger("side")
    saved.attacked.execute("delete from prooftrail.log where stream = 1 and seq = 50")
    forger.copy(50, 50, stream=1)
    for anchored in (False, True):
        report = saved.attacked.verify(anchored=anchored)
        assert report.verdict.exit_code == 1
        assert ("main", "inserted", 50, None) in summary(report)
        assert {one.seq for one in told(report)} == {50}


def test_5_an_entry_of_another_stream_beside_our_own(saved: Saved) -> None:
    saved.attacked.forger("side").copy(50, 50, stream=1)
    report = saved.attacked.verify()
    assert report.verdict.exit_code == 1
    assert {(one.stream, one.seq) for one in told(report)} == {("main", 50)}
    assert "inserted" in kinds(report)


def test_5_entry_0_of_another_stream_replayed(saved: Saved) -> None:
    saved.attacked.execute("delete from prooftrail.log where stream = 1 and seq = 0")
    saved.attacked.forger("side").copy(0, 0, stream=1)
    report = saved.attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert {(one.stream, one.seq) for one in told(report)} == {("main", 0)}
    assert kinds(report) == {"inserted"}


@pytest.mark.parametrize("same", [True, False])
def test_5_the_same_event_id_recorded_twice(attacked: Attacked, same: bool) -> None:  # noqa: FBT001
    again = event(MIDDLE)
    if not same:
        again["result"] = "success"
    attacked.insert(again)
    with attacked.sealer() as sealer:
        done = sealer.drain()
    # the same bytes are dropped, others are kept apart and stated
    assert (done.duplicates, done.quarantined) == ((1, 0) if same else (0, 1))
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 0
    warned = [] if same else ["quarantined"]
    assert [one.kind.value for one in report.findings] == warned


def test_5_an_event_id_whose_entry_was_damaged(attacked: Attacked) -> None:
    attacked.disarm()
    attacked.execute(
        "update prooftrail.log set event = 'no JSON' where stream = 1 and seq = %s",
        (MIDDLE,),
    )
    attacked.rearm()
    attacked.insert(event(MIDDLE), event(7_000))
    with attacked.sealer() as sealer:
        done = sealer.drain()
    # whether they are the same bytes nobody can tell: it is kept, and others go on
    assert (done.events, done.duplicates, done.quarantined) == (1, 0, 1)
    report = attacked.verify(anchored=True)
    assert summary(report) == [("main", "edited", MIDDLE, None)]
    reason = attacked.execute("select reason from prooftrail.quarantine").fetchone()
    assert reason is not None
    assert "is sealed with other bytes" in reason[0]
