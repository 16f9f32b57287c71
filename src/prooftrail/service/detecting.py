"""Rules at work on the log as it grows: alerts, each raised once.

Guarantees: what is sealed is looked at within `Look.pace`, and an alert is an event of
its stream and told to webhooks. An incident is raised once: the log is asked which
alerts it has, and an alert's event has an id that its incident alone gives. After a
start, the log of the last `BACK_US` is looked at again, so that incidents which go on
are known, and those of the meantime raised. An event that cannot be recorded is tried
again; webhooks are told at once.

Whether all of it works is tested by an event made for that, `Look.test` seconds after
the one before: where no alert comes of it in `Look.missed` seconds, that is told in
health, log and metrics, as is what could not be looked at.

Does not: look at what was sealed more than `BACK_US` before it begins: that is for
`prooftrail detect`. Reads as the verifier, under no limits.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.capture.audit_logger import STREAM
from prooftrail.detections import STANDARD, Detector, longest
from prooftrail.errors import ProoftrailError
from prooftrail.service import alerting
from prooftrail.service.health import DutyState
from prooftrail.store import connect, detecting, reading
from prooftrail.store.interrupting import Interrupting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.detections import Found, Rule
    from prooftrail.service.alerting import Alert
    from prooftrail.service.alerts import Alerts
    from prooftrail.service.health import Health
    from prooftrail.service.logs import Log
    from prooftrail.service.metrics import Metrics
    from prooftrail.store.connect import Connection

DAY_US: Final = 86_400_000_000
BACK_US: Final = 2 * DAY_US  # of the log that a start looks at again
KNOWN_US: Final = 30 * DAY_US  # how far back it looks for alerts that it has
SEQS: Final = 5_000  # that one statement looks at
STATEMENT_MS: Final = 30_000
ENDING: Final = 10.0  # seconds that all may take to end
NAME: Final = "detect"


class Look(NamedTuple):
    """How often, in seconds."""

    pace: float = 0.5  # between looks at the log's end
    test: float = 86_400.0  # between events that test detection; 0: none
    missed: float = 60.0  # until such an event has raised no alert
    again: float = 5.0  # until the database is asked again after a failure


class _Stream:
    """One stream, and how far it was looked at."""

    def __init__(self, stream_id: bytes, rules: Sequence[Rule]) -> None:
        self.stream_id = stream_id
        self.detector = Detector(rules)
        self.seq = -1
        self.since_us = 0  # when it was begun with; nothing before is known
        self.raised = alerting.Raised(set(), set())


class Detecting:
    """Looks, on a thread of its own.

    Args:
        recorder: writes the alerts.
        alerts: to webhooks.
        health: is told how it fares.
        metrics: count alerts.
        log: gets a line each.
        clock: microseconds since the epoch, UTC.
        rules: that are looked for.
        look: how often.
        dsn: the database; by default from the environment.
    """

    def __init__(  # noqa: PLR0913
        self,
        recorder: Recorder,
        alerts: Alerts,
        health: Health,
        metrics: Metrics,
        log: Log,
        *,
        clock: Callable[[], int],
        rules: Sequence[Rule] = STANDARD,
        look: Look | None = None,
        dsn: str | None = None,
    ) -> None:
        self._recorder = recorder
        self._alerts = alerts
        self._health = health
        self._metrics = metrics
        self._log = log
        self._clock = clock
        self._rules = tuple(rules)
        self._look = look or Look()
        self._dsn = dsn
        self._waits = Interrupting()
        self._stop = threading.Event()
        self._streams: dict[str, _Stream] = {}
        self._raised: set[str] = set()  # by this process
        self._unrecorded: list[Alert] = []
        self._tested: float | None = None  # a test is under way, since then
        self._next_test: float | None = None
        self._problem: str | None = None  # of the newest look
        self._missed: str | None = None
        self._restarts = 0
        self._thread = threading.Thread(
            target=self._run, name="prooftrail-detect", daemon=True
        )

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> bool:
        """End; return whether it has ended."""
        self._stop.set()
        self._thread.join(ENDING / 2)
        if self._thread.is_alive():
            self._waits.interrupt()
            self._thread.join(ENDING / 2)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except (ProoftrailError, OSError) as error:
                self._fail(str(error))
            except Exception as error:  # noqa: BLE001  looking must not end unseen
                self._fail(f"a defect, report it: {error!r}")
            self._stop.wait(self._look.again)

    def _follow(self) -> None:
        with (
            closing(
                connect.connect(
                    "verifier",
                    dsn=self._dsn,
                    autocommit=True,
                    milliseconds=STATEMENT_MS,
                )
            ) as connection,
            self._waits.using(connection),
        ):
            while not self._stop.is_set():
                for name, (number, seq, stream_id) in detecting.ends(
                    connection
                ).items():
                    self._see(connection, name, number, seq, stream_id)
                self._record()
                self._test(connection)
                self._tell(None)
                self._stop.wait(self._look.pace)

    def _see(
        self, connection: Connection, name: str, number: int, seq: int, stream_id: bytes
    ) -> None:
        """Look at what a stream has got."""
        # what fails on its way is begun anew, lest an event count twice
        its = self._streams.pop(name, None)
        if its is None or its.stream_id != stream_id:
            its = self._begin(connection, number, seq, stream_id)
        while its.seq < seq and not self._stop.is_set():
            until = min(its.seq + SEQS, seq)
            for seen, recorded_us in detecting.after(
                connection, number, its.seq, until, its.since_us
            ):
                its.detector.add(seen)
                for found in its.detector.news():
                    self._find(its, name, found, recorded_us)
            its.seq = until
        its.detector.ended()  # told when they began
        self._streams[name] = its

    def _begin(
        self, connection: Connection, number: int, seq: int, stream_id: bytes
    ) -> _Stream:
        its = _Stream(stream_id, self._rules)
        now = self._clock()
        its.since_us = now - BACK_US
        first = reading.first_since(connection, number, its.since_us)
        its.seq = seq if first is None else first - 1
        events = detecting.raised(connection, number, now - KNOWN_US)
        its.raised = alerting.raised(events)
        return its

    def _find(self, its: _Stream, name: str, found: Found, recorded_us: int) -> None:
        """Raise an alert, if it is none that was raised."""
        made = alerting.alert(found, name, its.stream_id, recorded_us)
        if made.id in its.raised.ids or made.id in self._raised:
            return
        hit = found.hit
        # what began before the log that was looked at has a first event there, too
        begins = hit.first.occurred_us < its.since_us + longest(self._rules)
        if begins and (hit.rule, hit.key) in its.raised.keys:
            return
        self._raised.add(made.id)
        self._log.warning(
            "an alert",
            alert=made.id,
            rule=hit.rule,
            severity=made.told["severity"],
            stream=name,
            seq=hit.first.seq,
        )
        self._metrics.raised(hit.rule)
        self._alerts.send(made.told)
        self._unrecorded.append(made)
        if made.tests:
            self._tested, self._missed = None, None

    def _record(self) -> None:
        """Record what was raised; what fails stays, for the next time."""
        while self._unrecorded and not self._stop.is_set():
            made = self._unrecorded[0]
            self._recorder.record(stream=made.stream, **made.event)
            self._unrecorded.pop(0)

    def _test(self, connection: Connection) -> None:
        """Record an event that must raise an alert, when it is time."""
        look, now = self._look, time.monotonic()
        if not look.test or STREAM not in self._streams:
            return
        if self._tested is not None and now - self._tested > look.missed:
            self._tested = None
            self._missed = (
                f"an event that tests detection has raised no alert in "
                f"{look.missed:g} s: is the log sealed?"
            )
            self._log.error("detection does not work", problem=self._missed)
        if self._next_test is None:
            number = detecting.ends(connection)[STREAM][0]
            last = detecting.tested_us(connection, number)
            age = look.test if last is None else (self._clock() - last) / 1e6
            self._next_test = now + max(look.test - age, 0)
        if now >= self._next_test:
            self._next_test = now + look.test
            self._tested = now
            self._recorder.record(stream=STREAM, **alerting.test_event())

    def _fail(self, problem: str) -> None:
        self._log.warning("could not look for what rules find", problem=problem)
        self._restarts += 1
        self._tell(problem)

    def _tell(self, problem: str | None) -> None:
        self._problem = problem
        told = problem or self._missed
        self._health.report_duty(NAME, DutyState(problem is None, self._restarts, told))
