"""Links: how entries are chained to each other, and who is to blame where they are not.

Guarantees: an entry whose header gives its leaf again is believed; one that is chained
to another predecessor than stands before it is doubted until the entry after it tells
which of the two was replaced. Leaves come out in order for the tree: where an entry was
altered, the leaf that its sound successor is chained to stands in, so that the tree
tells of everything else. `check` and `headers` both walk by these rules.

Does not: look at event bytes.

Source: `spec/verification.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import entry
from prooftrail.integrity.findings import Finding, Kind, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prooftrail.integrity.diagnosis import Row
    from prooftrail.integrity.segment import Before

HELD = 2  # leaves at the end that the next entries may still correct

_NOTHING = bytes(entry.HASH_BYTES)  # stands for a leaf that is gone


class Links:
    """Follows the links of one stream.

    Args:
        stream: the stream's name, for findings.
        before: the entry before the first one.
        tell: takes findings.
        lead: leaves that stand before the first one's.
    """

    def __init__(
        self,
        stream: str,
        before: Before,
        tell: Callable[[Finding], None],
        lead: Iterable[bytes] = (),
    ) -> None:
        self._stream = stream
        self._tell = tell
        self.to = before.leaves  # what the next entry is chained to; None: it is gone
        self.recorded_us = before.recorded_us
        self.leaves = [*lead]
        self.unresolved: set[int] = set()  # seqs whose leaf nothing has told yet
        self.replaced = 0  # entries that are blamed for their successors' sake
        # Whether the entry before still has to be confirmed by a sound successor:
        # it is named already, or `_doubted`.
        self._open = not before.sound
        self._doubted: Row | None = None  # sound, and chained to another predecessor

    def continues(self, prev: object) -> bool:
        """Return whether nothing is in doubt and `prev` is the leaf before."""
        return (
            not self._open
            and self.to is not None
            and type(prev) is bytes
            and prev in self.to
        )

    def run(self, leaves: Iterable[bytes], last: Row) -> None:
        """Take entries that are sound and linked, up to `last`."""
        self.leaves += leaves
        self.to = {last.leaf}
        self.recorded_us = last.recorded_us

    def sound(self, row: Row) -> None:
        """Take an entry whose header gives its leaf, wherever it is chained to."""
        self._check(row)
        if row.recorded_us < self.recorded_us:
            told = f"entry {row.seq} was recorded before the entry before it"
            self._say(Kind.CLOCK, row.seq, told, recorded_us=row.recorded_us)
        self.run([row.leaf], row)

    def damaged(self, row: Row, true_leaf: bytes) -> None:
        """Take an entry that is named already.

        Args:
            row: as stored.
            true_leaf: what its fields give.
        """
        self._blame_doubted()
        whole = len(row.leaf) == entry.HASH_BYTES
        self.leaves.append(row.leaf if whole else true_leaf)
        self.to = {row.leaf, true_leaf}
        self._open = True
        self.unresolved.add(row.seq)

    def gap(self, first: int, until: int, recorded_us: int | None = None) -> None:
        """Fill in for entries that are gone, and name them.

        Args:
            first: the lowest seq.
            until: one past the highest.
            recorded_us: of the entry before them.
        """
        self._blame_doubted()
        self.leaves.extend([_NOTHING] * (until - first))
        self.skip(first, until, recorded_us)

    def skip(self, first: int, until: int, recorded_us: int | None = None) -> None:
        """Name entries that are gone, and fill in nothing."""
        told = (
            f"entry {first} is gone"
            if first == until - 1
            else f"entries {first} to {until - 1} are gone"
        )
        self._say(Kind.DELETED, first, told, last=until - 1, recorded_us=recorded_us)
        self.unresolved.add(first)
        self.to = None
        self._open = True

    def end(self) -> None:
        """Say what is in doubt: no further entry will tell."""
        self._blame_doubted()

    def _check(self, row: Row) -> None:
        """See whether a sound entry is chained to the one that stands before it."""
        fits = self.to is None or row.prev in self.to
        if fits and not self._open:
            return
        if row.seq == 0:
            told = "entry 0 does not begin this stream: its prev is not the genesis"
            self._say(Kind.REWRITTEN, 0, told, recorded_us=row.recorded_us)
        elif fits or self._open:
            if not fits and self._doubted is not None:
                # Neither neighbour knows it: it is the one that was replaced.
                self._blame(row.seq, self._doubted.recorded_us)
                self._doubted = None
            self._settle(row)
        else:
            # Which of the two was replaced, the next entry tells.
            self._doubted = row
            self._open = True

    def _settle(self, row: Row) -> None:
        """Take a sound entry's word for the leaf before it."""
        self._blame_doubted()
        if self.leaves:
            self.leaves[-1] = row.prev
            self.unresolved.discard(row.seq - 1)
        self._open = False

    def _blame_doubted(self) -> None:
        """Blame the predecessor of the doubted entry, which stands."""
        doubted, self._doubted = self._doubted, None
        if doubted is None:
            return
        before = len(self.leaves) - HELD  # the doubted entry's leaf is the last
        if before >= 0:
            self.leaves[before] = doubted.prev
        self._blame(doubted.seq, None)

    def _blame(self, successor: int, recorded_us: int | None) -> None:
        told = (
            f"entry {successor - 1} is not the one that entry {successor} was chained "
            "to: it, and maybe entries before it, were replaced and hashed anew"
        )
        self.replaced += 1
        self._say(Kind.REWRITTEN, successor - 1, told, recorded_us=recorded_us)

    def _say(
        self,
        kind: Kind,
        seq: int,
        told: str,
        *,
        last: int | None = None,
        recorded_us: int | None,
    ) -> None:
        self._tell(
            failure(kind, self._stream, seq, told, last=last, recorded_us=recorded_us)
        )
