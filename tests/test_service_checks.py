"""Verification on demand: results are kept, runs never run for ever."""

from __future__ import annotations

import io
import json
import os
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail import Recorder
from prooftrail.errors import BusyError
from prooftrail.service import checks as checking
from prooftrail.service import logs
from prooftrail.service.checks import Checks
from prooftrail.service.health import Health
from prooftrail.service.metrics import Metrics
from prooftrail.store import check_runs, connect, inbox
from tests import sealing
from tests.signing_rig import unguarded
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.store.check_runs import CheckRun
    from tests.trail import Trail

SECONDS = 30


class Rig:
    def __init__(self, trail: Trail) -> None:
        self.trail = trail
        self.written = io.StringIO()
        self.metrics = Metrics(Health(), clock=now_us)
        self.recorder = Recorder(
            lambda: inbox.open_writer(trail.login_dsn("writer")),
            clock=now_us,
            random=os.urandom,
        )
        self.checks = self.made()

    def made(self) -> Checks:
        return Checks(
            self.recorder,
            self.metrics,
            logs.open_log(self.written, clock=now_us),
            clock=now_us,
            random=os.urandom,
            dsn=self.trail.dsn,
        )

    def ended(self, run_id: str) -> CheckRun:
        for _ in range(SECONDS * 20):
            run = self.checks.get(run_id)
            if run is not None and run.state != "running":
                return run
            time.sleep(0.05)
        raise AssertionError("the run did not end")

    def recorded(self) -> list[dict[str, Any]]:
        """Return the events that wait in the inbox."""
        rows = self.trail.superuser().execute(
            "select event from prooftrail.inbox order by id"
        )
        return [json.loads(row[0]) for row in rows]


@pytest.fixture
def rig(trail: Trail) -> Iterator[Rig]:
    made = Rig(trail)
    yield made
    made.checks.close()
    made.recorder.close()


def test_a_run_ends_and_is_kept_and_recorded(rig: Rig) -> None:
    sealing.insert(rig.trail, *(sealing.event() for _ in range(5)))
    sealing.seal(rig.trail)
    run_id = rig.checks.start(asked_by="key:7")
    run = rig.ended(run_id)
    assert (run.verdict, run.done, run.total) == ("verified", 6, 6)
    assert run.told == "verified"
    assert json.loads(str(run.report))["streams"][0]["entries"] == 6
    assert [one.id for one in rig.checks.list()] == [run_id]
    deadline = time.monotonic() + SECONDS
    while not rig.recorded() and time.monotonic() < deadline:
        time.sleep(0.05)
    (event,) = rig.recorded()
    assert event["action"] == "audit.chain.verify"
    assert event["actor"] == {"type": "service", "userId": "key:7"}
    assert event["details"]["run"] == run_id
    assert event["details"]["verdict"] == "verified"
    value = rig.metrics.registry.get_sample_value
    assert value("prooftrail_verification_exit_code", {"why": "asked"}) == 0


def test_a_run_of_some_streams_and_a_period_looks_at_no_others(rig: Rig) -> None:
    rig.trail.stream("other")
    sealing.insert(rig.trail, sealing.event(), stream="main")
    sealing.insert(rig.trail, sealing.event(), stream="other")
    sealing.seal(rig.trail)
    run_id = rig.checks.start(["other"], 0, now_us(), asked_by="key:7")
    run = rig.ended(run_id)
    streams = json.loads(str(run.report))["streams"]
    assert [one["stream"] for one in streams] == ["other"]
    assert run.streams == ("other",)
    assert run.since_us == 0


def test_what_was_edited_is_in_the_result(rig: Rig) -> None:
    sealing.insert(rig.trail, sealing.event(), sealing.event())
    sealing.seal(rig.trail)
    with unguarded(rig.trail) as superuser:
        superuser.execute("update prooftrail.log set actor = 'x' where seq = 2")
    run = rig.ended(rig.checks.start(asked_by="key:7"))
    assert run.verdict == "tampered"
    found = json.loads(str(run.report))["findings"]
    assert [(one["kind"], one["seq"]) for one in found] == [("projection edited", 2)]


def test_as_many_as_may_wait_wait_and_no_more(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "WAITING", 1)
    first, second = (rig.checks.start(asked_by=f"key:{one}") for one in range(2))
    with pytest.raises(BusyError, match="wait already"):
        rig.checks.start(asked_by="key:7")
    assert rig.ended(first).verdict == rig.ended(second).verdict == "verified"
    assert len(rig.checks.list()) == 2


