"""Metrics in the words of Prometheus, from a registry of their own.

Guarantees: labels are bounded (templates of routes, not paths; the first `STREAMS`
streams, the others as one) and name nobody; rendering asks no database and never
fails: while the database is away, `prooftrail_database_up` is 0 and what is known only
from it is left out. docs/reference/metrics.md has them all, and a test holds it.

Source: Prometheus, "Metric and label naming".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.metrics_core import Metric

    from prooftrail.service.health import Health
    from prooftrail.store.facts import Facts
    from prooftrail.store.readers import Load
    from prooftrail.verification.report import Report

STREAMS = 100  # with labels of their own
OTHERS = "(others)"  # no stream can have this name
CONTENT_TYPE = CONTENT_TYPE_LATEST

# How an event came, and why a verification ran.
Channel: TypeAlias = Literal["http", "service"]
Why: TypeAlias = Literal["whole", "newest", "asked"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_MICROSECONDS = 1_000_000


class Metrics:
    """All metrics of one process.

    Args:
        health: where the duties' state stands.
        clock: microseconds since the epoch, UTC.
        load: how busy the readers' pool is.

    Safe to be shared by threads.
    """

    def __init__(
        self,
        health: Health,
        *,
        clock: Callable[[], int],
        load: Callable[[], Load] | None = None,
    ) -> None:
        self._clock = clock
        self.facts: Facts | None = None  # the newest; None while the database is away
        self.registry = registry = CollectorRegistry(auto_describe=True)
        self._accepted = Counter(
            "prooftrail_events_accepted",
            "Events that were made durable.",
            ["channel"],
            registry=registry,
        )
        self._refused = Counter(
            "prooftrail_events_refused",
            "Events that were refused.",
            ["channel"],
            registry=registry,
        )
        self._requests = Histogram(
            "prooftrail_http_request_seconds",
            "Requests, by the time until their answer's end.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._followers = Gauge(
            "prooftrail_followers", "Clients that follow the log.", registry=registry
        )
        self._verifications = Counter(
            "prooftrail_verifications",
            "Verifications that ended.",
            ["why", "verdict"],
            registry=registry,
        )
        self._exit_code = Gauge(
            "prooftrail_verification_exit_code",
            "Of the last verification: 0 verified, 1 tampered, 2 could not verify.",
            ["why"],
            registry=registry,
        )
        self._verified = Gauge(
            "prooftrail_verification_success_timestamp_seconds",
            "When a verification last ended with: verified.",
            ["why"],
            registry=registry,
        )
        self._took = Gauge(
            "prooftrail_verification_seconds",
            "How long the last verification took.",
            ["why"],
            registry=registry,
        )
        self._anchored = Gauge(
            "prooftrail_anchored_entries",
            "Entries that an anchor covers, as the last verification saw it.",
            ["stream"],
            registry=registry,
        )
        self._findings = Gauge(
            "prooftrail_findings",
            "Failures that continuous verification found and that still stand.",
            registry=registry,
        )
        self._alerts = Counter(
            "prooftrail_alerts",
            "Alerts to webhooks, by what became of them.",
            ["outcome"],
            registry=registry,
        )
        self._raised = Counter(
            "prooftrail_raised_alerts",
            "Alerts that rules raised, by rule.",
            ["rule"],
            registry=registry,
        )
        registry.register(_Facts(self, clock))
        registry.register(_Duties(health))
        if load is not None:
            registry.register(_Pool(load))

    def accepted(self, channel: Channel, count: int = 1) -> None:
        """Count events that are durable."""
        self._accepted.labels(channel).inc(count)

    def refused(self, channel: Channel, count: int = 1) -> None:
        """Count events that were refused."""
        self._refused.labels(channel).inc(count)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method: any; unknown ones count as one.
            route: the template that matched, never the path; empty if none did.
            status: of the answer.
            seconds: until its end.
        """
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route or "none", str(status)).observe(seconds)

    def follows(self, change: Literal[1, -1]) -> None:
        """Count a client that begins or ends following."""
        self._followers.inc(change)

    def verified(self, why: Why, report: Report, seconds: float) -> None:
        """Count a verification.

        Args:
            why: it ran.
            report: its result.
            seconds: it took.
        """
        verdict = report.verdict
        self._verifications.labels(why, verdict.value).inc()
        self._exit_code.labels(why).set(verdict.exit_code)
        self._took.labels(why).set(seconds)
        if verdict.exit_code == 0:
            self._verified.labels(why).set(self._clock() / _MICROSECONDS)
        for stream in report.streams[:STREAMS]:
            if stream.anchored is not None:
                self._anchored.labels(stream.name).set(stream.anchored.size)

    def standing(self, findings: int) -> None:
        """Say how many failures stand."""
        self._findings.set(findings)

    def alerted(self, outcome: Literal["delivered", "failed", "dropped"]) -> None:
        """Count an alert."""
        self._alerts.labels(outcome).inc()

    def raised(self, rule: str) -> None:
        """Count an alert that a rule raised."""
        self._raised.labels(rule).inc()

    def render(self) -> bytes:
        """Return the text that Prometheus scrapes; its type is `CONTENT_TYPE`."""
        return generate_latest(self.registry)


