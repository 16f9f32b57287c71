"""A segment: what the checker of a run of entries begins from, and what it gives.

Guarantees: plain values, small whatever the segment's size, that travel between
processes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from prooftrail.core import entry
from prooftrail.integrity import diagnosis
from prooftrail.integrity.findings import MAX_KEPT, Finding

if TYPE_CHECKING:
    from prooftrail.integrity.diagnosis import Row

LEVEL = 16
SIZE = 1 << LEVEL  # entries a segment; aligned, so that its tree is a subtree

# day, action, role, result, pii: the key of the daily rollup
DayKey: TypeAlias = tuple[int, str, str | None, str, bool]

_NEVER = -(2**63)


class Before(NamedTuple):
    """The entry before a segment."""

    leaves: set[bytes] | None  # None: it is gone, no link can be checked
    recorded_us: int
    sound: bool  # else it is named where it stands, and its successor is not blamed

    @classmethod
    def genesis(cls, stream_id: bytes) -> Before:
        """Return what stands before entry 0."""
        return cls({entry.genesis(stream_id)}, _NEVER, sound=True)

    @classmethod
    def of(cls, row: Row | None) -> Before:
        """Return a stored entry as what a segment begins from."""
        if row is None:
            return cls(None, _NEVER, sound=False)
        leaf = diagnosis.leaf_of(row, row.body)
        sound = leaf == row.leaf
        when = row.recorded_us if sound else _NEVER
        return cls({row.leaf, leaf}, when, sound)


@dataclass
class Segment:
    """What checking a segment gave."""

    start: int
    stop: int
    entries: int = 0
    findings: list[Finding] = field(default_factory=list)
    failures: int = 0  # all of them, also those not kept
    last: Row | None = None  # the entry at stop - 1, as stored
    last_sound: bool = False
    peaks: list[bytes] = field(default_factory=list)  # of all its leaves
    at: dict[int, list[bytes]] = field(default_factory=dict)  # of its first n leaves
    unresolved: int | None = None  # the lowest seq whose leaf nothing tells any more
    days: Counter[DayKey] = field(default_factory=Counter)
    lost: int = 0  # entries that are gone, or whose bytes are
    extra: int = 0  # entries that do not belong there
    clocks: list[int] = field(default_factory=list)  # seqs that state a clock's step

    def add(self, *found: Finding) -> None:
        """Keep findings, up to a bound."""
        self.failures += len(found)
        if len(self.findings) < MAX_KEPT:
            self.findings.extend(found)
