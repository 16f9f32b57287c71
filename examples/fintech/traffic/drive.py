"""Doing what is planned: by real HTTP, each day sealed and signed at its own time.

Guarantees: a step that gets another answer than it must ends the run and says which.
People work side by side, a lane each, as they do; what one does comes in order.
"""

from __future__ import annotations

import csv
import http.client
import io
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import prooftrail
from examples.fintech import clock as clocks
from examples.fintech import jobs
from examples.fintech.traffic import anomalies
from examples.fintech.traffic.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from examples.fintech.traffic.plan import Day, Plan, Step

_NAME = re.compile(r"\{([a-z]+[0-9]+)\}")
LANES = 6  # people who are waited for at once


class DriveError(Exception):
    """A step did not end as it must."""


class Driver:
    """Does what a plan says.

    Args:
        urls: of the application's processes.
        truth: gets what was done.
    """

    def __init__(self, urls: Sequence[str], truth: Truth) -> None:
        self._urls = [urlsplit(url) for url in urls]
        self._truth = truth
        self._names: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._local = threading.local()
        self._lock = threading.Lock()
        self._threads = 0
        self._made: list[http.client.HTTPConnection] = []
        self._pool = ThreadPoolExecutor(LANES)

    def run(
        self, plan: Plan, after: Callable[[int, Day], None] = lambda *_: None
    ) -> Truth:
        """Do all of it.

        Args:
            plan: what to do.
            after: called when a day is done, with its number: seals it.

        Raises:
            DriveError: a step got another answer than it must.
        """
        try:
            for number, day in enumerate(plan.days()):
                anomalies.plant(plan, day, number, self._truth)
                self._lane(day.first)
                list(self._pool.map(self._lane, day.lanes))
                self._lane(day.last)
                after(number, day)
        finally:
            self._pool.shutdown()
            self.leave()
        return self._truth

    def _lane(self, steps: Sequence[Step]) -> None:
        for step in steps:
            shown: list[str] = []
            if step.method == "JOB":
                _job(step.path, step.at)
            elif step.method == "SCRIPT":
                _script(step, self._filled(step.path))
            else:
                shown = self._request(step)
            expected = [
                one._replace(resource=self._filled(one.resource)) for one in step.expect
            ]
            with self._lock:
                self._truth.add(expected, step.at, shown)

    def pass_time(self, now_us: int) -> None:
        """Let the application know how late it is; it records nothing of that."""
        for url in self._urls:
            connection = http.client.HTTPConnection(url.hostname or "", url.port)
            headers = {clocks.HEADER: str(now_us)}
            connection.request("GET", "/openapi.json", headers=headers)
            connection.getresponse().read()
            connection.close()

    def leave(self) -> None:
        """Close all connections; they open again when they are needed."""
        for one in self._made:
            one.close()

    def _request(self, step: Step) -> list[str]:
        """Do a request; return the customers that its answer shows."""
        headers = {
            "content-type": "application/json",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
            "x-forwarded-for": step.address,
            clocks.HEADER: str(round(step.at.timestamp() * 1_000_000)),
            **step.headers,
        }
        token = None if step.who is None else self._tokens.get(step.who.id)
        if token is not None and step.path != "/auth/login":
            headers["authorization"] = f"Bearer {token}"
        body = None
        if step.body is not None:
            body = self._filled(json.dumps(step.body)).encode()
        status, answer = self._send(step.method, self._filled(step.path), headers, body)
        if status != step.status:
            raise DriveError(
                f"{step.method} {step.path} at {step.at:%Y-%m-%d %H:%M} was answered "
                f"{status} in place of {step.status}: {answer[:200]!r}"
            )
        if step.path == "/auth/login" and status == 200 and step.who is not None:
            self._tokens[step.who.id] = json.loads(answer)["token"]
        if step.keep:
            given = json.loads(answer)
            self._names.update({name: given[key] for name, key in step.keep.items()})
        return _shown(step, answer) if status == 200 else []

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        if not hasattr(self._local, "connection"):
            with self._lock:
                url = self._urls[self._threads % len(self._urls)]
                self._threads += 1
            made = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
            self._local.connection = made
            self._made.append(made)
        connection = self._local.connection
        connection.request(method, quote(path, safe="/?=&"), body, headers)
        response = connection.getresponse()
        return response.status, response.read()

    def _filled(self, text: Any) -> Any:  # noqa: ANN401  a text, or None
        if text is None or "{" not in text:
            return text
        return _NAME.sub(lambda found: self._names[found[1]], text)


def _shown(step: Step, answer: bytes) -> list[str]:
    """Return the customers that are in an answer."""
    if step.path.startswith("/customers?"):
        return [str(one["id"]) for one in json.loads(answer)]
    if step.path == "/customers/export":
        return [row["id"] for row in csv.DictReader(io.StringIO(answer.decode()))]
    return []


def _script(step: Step, customer: str) -> None:
    """Read a customer past the application, as a script of one's own would."""
    assert step.who is not None
    with clocks.at(step.at):
        prooftrail.record(
            actor={"userId": step.who.id, "email": step.who.email},
            action="customer.pii.view",
            resource={"type": "customer", "id": customer},
            details={"fields_accessed": ["email"]},
            subjects=[customer],
            pii={"fields": ["email"]},
            result="success",
        )


def _job(name: str, at: datetime) -> None:
    """Run a job as cron would, at its time."""
    with clocks.at(at):
        jobs.JOBS[name]()
