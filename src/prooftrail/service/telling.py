"""Telling what continuous verification found: events, alerts, health, metrics, log.

Guarantees: each failure is told once, and again once a day while it lasts; only a
whole verification that passes clears it. What is told holds the kind of a finding, its
stream, entry and recorded time, and what to do; no value of an event. A failure that
cannot be recorded is alerted all the same, and the other way round.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from prooftrail.capture.audit_logger import STREAM
from prooftrail.core import instants
from prooftrail.core.harmless import harmless
from prooftrail.errors import ProoftrailError
from prooftrail.integrity.verdict import Verdict
from prooftrail.service.standing import Standing
from prooftrail.verification import recording, render
from prooftrail.verification.report import Asked, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.integrity.findings import Finding
    from prooftrail.retention.closing import Concluded
    from prooftrail.service.alerts import Alerts
    from prooftrail.service.health import Health
    from prooftrail.service.logs import Log
    from prooftrail.service.metrics import Metrics

FINDING = "prooftrail.integrity.finding"
VERIFIED = "prooftrail.integrity.verified"
UNVERIFIED = "prooftrail.integrity.unverified"
SEAL = "prooftrail.integrity.seal"

AGAIN = 86_400.0  # seconds after which what lasts is told anew
BLIND = 3_600.0  # seconds without a result that are alerted
LISTED = 20  # findings of a run that are told one by one

WHAT_TO_DO = (
    "Change nothing: no repair, no restore, no upgrade. Follow "
    "docs/how-to/when-verification-fails.md"
)
ACTOR = {"type": "system", "userId": "prooftrail-serve"}


class Telling:
    """Tells. Safe to be shared by threads.

    Args:
        recorder: writes events.
        alerts: to webhooks.
        health: of reading is turned.
        metrics: count what stands.
        log: gets a line each.
        clock: microseconds since the epoch, UTC.
        again: seconds after which what lasts is told anew.
        blind: seconds without a result that are alerted.
    """

    def __init__(
        self,
        recorder: Recorder,
        alerts: Alerts,
        health: Health,
        metrics: Metrics,
        log: Log,
        *,
        clock: Callable[[], int],
        again: float = AGAIN,
        blind: float = BLIND,
    ) -> None:
        self._recorder = recorder
        self._alerts = alerts
        self._health = health
        self._metrics = metrics
        self._log = log
        self._clock = clock
        self._again = again
        self._blind = blind
        self._lock = threading.Lock()
        self._standing = Standing(again)
        self._result_at = time.monotonic()  # the last verified or tampered
        self._blind_told: float | None = None
        self._last: tuple[Verdict, float] | None = None  # of whole runs, recorded

    @property
    def stands(self) -> bool:
        """Whether a failure was found and not cleared."""
        with self._lock:
            return bool(self._standing)

    def tell(self, asked: Asked, report: Report, *, begun: float) -> None:
        """Tell what came of a run.

        Args:
            asked: what it looked at.
            report: what it found.
            begun: when it began, on the monotonic clock.
        """
        whole = asked.whole and not asked.streams
        with self._lock:
            if report.verdict is Verdict.INCOMPLETE:
                found = next((one.told for one in report.findings), "")
                self._could_not(found)
            else:
                self._result_at, self._blind_told = time.monotonic(), None
            if report.verdict is Verdict.TAMPERED:
                self._tell_failures(report)
            elif report.verdict is Verdict.VERIFIED and whole:
                self._clear(begun)
            self._metrics.standing(len(self._standing))
            if whole:
                self._record_run(asked, report)

    def could_not(self, why: str) -> None:
        """Tell that nothing could be verified just now."""
        with self._lock:
            self._could_not(why)

    def look(self) -> None:
        """Tell, where it is due, that nothing was verified for too long.

        For runs that do not come to an end: they tell nothing by themselves.
        """
        with self._lock:
            if self._is_blind(time.monotonic()):
                self._could_not("no verification comes to an end: what hangs?")

    def _could_not(self, why: str) -> None:
        self._log.warning("could not verify", problem=why)
        now = time.monotonic()
        if not self._is_blind(now):
            return
        self._blind_told = now
        minutes = round((now - self._result_at) / 60)
        self._alert(
            UNVERIFIED,
            f"nothing could be verified for {minutes} minutes: see the service's log",
            {"verdict": Verdict.INCOMPLETE.value},
        )

    def _is_blind(self, now: float) -> bool:
        """Whether that is so, and is to be told now."""
        if now - self._result_at < self._blind:
            return False
        return self._blind_told is None or now - self._blind_told >= self._again

    def _tell_failures(self, report: Report) -> None:
        news = self._standing.news(report.findings, time.monotonic())
        if not news:
            return
        told = [_plain(one) for one in news[:LISTED]]
        more = len(news) - len(told) + report.more
        first = _place(news[0])
        rest = f" and {len(news) + report.more - 1} more" if len(news) > 1 else ""
        self._health.report("integrity", f"verification failed: {first}{rest}")
        for one in told:
            self._log.error("finding", **one)
        self._alert(
            FINDING,
            f"TAMPERED: {first}{rest}. {WHAT_TO_DO}",
            {
                "verdict": report.verdict.value,
                "findings": told,
                "more": more,
                "whatToDo": WHAT_TO_DO,
            },
        )
        for one in told:
            self._record_finding(one, report)

    def _clear(self, begun: float) -> None:
        if not self._standing or self._standing.seen > begun:
            return
        self._standing.clear()
        self._health.report("integrity", None)
        self._log.info("verified again")
        self._alert(VERIFIED, "the whole log verifies again", {"verdict": "verified"})

    def _alert(self, kind: str, text: str, more: Mapping[str, Any]) -> None:
        at = instants.text(self._clock())
        self._alerts.send(
            {"type": kind, "at": at, "text": f"Prooftrail: {text}", **more}
        )

    def _record_finding(self, told: Mapping[str, Any], report: Report) -> None:
        stream = recording.stream_of(report, told["stream"] or STREAM)
        self.record(
            stream,
            action=FINDING,
            actor=ACTOR,
            result="failure",
            details={**told, "whatToDo": WHAT_TO_DO},
        )

    def _record_run(self, asked: Asked, report: Report) -> None:
        """Record a whole run where its verdict is new, and else once a day.

        Each minute's would be most of what a quiet log holds.
        """
        now = time.monotonic()
        if self._last is not None:
            verdict, at = self._last
            if verdict is report.verdict and now - at < self._again:
                return
        self._last = (report.verdict, now)
        for stream, fields in recording.events(asked, report, actor=ACTOR):
            self.record(stream, **fields)

    def record(self, stream: str, **fields: Any) -> bool:  # noqa: ANN401
        """Record an event of the service; return whether it is durable."""
        try:
            self._recorder.record(stream=stream, **fields)
        except ProoftrailError as error:
            self._metrics.refused("service")
            self._log.error("an event is unrecorded", problem=str(error))
            return False
        self._metrics.accepted("service")
        return True

    def sealed(self, made: Concluded) -> None:
        """Tell what came of a month, once that is recorded."""
        if made.verdict is Verdict.VERIFIED:
            self._log.info("a month", stream=made.stream, told=made.told)
            return
        self._log.error("a month", stream=made.stream, told=made.told)
        self._alert(
            SEAL,
            harmless(f"TAMPERED: {made.stream}: {made.told}. {WHAT_TO_DO}"),
            {
                "verdict": made.verdict.value,
                "stream": made.stream,
                "whatToDo": WHAT_TO_DO,
            },
        )

    def unsealed(self, why: str) -> None:
        """Tell that no month could be sealed just now."""
        self._log.warning("could not seal the months that ended", problem=why)


def _plain(found: Finding) -> dict[str, Any]:
    """Return what is told of a finding: not its text, which may quote an event."""
    (one,) = render.as_json(Report(findings=[found]))["findings"]
    return {key: one[key] for key in ("kind", "stream", "seq", "lastSeq", "recordedAt")}


def _place(found: Finding) -> str:
    at = "" if found.seq is None else f" at seq {found.seq}"
    where = f" in {found.stream}" if found.stream else ""
    return harmless(f"{found.kind.value}{where}{at}")
