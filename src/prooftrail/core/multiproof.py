"""A proof for many leaves at once: the nodes that they need, each of them once.

A node at `level` and `index` is the root over the leaves index * 2^level and on,
2^level of them or as many as there are. At each level from 0 the nodes that are known
are taken from left to right; one whose neighbour (index xor 1) is within the tree and
not known needs it from the proof; one that has no neighbour goes up as it is. The proof
is what is needed, in that order: by level, then by index.

Guarantees: `needed` gives exactly these places, so that there is one proof and no
other: `root` refuses a missing, a further and a misplaced node. Time and memory grow
with leaves and nodes, never with the tree's size. `Collector` gathers the nodes in one
pass over all leaves, in memory that grows with what is needed only. Does not say that a
root is genuine: a signed checkpoint does.

Source: RFC 6962 section 2.1; `spec/evidence.md`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import merkle
from prooftrail.core.checkpoint import MAX_SIZE
from prooftrail.core.entry import HASH_BYTES
from prooftrail.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Place(NamedTuple):
    """Where a node stands; sorts as the proof does."""

    level: int  # 0 for leaves
    at: int  # its index, from the left, from 0


class Node(NamedTuple):
    """A node of a proof."""

    level: int
    at: int
    hash: bytes  # 32 bytes

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.level, self.at)


def needed(positions: Sequence[int], size: int) -> list[Place]:
    """Return the places of the nodes that prove these leaves, in the proof's order.

    Args:
        positions: of the leaves, ascending.
        size: leaves of the tree.

    Raises:
        FormatError: no leaf, one twice, out of order, or beyond the tree.
    """
    found = []
    for level, known, width in _climb(positions, size):
        there = set(known)
        found += [
            Place(level, index ^ 1)
            for index in known
            if index ^ 1 < width and index ^ 1 not in there
        ]
    return found


def build(
    positions: Sequence[int], size: int, hash_of: Callable[[int, int], bytes]
) -> list[Node]:
    """Return the proof of these leaves.

    Args:
        positions: of the leaves, ascending.
        size: leaves of the tree.
        hash_of: gives the node at a level and an index.

    Raises:
        FormatError: as `needed` does.
    """
    return [Node(*at, hash_of(*at)) for at in needed(positions, size)]


def root(
    leaves: Sequence[tuple[int, bytes]], size: int, nodes: Sequence[Node]
) -> bytes:
    """Return the root to which leaves and nodes lead, 32 bytes.

    Args:
        leaves: positions and leaves, ascending.
        size: leaves of the tree.
        nodes: the proof.

    Raises:
        FormatError: the nodes are not exactly those that are needed.
    """
    if any(len(found) != HASH_BYTES for _, found in leaves) or any(
        len(one.hash) != HASH_BYTES for one in nodes
    ):
        raise FormatError(f"a leaf and a node of a proof have {HASH_BYTES} bytes")
    wanted = needed([at for at, _ in leaves], size)
    _compare(wanted, nodes)
    known = dict(leaves)
    left, width = iter(nodes), size
    ahead = next(left, None)
    for level in range(height(size)):
        while ahead is not None and ahead.level == level:
            known[ahead.at] = ahead.hash
            ahead = next(left, None)
        above: dict[int, bytes] = {}
        for index, found in known.items():
            if index | 1 >= width:
                above[index >> 1] = found  # the last one, without a neighbour
            elif not index & 1:
                above[index >> 1] = merkle.node(found, known[index + 1])
        known, width = above, (width + 1) >> 1
    return known[0]


def height(size: int) -> int:
    """Return the level of the root over so many leaves.

    >>> [height(size) for size in (1, 2, 3, 4, 5)]
    [0, 1, 2, 2, 3]
    """
    return (size - 1).bit_length()


def _climb(positions: Sequence[int], size: int) -> Iterator[tuple[int, list[int], int]]:
    """Yield each level below the root: the known indexes, and how many there are."""
    _check(positions, size)
    known, width = list(positions), size
    for level in range(height(size)):
        yield level, known, width
        known = list(dict.fromkeys(index >> 1 for index in known))
        width = (width + 1) >> 1


def _check(positions: Sequence[int], size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise FormatError(f"a tree has 0 to 2^63 - 1 leaves, not {size}")
    if not positions:
        raise FormatError("a proof of no leaf proves nothing")
    for last, at in pairwise((-1, *positions)):
        if at == last >= 0:
            raise FormatError(f"leaf {at} stands twice in a proof")
        if at <= last:
            raise FormatError(f"leaf {at} is out of order: positions ascend from 0")
    if positions[-1] >= size:
        raise FormatError(f"leaf {positions[-1]} is beyond a tree of {size} leaves")


def _compare(wanted: Sequence[Place], nodes: Sequence[Node]) -> None:
    """Refuse a proof that is not just what is needed, and name the first difference."""
    given = [one.place for one in nodes]
    if given == list(wanted):
        return
    if len(set(given)) != len(given):
        raise FormatError("a node stands twice in the proof")
    for what, these in (
        ("lacks the node", set(wanted) - set(given)),
        ("has a node that is not needed,", set(given) - set(wanted)),
    ):
        if these:
            level, index = min(these)
            raise FormatError(f"the proof {what} at level {level}, index {index}")
    raise FormatError(
        "the nodes of the proof are out of order: by level, then by index"
    )


class Collector:
    """Gathers proofs' nodes while all leaves of the tree go by, once, block by block.

    Args:
        proofs: for each, the positions of the leaves to prove, ascending.
        size: leaves of the tree.

    Raises:
        FormatError: as `needed` does.
    """

    def __init__(self, proofs: Sequence[Sequence[int]], size: int) -> None:
        self._proofs = [needed(positions, size) for positions in proofs]
        self._size = size
        self._found: dict[Place, bytes] = {}
        # by level, the indexes from the right: those that are next come last
        self._waiting: dict[int, list[int]] = {}
        for level, index in sorted({at for one in self._proofs for at in one})[::-1]:
            self._waiting.setdefault(level, []).append(index)
        self._range = merkle.Range()

    def add(self, leaves: list[bytes]) -> None:
        """Take the next leaves.

        Args:
            leaves: 2^k of them while more follow, each time as many.

        Raises:
            FormatError: more than the tree has, or a block that cannot stand here.
        """
        start = self._range.size
        if start + len(leaves) > self._size:
            raise FormatError(f"more leaves than the tree's {self._size}")
        if start & ((1 << max(len(leaves).bit_length() - 1, 0)) - 1):
            raise FormatError(f"a block of {len(leaves)} leaves cannot start here")
        rows = merkle.levels(leaves)
        for level, row in enumerate(rows):
            first, behind = start >> level, (start + len(leaves)) >> level
            waiting = self._waiting.get(level, [])
            while waiting and waiting[-1] < behind:
                index = waiting.pop()
                self._found[Place(level, index)] = row[index - first]
        for level, peak in zip(
            merkle.set_bits(len(leaves)), merkle.peaks(rows, len(leaves)), strict=True
        ):
            self._append(level, peak)

    def _append(self, level: int, peak: bytes) -> None:
        """Append a subtree, and keep what is needed of the nodes that it completes."""
        held = self._range
        index = held.size >> level
        held_before = list(held.peaks)
        held.append_subtree(peak, level)
        while index & 1:
            peak = merkle.node(held_before.pop(), peak)
            level, index = level + 1, index >> 1
            self._keep(Place(level, index), peak)

    def _keep(self, at: Place, found: bytes) -> None:
        waiting = self._waiting.get(at.level)
        if waiting and waiting[-1] == at.at:
            waiting.pop()
            self._found[at] = found

    def finish(self) -> tuple[bytes, list[list[Node]]]:
        """Return the root over all leaves, and each proof.

        Raises:
            FormatError: leaves are missing.
        """
        held = self._range
        if held.size != self._size:
            raise FormatError(f"{held.size} leaves went by, not {self._size}")
        for level, waiting in self._waiting.items():
            for index in waiting:  # at the right edge, over fewer than 2^level leaves
                behind = (held.size - (index << level)).bit_count()
                self._found[Place(level, index)] = merkle.root_of(held.peaks[-behind:])
        return held.root(), [
            [Node(*at, self._found[at]) for at in places] for places in self._proofs
        ]
