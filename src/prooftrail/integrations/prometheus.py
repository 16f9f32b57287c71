"""Prometheus: what a recorder counts, for the application's own /metrics.

    REGISTRY.register(collector(recorder))

Guarantees: read when it is scraped, without a question to the database; counters never
go down in a process. No label: nothing of an event is in them.

Does not: serve, or count for other processes: each has its own recorder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from prooftrail.capture import process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from prooftrail.capture.audit_logger import Recorder

_COUNTERS = {
    "recorded": "Calls that were committed, not by way of the spool.",
    "spooled": "Calls that were written to the spool.",
    "replayed": "Calls that were moved from the spool to the database.",
    "lost": "Calls that were acknowledged and are lost: should be 0.",
    "failed": "Calls that are not known to be durable, and the caller was told.",
}


def collector(recorder: Recorder | None = None) -> Collector:
    """Return what a registry takes.

    Args:
        recorder: by default the process's own, when it is scraped.
    """
    return _Counts(recorder)


class _Counts(Collector):
    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder

    def describe(self) -> Iterator[Metric]:
        """Name the metrics without making a recorder, when this is registered."""
        for name, told in _COUNTERS.items():
            yield CounterMetricFamily(f"prooftrail_capture_{name}", told)
        yield _waiting()

    def collect(self) -> Iterator[Metric]:
        """Read the counts as of now."""
        counts = process.chosen(self._recorder).counts()
        for name, told in _COUNTERS.items():
            made = CounterMetricFamily(f"prooftrail_capture_{name}", told)
            made.add_metric([], getattr(counts, name))
            yield made
        waiting = _waiting()
        waiting.add_metric([], counts.waiting_in_spool)
        yield waiting


def _waiting() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "prooftrail_capture_waiting_in_spool",
        "Calls in the spool now, as far as this process replays it.",
    )
