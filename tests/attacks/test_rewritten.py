"""Attacks 6 and 9: the log rewritten with every hash recomputed; guards switched off.

Nothing within the database can tell a thorough rewriting from the truth: without an
anchor it is self-attested, and the report says so; an anchor tells, also later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.attacks.forging import altered
from tests.attacks.rig import (
    MAIN,
    MIDDLE,
    NEWEST,
    event,
    goes_on,
    hidden,
    summary,
    told,
)

if TYPE_CHECKING:
    from tests.attacks.rig import Attacked
    from tests.attacks.saved import Saved


def innocent(value: Any) -> None:
    """Make somebody else have done it."""
    value["actor"]["userId"] = "usr_framed"


# from entry k on: the checkpoints before and after it
@pytest.mark.parametrize(
    ("since", "good", "last"),
    [(0, 0, 49), (1, 0, 49), (MIDDLE, 100, 149), (150, 150, 162), (NEWEST, 200, 203)],
)
def test_6_the_log_rewritten_from_an_entry_on(
    attacked: Attacked, since: int, good: int, last: int
) -> None:
    attacked.unguard()
    forger = attacked.forger()
    forger.rewrite(since, innocent if since else lambda _: None)
    if since == 0:
        forger.chain(0, [row._replace(salt=bytes(16)) for row in forger.rows()])
    attacked.cover_tracks()
    hidden(attacked)
    for count in (0, 10, 60):
        if count:
            goes_on(attacked, count)
            hidden(attacked)
        report = attacked.verify(anchored=True)
        assert report.verdict.exit_code == 1
        assert summary(report) == [("main", "rewritten", good, last)]
        main, side = report.streams
        assert (main.anchored.size if main.anchored else 0) == good
        assert side.anchored is not None
        assert side.anchored.size == 61


def test_6_a_rewriting_that_leaves_the_checkpoints(saved: Saved) -> None:
    kept = saved.attacked.execute("select * from prooftrail.checkpoint").fetchall()
    saved.attacked.forger().rewrite(MIDDLE, innocent)
    saved.attacked.cover_tracks()
    for row in kept:
        if row[0] == 1:
            saved.attacked.execute(
                "insert into prooftrail.checkpoint values (%s, %s, %s, %s, %s)", row
            )
    report = saved.attacked.verify()
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "rewritten", 100, 149)]


def test_6_one_entry_hashed_anew_and_not_its_successors(saved: Saved) -> None:
    forger = saved.attacked.forger()
    forger.write(altered(forger.row(MIDDLE), innocent).hashed())
    expected = [("main", "rewritten", MIDDLE, None)]
    assert summary(saved.attacked.verify()) == expected
    report = saved.attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == expected
    # its successor is chained to the leaf that was: the anchor still fits
    assert report.streams[0].anchored is not None
    assert report.streams[0].anchored.size == MAIN


def test_6_a_few_entries_chained_anew_and_not_their_successors(saved: Saved) -> None:
    forger = saved.attacked.forger()
    rows = forger.rows(MIDDLE)[:5]
    forger.chain(MIDDLE, [altered(rows[0], innocent), *rows[1:]])
    report = saved.attacked.verify()
    assert report.verdict.exit_code == 1
    assert ("main", "rewritten", MIDDLE + 4, None) in summary(report)
    report = saved.attacked.verify(anchored=True)
    assert ("main", "rewritten", 100, 149) in summary(report)
    assert told(report)[0].seq == 100


def test_6_one_entry_hashed_anew_with_a_prev_of_its_own(saved: Saved) -> None:
    forger = saved.attacked.forger()
    row = altered(forger.row(MIDDLE), innocent)
    forger.write(row._replace(prev=bytes(32)).hashed())
    report = saved.attacked.verify(anchored=True)
    assert summary(report) == [("main", "rewritten", MIDDLE, None)]


def test_6_the_newest_entry_hashed_anew(saved: Saved) -> None:
    forger = saved.attacked.forger()
    forger.write(altered(forger.row(NEWEST), innocent).hashed())
    report = saved.attacked.verify()
    assert report.verdict.exit_code == 1
    assert ("main", "head edited", NEWEST, None) in summary(report)
    assert {one.seq for one in told(report)} <= {NEWEST, 200}


def test_6_a_first_entry_that_is_not_chained_to_the_genesis(saved: Saved) -> None:
    forger = saved.attacked.forger()
    forger.write(forger.row(0)._replace(prev=bytes(32)).hashed())
    report = saved.attacked.verify()
    assert {(one.stream, one.seq) for one in told(report)} == {("main", 0)}


def test_6_recorded_times_that_go_back(saved: Saved) -> None:
    forger = saved.attacked.forger()
    rows = forger.rows(MIDDLE)
    rows[20] = rows[20]._replace(recorded_us=rows[20].recorded_us - 3_600_000_000)
    forger.chain(MIDDLE, rows)
    saved.attacked.cover_tracks()
    report = saved.attacked.verify()
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "clock", MIDDLE + 20, None)]


def test_9_a_superuser_runs_into_the_triggers(attacked: Attacked) -> None:
    for role in ("origin", "replica"):
        attacked.execute(f"set session_replication_role = {role}")
        for statement in (
            "update prooftrail.log set result = 'success' where seq = 101",
            "delete from prooftrail.log where seq = 101",
            "truncate prooftrail.log",
            "update prooftrail.subject set subject = 'x'",
            "delete from prooftrail.subject",
            "delete from prooftrail.checkpoint",
            (
                "insert into prooftrail.log select stream, seq + 5000, recorded_us,"
                " kind, stream_id, prev, body, sha256(leaf), salt, event, event_id,"
                " occurred_us, actor, role, action, resource_type, resource_id, result,"
                " ip, pii, continues, authority from prooftrail.log"
                " where seq = 101 and stream = 1"
            ),
        ):
            with pytest.raises(psycopg.Error):
                attacked.execute(statement)
    assert attacked.verify(anchored=True).findings == []


def test_9_an_edit_behind_disabled_triggers_is_found_later(attacked: Attacked) -> None:
    attacked.disarm()
    attacked.execute("set session_replication_role = replica")
    attacked.execute(
        "update prooftrail.log set result = 'success', event ="
        " replace(convert_from(event, 'UTF8'), 'denied', 'success')::bytea"
        " where stream = 1 and seq = %s",
        (MIDDLE,),
    )
    attacked.execute("reset session_replication_role")
    goes_on(attacked)
    for anchored in (False, True):
        report = attacked.verify(anchored=anchored)
        assert report.verdict.exit_code == 1
        assert summary(report) == [("main", "edited", MIDDLE, None)]


def test_9_two_attacks_at_once_are_both_named(saved: Saved) -> None:
    forger = saved.attacked.forger()
    forger.rewrite(150, innocent)
    saved.attacked.cover_tracks()
    forger.write(altered(forger.row(20), innocent))
    report = saved.attacked.verify(anchored=True)
    assert ("main", "edited", 20, None) in summary(report)
    assert ("main", "rewritten", 150, 162) in summary(report)


def test_9_chained_anew_behind_disabled_triggers(attacked: Attacked) -> None:
    attacked.disarm()
    forger = attacked.forger()
    forger.delete(30, 39)  # nothing is left of ten entries
    rows = forger.rows(40)
    forger.superuser.execute(
        "update prooftrail.log set seq = seq - 10 where stream = 1 and seq >= 40"
    )
    forger.chain(30, rows)
    attacked.cover_tracks()
    hidden(attacked)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report)[0] == ("main", "rewritten", 0, 49)
    goes_on(attacked)
    hidden(attacked)
    report = attacked.verify(anchored=True)
    assert summary(report) == [("main", "rewritten", 0, 49)]
    assert event(30)["eventId"] not in {
        str(row[0])
        for row in attacked.execute(
            "select event_id from prooftrail.log where stream = 1"
        ).fetchall()
    }
