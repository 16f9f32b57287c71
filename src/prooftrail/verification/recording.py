"""A verification leaves an event: audit.chain.verify, through the writer login.

Guarantees: each stream that was verified has an event of its own, with what was asked,
the verdict and how many findings there are of that stream; nothing of an entry stands
in it, nor of another stream, nor where on a machine an anchor is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.capture.audit_logger import STREAM
from prooftrail.core import instants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.capture.stating import Fields
    from prooftrail.verification.report import Asked, Report

ACTION = "audit.chain.verify"


def events(
    asked: Asked,
    report: Report,
    *,
    actor: Mapping[str, Any],
    details: Mapping[str, object] | None = None,
) -> list[tuple[str, Fields]]:
    """Return a run's events: streams, and keywords of `Recorder.record`.

    Args:
        asked: what was to be verified.
        report: what came of it.
        actor: who asked.
        details: what else there is to say.
    """
    shared: dict[str, object] = {"anchors": len(asked.anchors)}
    for key, bound in (("from", asked.since_us), ("to", asked.until_us)):
        if bound is not None:
            shared[key] = instants.text(bound)
    shared |= details or {}
    if not report.streams:
        return [(STREAM, _event(report, shared, actor, {}))]
    found = []
    for stream in report.streams:
        own = report.of(stream.name)
        counts = {"entries": stream.entries, "size": stream.stop}
        found.append((stream.name, _event(own, shared, actor, counts)))
    return found


def _event(
    report: Report,
    shared: Mapping[str, object],
    actor: Mapping[str, Any],
    counts: Mapping[str, object],
) -> Fields:
    return {
        "action": ACTION,
        "actor": actor,
        "result": "success" if report.verdict.exit_code == 0 else "failure",
        "details": {
            "verdict": report.verdict.value,
            "findings": len(report.findings) + report.more,
            **counts,
            **shared,
        },
    }


def stream_of(report: Report, wanted: str = STREAM) -> str:
    """Return where something of a run is recorded: in that stream, if there is one."""
    names = [stream.name for stream in report.streams]
    return wanted if wanted in names or not names else names[0]
