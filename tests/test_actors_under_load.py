"""Never a wrong actor: many users at once, in threads, asyncio and tasks of Celery.

Each request tells its user in its request id; every event that it leaves, in whichever
thread, task or worker, must have that id and that user.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from celery.contrib.testing.worker import start_worker
from fastapi import FastAPI
from flask import Flask

import prooftrail
from prooftrail.capture import process
from prooftrail.integrations.flask import Audit
from tests.capturing import jobs, rig, with_flask
from tests.capturing.rig import USER
from tests.recording import recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery import Celery

    from prooftrail import Recorder
    from tests.trail import Trail

pytestmark = pytest.mark.filterwarnings(
    "ignore::Warning:celery", "ignore::Warning:kombu"
)

USERS, REQUESTS = 50, 200
# mapped, so that a request leaves its own event beside those of its handler
ROUTES = {
    "POST /threads": "data.import.complete",
    "POST /tasks": "data.import.complete",
}
# what each request leaves: its own event, and these
INNER = ("record", "executor", "task")


@pytest.fixture
def own(trail: Trail) -> Iterator[Recorder]:
    with recorder(trail, patience=120.0) as made, process.using(made):
        yield made


class Work:
    """What every endpoint does, in its own way."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._pool = ThreadPoolExecutor(16)

    def record(self, what: str) -> None:
        with prooftrail.event("admin.config.update") as e:
            e.detail(setting=what)

    def in_threads(self) -> None:
        self.record("record")
        time.sleep(0.005)
        self._pool.submit(prooftrail.carried(self.record), "executor").result()
        self._app.send_task("work", ["task"])

    async def in_tasks(self) -> None:
        async with prooftrail.event("admin.config.update") as e:
            await asyncio.sleep(0.005)
            e.detail(setting="record")
        loop = asyncio.get_running_loop()
        record = prooftrail.carried(self.record)
        await loop.run_in_executor(self._pool, record, "executor")
        await asyncio.create_task(self._enqueue())

    async def _enqueue(self) -> None:
        await asyncio.sleep(0)
        self._app.send_task("work", ["task"])


def _who(request: Any) -> object:
    return request.headers.get(USER)


def in_fastapi(own: Recorder, work: Work) -> FastAPI:
    app = FastAPI()
    app.post("/threads")(work.in_threads)
    app.post("/tasks")(work.in_tasks)
    app.add_middleware(
        prooftrail.AuditMiddleware,
        actor=_who,
        recorder=own,
        routes=ROUTES,
        announce=False,
    )
    return app


def in_flask(own: Recorder, work: Work) -> Flask:
    app = Flask(__name__)

    @app.post("/threads")
    def threads() -> str:
        work.in_threads()
        return "done"

    Audit(app, actor=_who, recorder=own, routes=ROUTES, announce=False)
    return app


async def _call(url: str, path: str) -> list[int]:
    """Send all requests at once, and each user's among the others'."""
    limits = httpx.Limits(max_connections=REQUESTS)
    async with httpx.AsyncClient(
        base_url=url, timeout=240, trust_env=False, limits=limits
    ) as client:
        answers = await asyncio.gather(
            *(
                client.post(
                    path,
                    headers={
                        USER: f"usr_{number % USERS}",
                        "x-request-id": f"usr_{number % USERS}-{number}",
                    },
                )
                for number in range(REQUESTS)
            )
        )
    return [one.status_code for one in answers]


@pytest.mark.parametrize(
    ("make", "listening", "path"),
    [
        pytest.param(in_fastapi, rig.listening, "/threads", id="fastapi-threads"),
        pytest.param(in_fastapi, rig.listening, "/tasks", id="fastapi-asyncio"),
        pytest.param(in_flask, with_flask.listening, "/threads", id="flask-threads"),
    ],
)
def test_every_event_has_the_user_of_its_request(
    trail: Trail,
    own: Recorder,
    make: Callable[[Recorder, Work], Any],
    listening: Callable[[Any], Any],
    path: str,
) -> None:
    app = jobs.add_tasks(jobs.make())
    with (
        start_worker(
            app,
            pool="threads",
            concurrency=8,
            perform_ping_check=False,
            loglevel=logging.CRITICAL,
            shutdown_timeout=60,
        ),
        listening(make(own, Work(app))) as url,
    ):
        assert set(asyncio.run(_call(url, path))) == {200}
        looking = trail.superuser()
        ends = time.monotonic() + 60
        there: Any = (0,)
        while there[0] < 4 * REQUESTS and time.monotonic() < ends:
            time.sleep(0.05)
            there = looking.execute("select count(*) from prooftrail.inbox").fetchone()
    events = rig.left(trail, own)
    told = Counter(one["context"]["requestId"] for one in events)
    assert set(told.values()) == {4}
    assert len(told) == REQUESTS
    wrong = [
        one
        for one in events
        if one["actor"]["userId"] != one["context"]["requestId"].rpartition("-")[0]
    ]
    assert wrong == []
    assert Counter(_kind(one) for one in events) == dict.fromkeys(
        ("request", *INNER), REQUESTS
    )


def _kind(event: dict[str, Any]) -> str:
    details = event.get("details", {})
    found: str = details.get("setting") or details.get("job") or "request"
    return found
