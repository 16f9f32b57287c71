"""Every read of the trail is itself in the trail: the event of a read.

Guarantees: it says who read, by which filters, and how many rows were shown; nothing
of what was shown. It goes into each stream that was read, and says there nothing of
another one: no name, and no row. What else the trail's own tools do to whole streams (a
key made for them) is told the same way.
"""

from __future__ import annotations

import time
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, Literal

from prooftrail.capture.audit_logger import PATIENCE, STREAM
from prooftrail.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.capture.audit_logger import Recorder


def alone(streams: Sequence[str], total: int) -> Mapping[str, Mapping[str, object]]:
    """Return what `each` stream is told of a total: nothing where it is of several."""
    return {name: {"count": total} for name in streams if len(streams) == 1}


def record(
    recorder: Recorder,
    *,
    actor: Mapping[str, Any],
    streams: Sequence[str],
    details: Mapping[str, object],
    action: str = "audit.log.view",
    each: Mapping[str, Mapping[str, object]] | None = None,
    resource: Mapping[str, Any] | None = None,
    result: Literal["success", "failure", "denied"] = "success",
) -> None:
    """Record a read; returns once that is durable.

    Args:
        recorder: the writer login's.
        actor: who read.
        streams: that were read, by name.
        details: filters, and what else holds of all of them.
        each: counts, by stream: told there alone.
        action: a view, an export or a verification.
        resource: to what; by default the stream itself.
        result: how it ended.

    Raises:
        ProoftrailError: it is not recorded: show nothing.
    """
    shared = dict(details)
    filters = shared.get("filters")
    if isinstance(filters, dict) and "stream" in filters:
        shared["filters"] = {
            name: value for name, value in filters.items() if name != "stream"
        }
    event_id = recorder.new_id()  # one read, one id, in each stream
    waiting = [
        recorder.submit(
            event_id=event_id,
            action=action,
            actor=actor,
            resource=resource or {"type": "audit_log", "id": name},
            details={**shared, **((each or {}).get(name) or {})},
            result=result,
            stream=name,
        )
        for name in streams or (STREAM,)
    ]
    until = time.monotonic() + 2 * PATIENCE
    for one in waiting:
        try:
            # the writer keeps to its patience; this is for a connection that hangs
            one.result(max(until - time.monotonic(), 0))
        except FutureTimeoutError as error:
            raise RecordError(
                f"that the trail was read is not known to be recorded after "
                f"{2 * PATIENCE:g} s: the connection hangs"
            ) from error
