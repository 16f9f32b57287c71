"""A Celery application whose tasks record, for workers in this process and others.

As a module of its own it is what a worker's command line loads: `JOBS_BROKER` is a
folder then, and `PROOFTRAIL_WRITER_DSN` says where events go.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import setup_logging

import prooftrail
from prooftrail.integrations.celery import install


def _leave_logging(**_: object) -> None:
    """Keep Celery from setting the root logger's level for all tests of a process."""


setup_logging.connect(_leave_logging, weak=False)


def make(broker: str = "memory://", **transport: Any) -> Celery:
    made = Celery(
        "jobs", broker=broker, backend="cache+memory://", set_as_current=False
    )
    made.conf.update(
        task_always_eager=False,
        broker_connection_retry_on_startup=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        broker_transport_options={"polling_interval": 0.01, **transport},
    )
    install(made)
    return made


def in_folder(folder: str) -> Celery:
    """Make an application whose broker is a folder, for processes of their own."""
    for name in ("queue", "control"):
        (Path(folder) / name).mkdir(exist_ok=True)
    options = {
        "data_folder_in": f"{folder}/queue",
        "data_folder_out": f"{folder}/queue",
        "control_folder": f"{folder}/control",
    }
    return make("filesystem://", **options)


def add_tasks(app: Celery) -> Celery:
    @app.task(name="work", shared=False)  # type: ignore[untyped-decorator]
    @prooftrail.audited("system.job.run", details=lambda job: {"job": job})
    def work(job: str) -> str:
        time.sleep(0.001)
        return job

    @app.task(name="other", shared=False)  # type: ignore[untyped-decorator]
    @prooftrail.audited("system.job.run", details=lambda job: {"job": job})
    def other(job: str) -> None: ...

    @app.task(name="nested", shared=False)  # type: ignore[untyped-decorator]
    @prooftrail.audited("system.job.run", details={"job": "nested"})
    def nested() -> None:
        app.send_task("work", ["inner"])

    @app.task(name="failing", shared=False)  # type: ignore[untyped-decorator]
    @prooftrail.audited("system.job.run", details={"job": "failing"})
    def failing() -> None:
        raise ValueError("hunter2 is the password")

    @app.task(name="late", shared=False, acks_late=True)  # type: ignore[untyped-decorator]
    @prooftrail.audited("system.job.run", details={"job": "late"})
    def late() -> None: ...

    @app.task(name="retrying", shared=False, bind=True, max_retries=2)  # type: ignore[untyped-decorator]
    def retrying(self: Any) -> None:
        with prooftrail.event("system.job.run") as e:
            e.detail(job=f"retrying {self.request.retries}")
        if self.request.retries < 2:
            raise self.retry(countdown=0)

    return app


if "JOBS_BROKER" in os.environ:
    app = add_tasks(in_folder(os.environ["JOBS_BROKER"]))
