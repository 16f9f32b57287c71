"""What a verification has to say: findings are values, never exceptions.

A finding names the stream, the first entry it concerns, its kind and, in one
sentence, what is wrong. Its weight decides the exit code: a failure outranks an
incomplete, and warnings leave "verified" as it is.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

MAX_KEPT = 1_000  # findings kept a segment; the rest is counted


class Weight(IntEnum):
    """How a finding counts; the value orders them."""

    WARNING = 0  # verified all the same
    INCOMPLETE = 1  # something could not be looked at
    FAILURE = 2  # something was altered


class Kind(StrEnum):
    """What kind of thing was found, in the words that reports use."""

    EDITED = "edited"
    PROJECTION_EDITED = "projection edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    DUPLICATED = "duplicated"
    HEAD_EDITED = "head edited"
    REGISTRY_EDITED = "registry edited"
    ROLLUP_EDITED = "rollup edited"
    FORGED = "forged checkpoint"
    FORKED = "forked"
    MISSING = "stream missing"
    CLOCK = "clock"
    UNSEALED = "unsealed"
    QUARANTINED = "quarantined"
    UNREADABLE = "could not be read"
    NOTE = "note"


class Finding(NamedTuple):
    """One thing to say."""

    weight: Weight
    kind: Kind
    stream: str
    seq: int | None  # the first entry concerned
    last: int | None  # the last one, where it is a range
    recorded_us: int | None  # of that entry, where known
    told: str


def failure(
    kind: Kind,
    stream: str,
    seq: int | None,
    told: str,
    *,
    last: int | None = None,
    recorded_us: int | None = None,
) -> Finding:
    """Return a failure: something was altered."""
    return Finding(Weight.FAILURE, kind, stream, seq, last, recorded_us, told)


def incomplete(stream: str, told: str) -> Finding:
    """Return an incomplete: something could not be looked at."""
    return Finding(Weight.INCOMPLETE, Kind.UNREADABLE, stream, None, None, None, told)


def warning(kind: Kind, stream: str, told: str, *, seq: int | None = None) -> Finding:
    """Return a warning: worth knowing, and verified all the same."""
    return Finding(Weight.WARNING, kind, stream, seq, None, None, told)
