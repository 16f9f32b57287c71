"""Alerts: told to webhooks, each by a thread of its own.

Guarantees: whoever alerts never waits; what a webhook does not take is tried again,
longer apart each time, up to `TRIES` times; no more than `WAITING` alerts wait for one
webhook, and what does not fit is told in log and metrics. What an alert says is chosen
by the caller; nothing is added but an id.

Does not: keep alerts across a restart. The finding does: it is told anew when the
service begins, and stands in the log as an event.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.core import ids

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prooftrail.service.logs import Log
    from prooftrail.service.metrics import Metrics
    from prooftrail.service.webhook import Webhook

WAITING = 100
TRIES = 9  # over some eight minutes
FIRST_PAUSE = 1.0  # seconds; doubles
LONGEST_PAUSE = 120.0

_SECOND = 1_000_000


class _Alert(NamedTuple):
    id: str
    body: bytes


class Alerts:
    """Tells all webhooks.

    Args:
        webhooks: where to.
        metrics: count what became of alerts.
        log: likewise.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        first_pause: seconds until the second try.
    """

    def __init__(
        self,
        webhooks: Sequence[Webhook],
        metrics: Metrics,
        log: Log,
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._clock = clock
        self._random = random
        self._senders = [
            _Sender(one, metrics, log, clock, first_pause) for one in webhooks
        ]

    def send(self, alert: Mapping[str, Any]) -> None:
        """Tell all webhooks, soon; returns at once."""
        alert_id = ids.uuid7(self._clock(), self._random(8))
        body = json.dumps({"id": alert_id, **alert}, ensure_ascii=True).encode()
        for sender in self._senders:
            sender.put(_Alert(alert_id, body))

    def close(self, patience: float) -> None:
        """Wait up to so many seconds until all is told, then end."""
        for sender in self._senders:
            sender.close(patience)


class _Sender:
    """One webhook's queue and thread."""

    def __init__(
        self,
        webhook: Webhook,
        metrics: Metrics,
        log: Log,
        clock: Callable[[], int],
        first_pause: float,
    ) -> None:
        self._webhook = webhook
        self._metrics = metrics
        self._log = log
        self._clock = clock
        self._first_pause = first_pause
        self._changed = threading.Condition()
        self._queue: deque[_Alert] = deque()
        self._closing = False
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="prooftrail-alerts", daemon=True
        )
        self._thread.start()

    def put(self, alert: _Alert) -> None:
        with self._changed:
            dropped = self._closing or len(self._queue) >= WAITING
            if not dropped:
                self._queue.append(alert)
                self._changed.notify()
        if dropped:
            self._metrics.alerted("dropped")
            self._log.error("an alert is dropped", to=self._webhook.host, id=alert.id)

    def close(self, patience: float) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(patience)
        self._stop.set()

    def _run(self) -> None:
        while (alert := self._next()) is not None:
            self._deliver(alert)

    def _next(self) -> _Alert | None:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            return self._queue.popleft() if self._queue else None

    def _deliver(self, alert: _Alert) -> None:
        pause, why = self._first_pause, None
        for left in reversed(range(TRIES)):
            now_s = self._clock() // _SECOND
            why = self._webhook.post(alert.body, delivery=alert.id, now_s=now_s)
            if why is None:
                self._metrics.alerted("delivered")
                return
            self._log.warning("an alert is not delivered", id=alert.id, problem=why)
            if not left or self._stop.wait(pause):
                break
            pause = min(2 * pause, LONGEST_PAUSE)
        self._metrics.alerted("failed")
        self._log.error(
            "an alert is given up", to=self._webhook.host, id=alert.id, problem=why
        )
