"""Celery tasks record who enqueued them, in workers of each kind."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from celery import chain, signals
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


def _carry(change: Callable[[dict[str, Any]], Any]) -> Callable[..., None]:
    """Return what changes the header alone."""

    def tamper(headers: dict[str, Any], body: Any) -> None:
        headers["prooftrail"] = change(headers["prooftrail"])

    return tamper


def _forge(signed: dict[str, Any]) -> dict[str, Any]:
    return {**signed, "carried": signed["carried"].replace("usr_1", "usr_2")}


def _leave_out(headers: dict[str, Any], body: Any) -> None:
    del headers["prooftrail"]


def _eager(headers: dict[str, Any], body: Any) -> None:
    del headers["prooftrail"]
    headers["is_eager"] = True
    body[2]["is_eager"] = True  # which Celery puts into the task's request


def _another_task(headers: dict[str, Any], body: Any) -> None:
    headers["task"] = "other"


def _another_id(headers: dict[str, Any], body: Any) -> None:
    headers["id"] = "task-2"


def _another_argument(headers: dict[str, Any], body: Any) -> None:
    body[0][0] = "ALL"


def _another_keyword(headers: dict[str, Any], body: Any) -> None:
    body[1]["job"] = body[0].pop()


def _something_after(headers: dict[str, Any], body: Any) -> None:
    body[2]["callbacks"] = [
        {"task": "other", "args": ["ALL"], "kwargs": {}, "options": {}, "immutable": 1}
    ]


TAMPERINGS = (
    _carry(_forge),
    _carry(lambda signed: {"carried": signed["carried"]}),
    _carry(lambda signed: {**signed, "signature": "ä"}),
    _carry(lambda _: "usr_2"),
    _carry(lambda _: {"carried": 7}),
    _leave_out,
    _eager,
    _another_task,
    _another_id,
    _another_argument,
    _another_keyword,
    _something_after,
)


def test_whoever_writes_to_the_broker_acts_as_nobody(
    trail: Trail, own: Recorder, app: Celery, key: bytes
) -> None:
    tampers = iter(TAMPERINGS)

    def at_the_broker(headers: Any = None, body: Any = None, **_: object) -> None:
        if headers["parent_id"] is None:  # what the task itself enqueues is let alone
            next(tampers)(headers, body)

    signals.before_task_publish.connect(at_the_broker)  # behind our own receiver
    try:
        with working(app):
            for tamper in TAMPERINGS:
                with request("usr_1", "req-1"):
                    app.send_task("work", ["a"])
                found = until(trail, own, 2 if tamper is _something_after else 1)
                actors = [one["actor"] for one in found]
                assert actors == [{"type": "anonymous"}] * len(found), tamper
    finally:
        signals.before_task_publish.disconnect(at_the_broker)


def test_arguments_of_any_kind_are_signed(
    trail: Trail, own: Recorder, app: Celery, key: bytes
) -> None:
    kinds = (
        uuid.UUID("0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69"),
        dt.datetime(2026, 2, 17, 14, 23, 1, 445, tzinfo=dt.UTC),
        Decimal("12.30"),
        {"ids": (1, 2), 10: {"b": 1.5, "a": None}, 2: "ä"},
        b"bytes",
    )
    with working(app):
        with request("usr_1", "req-1"):
            for argument in kinds:
                app.send_task("work", [argument])
        found = until(trail, own, len(kinds))
    assert [one["actor"] for one in found] == [{"userId": "usr_1"}] * len(kinds)


def test_what_follows_a_signed_task_is_signed(
    trail: Trail, own: Recorder, app: Celery, key: bytes
) -> None:
    work = app.tasks["work"]
    with working(app):
        with request("usr_1", "req-1"):
            chain(work.s("a"), work.si("b"), work.si("c")).apply_async()
            work.apply_async(["d"], link=work.si("e"))
            app.send_task("retrying")
        found = until(trail, own, 8)
    assert {one["actor"]["userId"] for one in found} == {"usr_1"}


def test_with_a_key_the_system_is_signed_too(
    trail: Trail, own: Recorder, app: Celery, key: bytes
) -> None:
    with working(app):
        app.send_task("work", ["a"])
        (event,) = until(trail, own, 1)
    assert event["actor"] == SYSTEM


@pytest.mark.parametrize("text", ["", "[]", "{", '{"actor":7}', '{"context":[]}'])
def test_a_message_that_is_garbled_is_survived(text: str) -> None:
    message = integration._Message("1", "work", ((), {}, {}))
    believed = integration._believed(message, {"carried": text})
    assert believed is not None
    assert integration._actor(believed.get("actor")) == {"type": "anonymous"}


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
