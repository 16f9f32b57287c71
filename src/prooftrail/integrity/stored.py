"""What a database stores beside entries, as values: registry, heads, checkpoints, ids.

Guarantees: nothing is believed here; a field is None where its row, or its constraint,
is gone, or where a value of another type stands.
"""

from __future__ import annotations

from typing import NamedTuple


class StreamState(NamedTuple):
    """A stream as the database has it: registry, head and end of the log."""

    number: int
    name: str | None  # None: not in the registry
    stream_id: bytes | None
    base: str | None
    incarnation: int | None
    keys: list[str] | None
    head_seq: int | None  # None: no head row
    head_leaf: bytes | None
    head_recorded_us: int | None
    last_seq: int | None  # None: no entries


class StoredCheckpoint(NamedTuple):
    """A checkpoint row; null only where constraints were dropped."""

    size: int | None
    signed_us: int | None
    note: str | None
    peaks: bytes | None


class Repeated(NamedTuple):
    """An entry whose event id stands in its stream more than once."""

    number: int
    event_id: bytes
    seq: int
    event: bytes | None
