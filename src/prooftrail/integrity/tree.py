"""The tree against checkpoints: what left the database, or was signed in it.

Guarantees: each claim (a checkpoint whose signature was checked already) is compared
with the root of the log's first `size` leaves; a claim beyond the log's end, another
root, or two claims of one size that differ are findings. The largest claim of a
trusted place that fits is how far the log is anchored.

Source: `spec/verification.md`; RFC 6962 section 2.1.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import merkle
from prooftrail.integrity.findings import Finding, Kind, failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.integrity.segment import Segment


class Claim(NamedTuple):
    """A checkpoint, its signature checked, reduced to what it states."""

    size: int
    root: bytes  # 32 bytes
    time_s: int | None  # of its cosignature
    place: str  # where it was found, as a person would say it
    outside: bool  # kept where the database's administrators cannot reach it


class Anchored(NamedTuple):
    """How far a log is anchored."""

    size: int
    time_s: int | None
    place: str


class Tree:
    """Joins segments, in order, and compares the claims on the way.

    Args:
        stream: its name, for findings.
        claims: in any order.
        begun: the compact range before the first segment.
    """

    def __init__(
        self, stream: str, claims: Iterable[Claim], begun: merkle.Range | None = None
    ) -> None:
        self._stream = stream
        self._range = begun if begun is not None else merkle.Range()
        self._begun = self._range.size
        self._claims = sorted(claims, key=lambda claim: (claim.size, not claim.outside))
        self._next = 0
        self._good = 0  # the largest size whose root fitted
        self._bad = False
        self.findings: list[Finding] = []
        self.anchored: Anchored | None = None
        self.compared = 0
        self._find_forks()

    def sizes(self, start: int, stop: int) -> list[int]:
        """Return after how many leaves of a segment a claim stands."""
        first = bisect_right(self._claims, start, key=lambda claim: claim.size)
        last = bisect_right(self._claims, stop, key=lambda claim: claim.size)
        return sorted({claim.size - start for claim in self._claims[first:last]})

    def join(self, segment: Segment, first_failure: int | None) -> None:
        """Add a segment that begins where the last one ended.

        Args:
            segment: checked.
            first_failure: the lowest seq that a finding named so far: a root that
                differs from there on says nothing new.
        """
        before = self._range.copy()
        while self._next < len(self._claims):
            claim = self._claims[self._next]
            if claim.size > segment.stop:
                break
            self._next += 1
            if claim.size < self._begun or claim.size < segment.start:
                continue
            at = before.copy()
            local = claim.size - segment.start
            at.extend(local, segment.at[local] if local else [])
            self._compare(claim, at.root(), first_failure)
        self._range.extend(segment.stop - segment.start, segment.peaks)

    def end(self, size: int) -> None:
        """Look at the claims beyond the end of the log.

        Args:
            size: how many entries the log holds.
        """
        beyond = [claim for claim in self._claims[self._next :] if claim.size > size]
        if not beyond:
            return
        claim = max(beyond, key=lambda claim: (claim.size, claim.outside))
        told = (
            f"the log ends before entry {size}; {claim.place} holds a checkpoint over "
            f"{claim.size} entries: the newest {claim.size - size} are gone"
        )
        self.findings.append(
            failure(Kind.TRUNCATED, self._stream, size, told, last=claim.size - 1)
        )

    def root(self) -> bytes:
        """Return the root over all leaves joined so far."""
        return self._range.root()

    def _compare(self, claim: Claim, root: bytes, first_failure: int | None) -> None:
        self.compared += 1
        if root == claim.root:
            self._good = claim.size
            if claim.outside:
                self.anchored = Anchored(claim.size, claim.time_s, claim.place)
            return
        explained = first_failure is not None and first_failure < claim.size
        if self._bad or explained:
            return
        self._bad = True
        told = (
            f"entries {self._good} to {claim.size - 1} are not those that "
            f"{claim.place} holds a checkpoint over: the log was rewritten at or "
            f"after entry {self._good}"
        )
        self.findings.append(
            failure(Kind.REWRITTEN, self._stream, self._good, told, last=claim.size - 1)
        )

    def _find_forks(self) -> None:
        for one, other in zip(self._claims, self._claims[1:], strict=False):
            if one.size == other.size and one.root != other.root:
                told = (
                    f"two checkpoints over {one.size} entries differ ({one.place}; "
                    f"{other.place}): the log was forked"
                )
                self.findings.append(
                    failure(Kind.FORKED, self._stream, one.size - 1, told)
                )