def test_nobody_takes_all_places(rig: Rig) -> None:
    holding = rig.trail.superuser()
    with holding.transaction():
        holding.execute("lock table prooftrail.stream in access exclusive mode")
        first = rig.checks.start(asked_by="key:7")
        with pytest.raises(BusyError, match=first):
            rig.checks.start(asked_by="key:7")
        other = rig.checks.start(asked_by="key:8")
    assert rig.ended(first).verdict == rig.ended(other).verdict == "verified"
    assert rig.ended(rig.checks.start(asked_by="key:7")).verdict == "verified"


def test_a_result_that_is_there_is_in_the_trail(rig: Rig) -> None:
    rig.trail.stream("other")
    run_id = rig.checks.start(asked_by="key:7")
    while (run := rig.checks.get(run_id)) is None or run.state == "running":
        time.sleep(0.01)
    found = rig.trail.superuser().execute(
        "select stream, event::jsonb -> 'details' from prooftrail.inbox order by stream"
    )
    for (stream, details), name in zip(found, ("main", "other"), strict=True):
        assert (stream, details["run"]) == (name, run_id)
        assert details["verdict"] == "verified"
        other = {"main": "other", "other": "main"}[name]
        assert other not in str(details)  # of another stream nothing is told


def test_a_run_that_the_service_s_end_cut_off_could_not_verify(rig: Rig) -> None:
    runs = [rig.checks.start(asked_by=f"key:{one}") for one in range(3)]
    rig.checks.close()
    verdicts = {rig.ended(run).verdict for run in runs}
    assert verdicts <= {"verified", "could not verify"}
    last = rig.ended(runs[-1])
    assert last.verdict == "could not verify"
    assert "interrupted" in str(last.report)


def test_a_run_whose_process_died_is_told_as_interrupted(rig: Rig) -> None:
    run_id = "01890a5d-ac96-774b-bcce-b302099a8057"
    with closing(connect.connect("verifier", dsn=rig.trail.dsn, autocommit=True)) as c:
        check_runs.begin(
            c, run_id, asked_by="key:7", streams=None, since_us=None, until_us=None
        )
    running = rig.checks.get(run_id)
    assert running is not None
    assert running.told == "running"
    rig.trail.superuser().execute(
        "update prooftrail.check_run set seen_at = seen_at - interval '1 minute'"
    )
    run = rig.checks.get(run_id)
    assert run is not None
    assert run.told == "could not verify: interrupted"


def test_a_defect_of_ours_does_not_hold_up_the_next_run(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(checking, "as_json", lambda _report: 1 / 0)
        rig.checks.start(asked_by="key:7")
        deadline = time.monotonic() + SECONDS
        while "a defect" not in rig.written.getvalue():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert rig.ended(rig.checks.start(asked_by="key:7")).verdict == "verified"


def test_a_run_that_waits_is_seen(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "EVERY", 0.05)
    holding = rig.trail.superuser()
    with holding.transaction():
        holding.execute("lock table prooftrail.stream in access exclusive mode")
        runs = [rig.checks.start(asked_by=f"key:{one}") for one in range(2)]
        time.sleep(1.5)
        for run_id in runs:
            run = rig.checks.get(run_id)
            assert run is not None
            assert run.state == "running"
            assert run.seen_seconds < 1
    assert {rig.ended(run_id).verdict for run_id in runs} == {"verified"}


def test_a_result_that_is_there_stays(rig: Rig) -> None:
    run_id = rig.checks.start(asked_by="key:7")
    rig.ended(run_id)
    verifier = rig.trail.login("verifier")
    done = verifier.execute("update prooftrail.check_run set verdict = 'tampered'")
    assert done.rowcount == 0
    run = rig.checks.get(run_id)
    assert run is not None
    assert run.verdict == "verified"


def test_what_is_no_id_is_no_run(rig: Rig) -> None:
    assert rig.checks.get("../etc") is None
    assert rig.checks.get("01890a5d-ac96-774b-bcce-b302099a8057") is None


def test_an_outage_while_it_runs_does_not_lose_the_result(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "EVERY", 0.1)
    run_id = rig.checks.start(asked_by="key:7")
    with rig.trail.cluster.admin() as admin:
        name = rig.trail.database
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            (name,),
        )
        time.sleep(2)
        admin.execute(f"alter database {name} allow_connections true")
    run = rig.ended(run_id)
    assert run.verdict in {"verified", "could not verify"}
    assert run.state == "finished"
