"""The tree against checkpoints: what left the database, or was signed in it.

Guarantees: each claim (a checkpoint whose signature was checked already) is compared
with the root of the log's first `size` leaves; a claim beyond the log's end, another
root, or two claims of one size that differ are findings. The largest claim of a
trusted place that fits is how far the log is anchored. A compact range that is stored
with a checkpoint must be the log's.

Does not: say anything new where an entry is gone or altered so that its leaf is not
known any more: what covers it cannot be compared, and the entry is named already.

Source: `spec/verification.md`; RFC 6962 section 2.1.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import entry, merkle
from prooftrail.integrity.findings import Finding, Kind, failure, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prooftrail.integrity.segment import Segment

_NOTHING = bytes(entry.HASH_BYTES)  # stands for a subtree that is gone


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
        good: the size of a checkpoint that `begun` was proven by.
        stored: the compact ranges of size - 1 leaves that stand beside checkpoints,
            by size, concatenated hashes.
    """

    def __init__(
        self,
        stream: str,
        claims: Iterable[Claim],
        begun: merkle.Range | None = None,
        stored: Mapping[int, set[bytes]] | None = None,
        good: int = 0,
    ) -> None:
        self._stream = stream
        self._range = begun if begun is not None else merkle.Range()
        self._claims = sorted(claims, key=lambda claim: (claim.size, not claim.outside))
        self._next = 0
        self._good = good  # the largest size whose root fitted
        self._bad = False
        self._stored = dict(stored or {})
        self._unresolved: int | None = None
        self._forked: set[int] = set()
        self.findings: list[Finding] = []
        self.anchored: Anchored | None = None
        self.compared = 0
        # the largest claims that fitted: kept outside (True), and in the database
        self.fitting: dict[bool, Claim] = {}
        self.agreed: set[int] = set()  # sizes of all that fitted
        self._find_forks()
        self._find_turned_clocks()

    def sizes(self, start: int, stop: int) -> list[int]:
        """Return after how many leaves of a segment a claim stands, or one before."""
        first = bisect_right(self._claims, start, key=lambda claim: claim.size)
        last = bisect_right(self._claims, stop, key=lambda claim: claim.size)
        found = {claim.size - start for claim in self._claims[first:last]}
        found |= {size - 1 for size in found if size + start in self._stored}
        return sorted(found - {0})

    def join(self, segment: Segment) -> None:
        """Add a segment that begins where the last one ended."""
        if segment.unresolved is not None and self._unresolved is None:
            self._unresolved = segment.unresolved
        before = self._range.copy()

        def at(size: int) -> merkle.Range:
            found = before.copy()
            local = size - segment.start
            found.extend(local, segment.at[local] if local else [])
            return found

        while self._next < len(self._claims):
            claim = self._claims[self._next]
            if claim.size > segment.stop:
                break
            self._next += 1
            if claim.size < segment.start:
                continue
            fits = self._compare(claim, at(claim.size).root())
            if fits and claim.size in self._stored and claim.size > segment.start:
                self._compare_stored(claim.size, at(claim.size - 1))
        self._range.extend(segment.stop - segment.start, segment.peaks)

    def append(
        self, first: int, leaves: Sequence[bytes], unresolved: int | None
    ) -> None:
        """Add leaves one by one, as headers that were followed gave them.

        Args:
            first: the seq of the first; what is missing before it is gone.
            leaves: of the entries from there on.
            unresolved: the lowest seq among all that were followed whose leaf nothing
                tells.
        """
        if unresolved is not None and self._unresolved is None:
            self._unresolved = unresolved
        if first > self._range.size:
            self.skip(first)
        stop = first + len(leaves)
        before = self._range
        rest = iter(leaves)
        while self._next < len(self._claims):
            claim = self._claims[self._next]
            if claim.size > stop:
                break
            self._next += 1
            if claim.size < self._range.size:
                continue
            while self._range.size < claim.size - 1:
                self._range.append(next(rest))
            if self._range.size < claim.size:
                before = self._range.copy()
                self._range.append(next(rest))
            fits = self._compare(claim, self._range.root())
            if fits and claim.size in self._stored and before.size == claim.size - 1:
                self._compare_stored(claim.size, before)
        for leaf in rest:
            self._range.append(leaf)

    def confirm(self, seq: int) -> None:
        """Take it that an altered entry's leaf is known: its successor has it."""
        if self._unresolved == seq:
            self._unresolved = None

    def skip(self, stop: int) -> None:
        """Pass over entries that are all gone, up to where the next segment starts."""
        if self._unresolved is None:
            self._unresolved = self._range.size
        self._range = merkle.Range(stop, [_NOTHING] * stop.bit_count())

    def end(self, size: int, known: int) -> None:
        """Look at the claims beyond the end of the log.

        Args:
            size: how many entries were checked, to the log's end.
            known: how many the log had when the claims were read, if it grew meanwhile.
        """
        beyond = [claim for claim in self._claims[self._next :] if claim.size > known]
        if not beyond:
            return
        claim = max(beyond, key=lambda claim: (claim.size, claim.outside))
        told = (
            f"the log ends before entry {size}; {claim.place} holds a checkpoint over "
            f"{claim.size} entries: the newest {claim.size - size} are gone"
        )
        if self._good < size:
            told += f", and nothing shows that entries from {self._good} on are genuine"
        self.findings.append(
            failure(Kind.TRUNCATED, self._stream, size, told, last=claim.size - 1)
        )

    def root(self) -> bytes:
        """Return the root over all leaves joined so far."""
        return self._range.root()

    def _compare(self, claim: Claim, root: bytes) -> bool:
        """Compare a claim; return whether it fits."""
        self.compared += 1
        if root == claim.root:
            self._good = claim.size
            self.fitting[claim.outside] = claim
            self.agreed.add(claim.size)
            if claim.outside:
                self.anchored = Anchored(claim.size, claim.time_s, claim.place)
            return True
        explained = self._unresolved is not None and self._unresolved < claim.size
        if self._bad or explained or claim.size in self._forked:
            return False
        self._bad = True
        told = (
            f"entries {self._good} to {claim.size - 1} are not those that "
            f"{claim.place} holds a checkpoint over: the log was rewritten at or "
            f"after entry {self._good}"
        )
        self.findings.append(
            failure(Kind.REWRITTEN, self._stream, self._good, told, last=claim.size - 1)
        )
        return False

    def _compare_stored(self, size: int, truth: merkle.Range) -> None:
        """Compare the compact ranges that stand beside a checkpoint that fits."""
        wanted = b"".join(truth.peaks)
        if any(found != wanted for found in self._stored.pop(size)):
            told = (
                f"the compact range stored with a checkpoint over {size} entries is "
                "not the log's"
            )
            self.findings.append(failure(Kind.FORGED, self._stream, size - 1, told))

    def _find_forks(self) -> None:
        for one, other in zip(self._claims, self._claims[1:], strict=False):
            if one.size in self._forked:
                continue
            if one.size == other.size and one.root != other.root:
                self._forked.add(one.size)
                told = (
                    f"two checkpoints over {one.size} entries differ ({one.place}; "
                    f"{other.place}): the log was forked"
                )
                self.findings.append(
                    failure(Kind.FORKED, self._stream, one.size - 1, told)
                )

    def _find_turned_clocks(self) -> None:
        """Warn where a larger checkpoint was signed before a smaller one."""
        latest: Claim | None = None
        for claim in self._claims:
            if claim.time_s is None:
                continue
            before = latest.time_s if latest is not None else None
            if (
                latest is not None
                and before is not None
                and claim.time_s < before
                and claim.size > latest.size
            ):
                told = (
                    f"{claim.place}: the checkpoint over {claim.size} entries states "
                    f"an earlier time than that over {latest.size}: the signer's clock "
                    "was set back, or an old checkpoint stands as a new one"
                )
                self.findings.append(
                    warning(Kind.CLOCK, self._stream, told, seq=claim.size - 1)
                )
                return
            if before is None or claim.time_s >= before:
                latest = claim
