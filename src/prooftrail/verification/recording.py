"""A verification leaves an event: audit.chain.verify, through the writer login.

Guarantees: the event names what was asked, the verdict and how many findings there
are; nothing of an entry stands in it.
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


def event(
    asked: Asked,
    report: Report,
    *,
    actor: Mapping[str, Any],
    details: Mapping[str, object] | None = None,
) -> Fields:
    """Return the event of a run, as the keywords of `Recorder.record`.

    Args:
        asked: what was to be verified.
        report: what came of it.
        actor: who asked.
        details: what else there is to say.
    """
    told: dict[str, object] = {
        "verdict": report.verdict.value,
        "anchors": [str(path) for path in asked.anchors],
        "findings": len(report.findings) + report.more,
        "streams": [
            {"stream": stream.name, "entries": stream.entries, "size": stream.stop}
            for stream in report.streams
        ],
    }
    for key, bound in (("from", asked.since_us), ("to", asked.until_us)):
        if bound is not None:
            told[key] = instants.text(bound)
    return {
        "action": ACTION,
        "actor": actor,
        "result": "success" if report.verdict.exit_code == 0 else "failure",
        "details": {**told, **(details or {})},
    }


def stream_of(report: Report, wanted: str = STREAM) -> str:
    """Return where a run is recorded: in the wanted stream, if there is one."""
    names = [stream.name for stream in report.streams]
    return wanted if wanted in names or not names else names[0]
