"""Trail statements: the entries of kind 1, which the trail itself writes.

Guarantees: a statement has the shape of an event, with actor
``{"type": "system", "userId": "prooftrail.<duty>"}`` and an action `trail.*`, so
that one projection serves both. No statement ever comes from the inbox.

Source: `spec/statements.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import instants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.core.jcs import Value

FORMAT = "prooftrail/v1"

STREAM_CREATE = "trail.stream.create"
QUARANTINE = "trail.quarantine"
CLAIM = "trail.claim"
CLOCK = "trail.clock"
MISMATCH = "trail.keeper.mismatch"


def statement(
    action: str,
    *,
    stream: str,
    details: Mapping[str, Value],
    event_id: str,
    at_us: int,
    duty: str = "sealer",
) -> dict[str, Value]:
    """Return a statement as a JSON object.

    Args:
        action: one of the `trail.*` names above.
        stream: the stream's name.
        details: what it states.
        event_id: a fresh UUIDv7.
        at_us: its time, microseconds.
        duty: which duty of the trail service states it.
    """
    return {
        "eventId": event_id,
        "timestamp": instants.text(at_us),
        "actor": {"type": "system", "userId": f"prooftrail.{duty}"},
        "action": action,
        "resource": {"type": "stream", "id": stream},
        "details": dict(details),
        "result": "success",
    }


def stream_create(origin: str, name: str, keys: list[str]) -> dict[str, Value]:
    """Return the details of entry 0: format, origin, name and public keys."""
    spelled: list[Value] = list(keys)
    return {"format": FORMAT, "origin": origin, "name": name, "keys": spelled}
