"""Celery tasks record who enqueued them, in workers of each kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import prooftrail
from prooftrail.capture import scope
from prooftrail.capture.protection import Personal
from prooftrail.errors import ConfigurationError
from prooftrail.integrations import celery as integration
from tests.capturing import jobs
from tests.capturing.workers import *  # noqa: F403  its fixtures are this module's
from tests.capturing.workers import ADMIN, QUIET, SYSTEM, request, until, working

if TYPE_CHECKING:
    from pathlib import Path

    from celery import Celery

    from prooftrail import Recorder
    from tests.trail import Trail

pytestmark = QUIET


def jobs_of(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["details"]["job"]: one for one in events}


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_a_task_records_who_enqueued_it(
    trail: Trail, own: Recorder, app: Celery, pool: str
) -> None:
    with working(app, pool):
        with request(ADMIN, "req-1", on_behalf_of={"userId": "usr_9"}):
            app.send_task("work", ["a"])
            app.send_task("nested")
            app.send_task("failing")
            app.send_task("late")
        app.send_task("work", ["nobody"])
        found = jobs_of(until(trail, own, 6))
    for job in ("a", "nested", "inner", "failing", "late"):
        assert found[job]["actor"] == {**ADMIN, "onBehalfOf": {"userId": "usr_9"}}
        context = found[job]["context"]
        assert context.pop("durationMs") >= 0
        assert context == {"requestId": "req-1", "traceId": "0af7"}
    assert found["failing"]["result"] == "failure"
    assert "hunter2" not in json.dumps(found)
    assert found["nobody"]["actor"] == SYSTEM


def test_a_task_that_is_tried_again_keeps_its_actor(
    trail: Trail, own: Recorder, app: Celery
) -> None:
    with working(app):
        with request("usr_1", "req-1"):
            app.send_task("retrying")
        found = jobs_of(until(trail, own, 3))
    assert set(found) == {"retrying 0", "retrying 1", "retrying 2"}
    assert {one["actor"]["userId"] for one in found.values()} == {"usr_1"}
    assert {one["context"]["requestId"] for one in found.values()} == {"req-1"}


def test_who_is_anonymous_stays_so(trail: Trail, own: Recorder, app: Celery) -> None:
    with working(app):
        with request(None, "req-1"):
            app.send_task("work", ["a"])
        (event,) = until(trail, own, 1)
    assert event["actor"] == {"type": "anonymous"}
    assert event["context"]["requestId"] == "req-1"


def test_what_runs_eagerly_is_as_if_a_worker_ran_it(
    trail: Trail, own: Recorder, app: Celery
) -> None:
    app.conf.task_always_eager = True
    with request(ADMIN, "req-1"), prooftrail.event("admin.config.update") as outer:
        outer.detail(setting="a")
        app.tasks["work"].delay("a")
        app.tasks["failing"].delay()
        assert prooftrail.current_draft() is outer
        assert scope.current_actor() == ADMIN
        app.tasks["retrying"].delay()
    app.tasks["work"].delay("nobody")
    events = until(trail, own, 7)
    found = jobs_of([one for one in events if one["action"] == "system.job.run"])
    assert found["a"]["actor"] == ADMIN
    assert found["retrying 2"]["actor"] == ADMIN
    assert found["nobody"]["actor"] == SYSTEM
    assert scope.current_actor() is None


def test_what_travels_is_little_and_no_personal_value() -> None:
    actor = {
        "userId": "usr_1",
        "email": Personal("ann@example.com", "contact.email"),
        "role": "r" * 300,
        "ipAddress": "203.0.113.9",
        "sessionId": "5e55",
        "anything": {"deep": ["x"] * 1_000},
    }
    headers: dict[str, Any] = {"id": "1"}
    with request(actor, "req-1"):
        integration._published(headers)
    assert json.loads(headers["prooftrail"]["carried"]) == {
        "actor": {"userId": "usr_1", "sessionId": "5e55"},
        "context": {"requestId": "req-1", "traceId": "0af7"},
    }


def test_a_message_of_another_is_never_taken_along() -> None:
    headers: dict[str, Any] = {"id": "1", "prooftrail": {"carried": "{}"}}
    integration._published(headers)
    assert headers == {"id": "1"}


def test_a_key_is_long_and_the_same_everywhere() -> None:
    integration.install()  # as all tests here: a process has one key, or none
    with pytest.raises(ConfigurationError, match="16"):
        integration.install(key="short")
    with pytest.raises(ConfigurationError, match="another key"):
        integration.install(key="k" * 32)


def test_a_worker_of_processes_records_who_enqueued(
    trail: Trail, own: Recorder, tmp_path: Path
) -> None:
    app = jobs.add_tasks(jobs.in_folder(str(tmp_path)))
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "tests.capturing.jobs", "worker"),
            *("--pool", "prefork", "-c", "2", "--loglevel", "ERROR"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        env={
            **os.environ,
            "JOBS_BROKER": str(tmp_path),
            "PROOFTRAIL_WRITER_DSN": trail.login_dsn("writer"),
            "C_FORCE_ROOT": "1",
            "PYTHONWARNINGS": "ignore",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for number in range(20):
            with request(f"usr_{number}", f"req-{number}"):
                app.send_task("work", [str(number)])
        with request("usr_20", "req-20"):
            app.send_task("failing")
        app.send_task("work", ["nobody"])
        found = jobs_of(until(trail, own, 22))
    finally:
        worker.terminate()
        _, said = worker.communicate(timeout=30)
    for number in range(20):
        event = found[str(number)]
        assert event["actor"] == {"userId": f"usr_{number}"}, said
        assert event["context"]["requestId"] == f"req-{number}"
    assert found["failing"]["actor"] == {"userId": "usr_20"}
    assert found["nobody"]["actor"] == SYSTEM
