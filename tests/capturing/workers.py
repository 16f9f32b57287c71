"""Celery with workers in this process, for tests of what tasks record."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from celery.contrib.testing.worker import start_worker

from prooftrail.capture import process, scope
from tests.capturing import jobs, rig
from tests.recording import recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from prooftrail import Recorder
    from tests.trail import Trail

# what Celery's own testing worker warns of
QUIET = pytest.mark.filterwarnings("ignore::Warning:celery", "ignore::Warning:kombu")

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