class _Facts(Collector):
    """What is known from the database."""

    def __init__(self, metrics: Metrics, clock: Callable[[], int]) -> None:
        self._metrics = metrics
        self._clock = clock

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        facts = self._metrics.facts
        yield GaugeMetricFamily(
            "prooftrail_database_up",
            "Whether the database answered at the last look.",
            value=float(facts is not None),
        )
        if facts is None:
            return
        yield GaugeMetricFamily(
            "prooftrail_unsealed_events",
            "Events in the inbox.",
            value=facts.waiting,
        )
        yield GaugeMetricFamily(
            "prooftrail_unsealed_age_seconds",
            "Age of the oldest event in the inbox: how far the sealer is behind.",
            value=facts.oldest_seconds,
        )
        yield GaugeMetricFamily(
            "prooftrail_quarantined_events",
            "Rows that could not be sealed.",
            value=facts.quarantined,
        )
        yield from self._of_streams(facts)

    def _of_streams(self, facts: Facts) -> Iterator[Metric]:
        entries = GaugeMetricFamily(
            "prooftrail_log_entries", "Entries in the log.", labels=["stream"]
        )
        signed = GaugeMetricFamily(
            "prooftrail_signed_entries",
            "Entries that the newest checkpoint covers.",
            labels=["stream"],
        )
        age = GaugeMetricFamily(
            "prooftrail_checkpoint_age_seconds",
            "Age of the newest checkpoint; of the oldest such among the others.",
            labels=["stream"],
        )
        now = self._clock()
        others = [0, 0, 0.0]
        for at, found in enumerate(facts.streams):
            size, covered = found.entries or 0, found.size or 0
            old = 0.0
            if found.signed_us is not None:
                old = max(now - found.signed_us, 0) / _MICROSECONDS
            if at >= STREAMS:
                others = [others[0] + size, others[1] + covered, max(others[2], old)]
                continue
            entries.add_metric([found.stream], size)
            signed.add_metric([found.stream], covered)
            if found.signed_us is not None:
                age.add_metric([found.stream], old)
        if len(facts.streams) > STREAMS:
            for family, value in zip((entries, signed, age), others, strict=True):
                family.add_metric([OTHERS], value)
        yield from (entries, signed, age)


class _Duties(Collector):
    """What is known from the supervisor."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "prooftrail_duty_up", "Whether a duty runs.", labels=["duty"]
        )
        restarts = CounterMetricFamily(
            "prooftrail_duty_restarts", "Times that a duty ended.", labels=["duty"]
        )
        for name, state in self._health.duties.items():
            up.add_metric([name], float(state.up))
            restarts.add_metric([name], state.restarts)
        yield from (up, restarts)


class _Pool(Collector):
    """How busy the readers are."""

    def __init__(self, load: Callable[[], Load]) -> None:
        self._load = load

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        found = self._load()
        connections = GaugeMetricFamily(
            "prooftrail_pool_connections",
            "Connections of the readers' pool.",
            labels=["state"],
        )
        connections.add_metric(["idle"], found.idle)
        connections.add_metric(["busy"], max(found.connections - found.idle, 0))
        yield connections
        yield GaugeMetricFamily(
            "prooftrail_pool_waiting",
            "Requests that wait for a connection.",
            value=found.waiting,
        )
