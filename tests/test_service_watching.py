"""Continuous verification: nobody asks, and everybody is told."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.cli import serve
from prooftrail.integrity.findings import Kind, failure
from prooftrail.service import watching
from prooftrail.service.alerts import FIRST_PAUSE
from prooftrail.service.standing import Standing
from prooftrail.service.sweep import Sweep
from prooftrail.service.watching import Pace
from prooftrail.store import connect, reading
from prooftrail.verification import apart
from tests import sealing
from tests.signing_rig import Rig, rigs, truncate, unguarded
from tests.watching_rig import until, watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prooftrail.verification.report import Report
    from tests.trail import Trail

FINDING = "prooftrail.integrity.finding"


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    yield from rigs(trail, tmp_path)


def edit(trail: Trail, seq: int, value: str = "usr_other") -> str:
    """Alter a searched column of an entry as a superuser; return what it was."""
    with unguarded(trail) as superuser:
        row = superuser.execute(
            "select actor from prooftrail.log where seq = %s", (seq,)
        ).fetchone()
        superuser.execute(
            "update prooftrail.log set actor = %s where seq = %s", (value, seq)
        )
    return str(row[0])


def test_an_edit_is_told_once_by_every_way_and_cleared_when_it_is_gone(
    trail: Trail,
) -> None:
    sealing.insert(trail, *(sealing.event() for _ in range(10)))
    sealing.seal(trail)
    with watched(trail) as seen:
        seen.start()
        until(lambda: seen.runs("whole"), "a first verification")
        assert seen.health.reading_problem is None
        was = edit(trail, 3)
        until(lambda: seen.told("finding"), "an alert")
        until(lambda: seen.events(FINDING), "an event")
        assert "projection edited in main at seq 3" in str(seen.health.reading_problem)
        (alert,) = seen.told("finding")
        (found,) = alert["findings"]
        assert (found["kind"], found["stream"], found["seq"]) == (
            "projection edited",
            "main",
            3,
        )
        assert found["recordedAt"].endswith("Z")
        assert seen.receiver.got[0].is_signed()
        (event,) = seen.events(FINDING)
        assert event["details"]["seq"] == 3
        assert "Change nothing" in event["details"]["whatToDo"]
        assert event["result"] == "failure"
        value = seen.metrics.registry.get_sample_value
        assert value("prooftrail_findings") == 1
        runs = seen.runs("whole", "tampered")
        until(lambda: seen.runs("whole", "tampered") > runs + 2, "more runs")
        assert len(seen.told("finding")) == 1
        assert len(seen.events(FINDING)) == 1
        for told in (str(seen.receiver.got), seen.written.getvalue(), str(event)):
            assert "usr_other" not in told
        edit(trail, 3, was)
        until(lambda: seen.told("verified"), "the all-clear")
        assert seen.health.reading_problem is None
        assert value("prooftrail_findings") == 0
        edit(trail, 3)
        until(lambda: len(seen.told("finding")) == 2, "the alert anew")


def test_at_the_default_settings_an_edit_is_told_within_two_minutes(
    trail: Trail,
) -> None:
    pace = Pace()
    default = {one.name: one.default for one in serve.command.params}
    assert (default["every"], default["budget"]) == (pace.minute, pace.budget)
    # the worst moment is just after a run has passed an entry: the next one begins a
    # minute after it did, takes its budget, and the first try to alert may fail
    assert pace.minute + pace.budget + 2 * FIRST_PAUSE < 120
    # that the next one is in time, at a pace that a test can wait for
    sealing.insert(trail, *(sealing.event() for _ in range(10)))
    sealing.seal(trail)
    minute = 3.0
    with watched(trail, minute=minute, budget=2.0) as seen:
        seen.start()
        until(lambda: seen.runs("whole"), "a first verification")
        edit(trail, 3)
        begun = time.monotonic()
        until(lambda: seen.told("finding"), "an alert")
        assert time.monotonic() - begun < 2 * minute


def test_what_lasts_is_told_again_after_a_while(trail: Trail) -> None:
    sealing.insert(trail, sealing.event())
    sealing.seal(trail)
    edit(trail, 1)
    with watched(trail, again=1.5) as seen:
        seen.start()
        until(lambda: len(seen.told("finding")) >= 2, "two alerts")
        assert len(seen.events(FINDING)) >= 1


def test_a_log_cut_off_behind_the_anchor_is_told(rig: Rig) -> None:
    rig.seal(20)
    anchor = rig.anchor()
    rig.signer(anchor).once()
    with watched(rig.trail) as seen:
        seen.start(anchor.directory)
        until(lambda: seen.runs("whole"), "a first verification")
        value = seen.metrics.registry.get_sample_value
        assert value("prooftrail_anchored_entries", {"stream": "main"}) == 21
        truncate(rig, 5, checkpoints=True)

        def kinds() -> set[str]:
            told = [one for each in seen.told("finding") for one in each["findings"]]
            return {one["kind"] for one in told}

        # a verification that was at work as they went tells of entries that are missing
        until(lambda: "truncated" in kinds(), "an alert")


@pytest.mark.parametrize("seq", [2, 95])
def test_in_a_log_too_large_for_a_minute_old_and_new_entries_are_looked_at(
    trail: Trail, seq: int
) -> None:
    sealing.insert(trail, *(sealing.event() for _ in range(100)))
    sealing.seal(trail)
    with watched(trail, budget=0.01) as seen:
        seen.start()
        until(lambda: seen.runs("newest") > 1, "two looks at the newest")
        assert seen.runs("whole") == 1
        edit(trail, seq)
        until(lambda: seen.told("finding"), "an alert")
        assert seen.told("finding")[0]["findings"][0]["seq"] == seq


def test_an_outage_is_no_failure_and_ends(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing.insert(trail, sealing.event())
    sealing.seal(trail)
    with watched(trail) as seen, trail.cluster.admin() as admin:
        seen.start()
        until(lambda: seen.runs("whole"), "a first verification")
        name = trail.database
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            (name,),
        )
        until(lambda: seen.runs("whole", "could not verify"), "a run that could not")
        monkeypatch.setattr(seen.telling, "_blind", 0.0)  # an hour has gone by
        until(lambda: seen.told("unverified"), "the alert that nothing is verified")
        monkeypatch.undo()
        assert seen.health.reading_problem is None
        runs = seen.runs("whole")
        admin.execute(f"alter database {name} allow_connections true")
        until(lambda: seen.runs("whole") > runs, "verification again")
    assert len(seen.told("unverified")) == 1
    assert seen.told("finding") == []


def test_a_defect_of_ours_does_not_end_the_watch(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = apart.verify, itertools.count()

    def breaks(*arguments: Any, **more: Any) -> Report:
        if next(calls) == 1:
            raise RuntimeError("a defect")
        return real(*arguments, **more)

    monkeypatch.setattr(apart, "verify", breaks)
    with watched(trail) as seen:
        seen.start()
        until(lambda: seen.runs("whole") >= 3, "verification again")
    assert "a defect, report it" in seen.written.getvalue()


def test_only_what_is_news_of_whole_runs_is_recorded(trail: Trail) -> None:
    with watched(trail) as seen:
        seen.start()
        until(lambda: seen.runs("whole") >= 3, "three runs")
        (event,) = seen.events("audit.chain.verify")
    assert event["details"]["verdict"] == "verified"
    assert event["actor"]["type"] == "system"


def test_a_whole_run_that_began_before_the_failure_clears_nothing() -> None:
    standing = Standing(60)
    found = failure(Kind.EDITED, "main", 3, "x")
    assert standing.news([found], 10.0) == [found]
    assert standing.news([found], 20.0) == []
    assert standing.seen == 20.0
    assert standing.news([found], 71.0) == [found]


def test_a_sweep_leaves_nothing_out(trail: Trail) -> None:
    trail.stream("other")
    trail.stream("third")
    for stream, count in (("main", 7), ("other", 4)):
        for _ in range(count):
            sealing.insert(trail, sealing.event(), stream=stream)
            sealing.seal(trail)
    link = connect.connect("verifier", dsn=trail.dsn, autocommit=True)
    sweep = Sweep()
    parts = []
    for _ in range(20):
        part = sweep.next(link, 3)
        assert part is not None
        parts.append(part)
        if part.last:
            break
    assert [(one.stream, one.entries) for one in parts] == [
        ("main", 3),
        ("main", 3),
        ("main", 2),
        ("other", 3),
        ("other", 2),
        ("third", 1),
    ]
    for one in parts:
        number = trail.made[one.stream].number
        first = reading.first_since(link, number, one.since_us)
        last = reading.last_before(link, number, one.until_us)
        assert first is not None
        assert last is not None
        assert last - first + 1 >= one.entries
    again = sweep.next(link, 3)
    link.close()
    assert again == parts[0]


def test_a_look_that_hangs_is_alerted_though_no_run_returns(trail: Trail) -> None:
    sealing.insert(trail, *(sealing.event() for _ in range(10)))
    sealing.seal(trail)
    with watched(trail, budget=0.001, blind=1.0) as seen:
        seen.start()
        until(lambda: seen.runs("newest"), "a look")
        with unanswered(trail, "log"):
            before = len(seen.told("unverified"))  # a busy machine is slow, too
            until(lambda: len(seen.told("unverified")) > before, "an alert")
            assert seen.told("unverified")[-1]["verdict"] == "could not verify"
            assert "no verification comes to an end" in seen.written.getvalue()
            assert seen.watch is not None
            begun = time.monotonic()
            assert seen.watch.close()
            assert time.monotonic() - begun < 15


def test_a_look_that_hangs_is_ended_and_told(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_MS", 300)
    sealing.insert(trail, *(sealing.event() for _ in range(10)))
    sealing.seal(trail)
    with watched(trail, budget=0.001) as seen:
        with unanswered(trail, "head"):
            seen.start()
            told = "canceling statement due to statement timeout"
            until(lambda: told in seen.written.getvalue(), "the log's line")
            assert "could not verify" in seen.written.getvalue()
        until(lambda: seen.runs("newest"), "a look again")


@contextmanager
def unanswered(trail: Trail, table: str) -> Iterator[None]:
    """Have everybody else wait for a table."""
    holding = trail.superuser()
    holding.execute("begin")
    holding.execute(f"lock table prooftrail.{table} in access exclusive mode")
    try:
        yield
    finally:
        holding.execute("rollback")
