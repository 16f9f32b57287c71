"""A trail that is watched at a short pace, and a receiver of its alerts."""

from __future__ import annotations

import io
import json
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prooftrail import Recorder
from prooftrail.service import logs
from prooftrail.service.addresses import parse_network
from prooftrail.service.alerts import Alerts
from prooftrail.service.health import Health
from prooftrail.service.metrics import Metrics
from prooftrail.service.telling import Telling
from prooftrail.service.watching import Pace, Watch
from prooftrail.service.webhook import Allowed, Webhook
from prooftrail.store import inbox
from tests.receiving import HOST, SECRET, Receiver, receiver
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.trail import Trail

SECONDS = 40


def until(met: Callable[[], object], what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + SECONDS
    while not met():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {SECONDS} s")
        time.sleep(0.05)


class Watched:
    """All that is told, to whom it is told."""

    def __init__(self, trail: Trail, made: Receiver, **paces: float) -> None:
        self.trail = trail
        self.receiver = made
        self.written = io.StringIO()
        self.health = Health()
        self.metrics = Metrics(self.health, clock=now_us)
        self.log = log = logs.open_log(self.written, clock=now_us)
        allowed = Allowed((parse_network("127.0.0.0/8"),), frozenset({HOST}))
        hook = Webhook(
            made.url, SECRET, allowed=allowed, resolver=lambda *_: ["127.0.0.1"]
        )
        self.recorder = Recorder(
            lambda: inbox.open_writer(trail.login_dsn("writer")),
            clock=now_us,
            random=os.urandom,
            patience=2.0,
        )
        self.alerts = Alerts(
            [hook], self.metrics, log, clock=now_us, random=os.urandom, first_pause=0.1
        )
        self.telling = Telling(
            self.recorder,
            self.alerts,
            self.health,
            self.metrics,
            log,
            clock=now_us,
            again=paces.pop("again", 3600.0),
            blind=paces.pop("blind", 3600.0),
        )
        self._pace = Pace(**({"minute": 0.2} | paces))
        self.watch: Watch | None = None

    def start(self, *anchors: Path) -> None:
        self.watch = Watch(
            self.telling,
            self.metrics,
            clock=now_us,
            anchors=anchors,
            pace=self._pace,
            dsn=self.trail.dsn,
        )
        self.watch.start()

    def close(self) -> None:
        if self.watch is not None:
            self.watch.close()
        self.alerts.close(5)
        self.recorder.close()

    def runs(self, why: str, verdict: str = "verified") -> float:
        found = self.metrics.registry.get_sample_value(
            "prooftrail_verifications_total", {"why": why, "verdict": verdict}
        )
        return found or 0

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the alerts of a type."""
        return [
            got.alert for got in self.receiver.got if got.alert["type"].endswith(kind)
        ]

    def events(self, action: str) -> list[dict[str, Any]]:
        """Return the events of an action that wait to be sealed."""
        rows = self.trail.superuser().execute("select event from prooftrail.inbox")
        found = [json.loads(row[0]) for row in rows]
        return [one for one in found if one["action"] == action]


@contextmanager
def watched(trail: Trail, **paces: float) -> Iterator[Watched]:
    with receiver() as made:
        one = Watched(trail, made, **paces)
        try:
            yield one
        finally:
            one.close()
