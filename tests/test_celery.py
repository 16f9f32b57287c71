"""Celery tasks record who enqueued them, in workers of each kind."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from celery.contrib.testing.worker import start_worker

import prooftrail
from prooftrail.capture import process, scope
from prooftrail.capture.protection import Personal
from prooftrail.errors import ConfigurationError
from prooftrail.integrations import celery as integration
from tests.capturing import jobs, rig
from tests.recording import recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from celery import Celery

    from prooftrail import Recorder
    from tests.trail import Trail

# what Celery's own testing worker warns of
pytestmark = pytest.mark.filterwarnings(
    "ignore::Warning:celery", "ignore::Warning:kombu"
)

ADMIN = {"userId": "usr_admin", "email": "admin@company.com", "role": "admin"}
SYSTEM = {"type": "system", "userId": "system"}


@pytest.fixture
def own(trail: Trail) -> Iterator[Recorder]:
    with recorder(trail) as made, process.using(made):
        yield made


@pytest.fixture
def app() -> Celery:
    return jobs.add_tasks(jobs.make())


@contextmanager
def working(app: Celery, pool: str = "threads", concurrency: int = 4) -> Iterator[None]:
    with start_worker(
        app,
        pool=pool,
        concurrency=concurrency,
        perform_ping_check=False,
        loglevel=logging.CRITICAL,
        shutdown_timeout=30,
    ):
        yield


@contextmanager
def request(actor: object, request_id: str, **more: Any) -> Iterator[None]:
    made = scope.Scope({"requestId": request_id, "traceId": "0af7", "route": "/x"})
    made.origin = {"ipAddress": "203.0.113.9"}
    made.bind(actor, **more)
    with scope.scoped(made):
        yield


def until(
    trail: Trail, own: Recorder, count: int, seconds: float = 60
) -> list[dict[str, Any]]:
    """Return the events once so many are there."""
    looking = trail.superuser()
    ends = time.monotonic() + seconds
    there: Any = (0,)
    while there[0] < count and time.monotonic() < ends:
        time.sleep(0.02)
        there = looking.execute("select count(*) from prooftrail.inbox").fetchone()
    found = rig.left(trail, own)
    assert len(found) == count, found
    return found


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


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(integration._settings, "key", b"k" * 16)
    return b"k" * 16


def _forged(signed: dict[str, Any]) -> dict[str, Any]:
    return {**signed, "carried": signed["carried"].replace("usr_1", "usr_2")}


@pytest.mark.parametrize(
    ("change", "actor"),
    [
        (lambda signed: signed, {"userId": "usr_1"}),
        (_forged, {"type": "anonymous"}),
        (lambda signed: {"carried": signed["carried"]}, {"type": "anonymous"}),
        (lambda signed: {**signed, "signature": "ä"}, {"type": "anonymous"}),
        (lambda _: "usr_2", {"type": "anonymous"}),
        (lambda _: {"carried": 7}, {"type": "anonymous"}),
    ],
)
def test_what_our_key_did_not_sign_is_not_believed(
    key: bytes, change: Callable[[Any], Any], actor: dict[str, str]
) -> None:
    headers: dict[str, Any] = {"id": "task-1"}
    with request("usr_1", "req-1"):
        integration._published(headers)
    believed = integration._believed("task-1", change(headers["prooftrail"]))
    assert believed is not None
    assert believed["actor"] == actor


def test_what_was_signed_for_a_task_is_not_another_one_s(key: bytes) -> None:
    headers: dict[str, Any] = {"id": "task-1"}
    with request("usr_1", "req-1"):
        integration._published(headers)
    believed = integration._believed("task-2", headers["prooftrail"])
    assert believed == {"actor": {"type": "anonymous"}}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"actor":7}', '{"context":[]}'])
def test_a_message_that_is_garbled_is_survived(text: str) -> None:
    believed = integration._believed("1", {"carried": text})
    assert believed is not None
    assert integration._actor(believed.get("actor")) == {"type": "anonymous"}


def test_signed_tasks_run(trail: Trail, own: Recorder, app: Celery, key: bytes) -> None:
    with working(app):
        with request("usr_1", "req-1"):
            app.send_task("work", ["a"])
        (event,) = until(trail, own, 1)
    assert event["actor"] == {"userId": "usr_1"}


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
