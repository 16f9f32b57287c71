"""Entries as they are shown: the event as stated, and where it stands in the chain.

Guarantees: an item has the event's own keys, with numbers as they were written, and
`stream`, `seq`, `recordedAt`, `checksum`, `previousChecksum`, which no event has. An
event that was redacted, or that somebody altered until it is no JSON, is shown by its
header and says so; nothing here fails on what the log holds.

Does not: verify. What is shown is what is stored.

Source: design, "The event".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from prooftrail.core import instants
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.question import Found

DEEPEST = 40  # levels, some more than an event may have

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def item(found: Found, streams: Mapping[int, str]) -> dict[str, Any]:
    """Return an entry as an item; `encode` writes it.

    Args:
        found: the entry.
        streams: names of streams, by number.
    """
    return {
        **_event(found),
        "stream": streams.get(found.stream, str(found.stream)),
        "seq": found.seq,
        "recordedAt": _time(found.recorded_us),
        "checksum": checksum(found.leaf),
        "previousChecksum": checksum(found.prev),
    }


def encode(value: object) -> bytes:
    """Return JSON, UTF-8; numbers that were unwrapped as they were written."""
    return orjson.dumps(value)


def checksum(digest: bytes) -> str:
    """Return a leaf as people read it."""
    return f"sha256:{digest.hex()}"


def _event(found: Found) -> dict[str, Any]:
    value = None if found.event is None else _read(found.event)
    if value is not None:
        return value
    told = "redacted" if found.event is None else "unreadable"
    return {
        "eventId": str(UUID(bytes=found.event_id)),
        "timestamp": _time(found.occurred_us),
        "action": found.action,
        "result": found.result,
        told: True,
    }


def _read(event: bytes) -> dict[str, Any] | None:
    """Return an event; None where somebody altered it until it is none."""
    try:
        value = orjson.loads(event)
        if isinstance(value, dict):
            return {name: _plain(one, DEEPEST) for name, one in value.items()}
    except ValueError:
        return None
    return None


def _plain(value: object, depth: int) -> object:
    """Unwrap numbers that are no integers.

    Raises:
        ValueError: nested deeper than any event.
    """
    if depth == 0:
        raise ValueError
    if isinstance(value, dict):
        token = value.get("$number") if len(value) == 1 else None
        if isinstance(token, str) and _NUMBER.fullmatch(token):
            return orjson.Fragment(token)
        return {
            # most are texts, and to ask for each takes longer than to read them
            name: one if isinstance(one, str) else _plain(one, depth - 1)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [
            one if isinstance(one, str) else _plain(one, depth - 1) for one in value
        ]
    return value


def _time(us: int) -> str:
    try:
        return instants.text(us)
    except EventError:
        return f"{us} us"  # a superuser wrote it: no year has it
