"""The Merkle tree over leaves: roots by compact range, in constant memory.

    node = SHA-256(0x01 || left || right);  root of no leaves = SHA-256("")

Guarantees: `Range` over n leaves holds only the roots of its perfect subtrees, at
most 64 hashes, largest first; its root is RFC 6962's MTH. `levels` and `peaks` give
the same for a block of leaves at once, so that blocks can be hashed in parallel and
joined. Proofs are `core.multiproof`'s.

Source: RFC 6962 section 2.1; `spec/tree.md`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from prooftrail.core.entry import HASH_BYTES
from prooftrail.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EMPTY_ROOT = sha256(b"").digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


class Range:
    """The compact range of leaves 0 to size - 1; grows, never forgets a leaf."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if size < 0 or len(self.peaks) != size.bit_count():
            raise FormatError(
                f"a compact range of {size} leaves has {max(size, 0).bit_count()} "
                f"hashes, not {len(self.peaks)}"
            )
        if any(len(peak) != HASH_BYTES for peak in self.peaks):
            raise FormatError("a hash in a compact range has 32 bytes")

    def copy(self) -> Range:
        """Return an independent copy."""
        return Range(self.size, self.peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf."""
        self.append_subtree(leaf, 0)

    def append_subtree(self, root: bytes, level: int) -> None:
        """Add the 2^level leaves whose subtree has this root.

        Raises:
            FormatError: the size so far is not a multiple of 2^level.
        """
        if self.size & ((1 << level) - 1):
            raise FormatError(f"a subtree of 2^{level} leaves cannot start here")
        rest = self.size >> level
        while rest & 1:
            root = node(self.peaks.pop(), root)
            rest >>= 1
        self.peaks.append(root)
        self.size += 1 << level

    def extend(self, size: int, peaks: Sequence[bytes]) -> None:
        """Add a block of `size` leaves, given by its own compact range."""
        for level, root in zip(set_bits(size), peaks, strict=True):
            self.append_subtree(root, level)

    def root(self) -> bytes:
        """Return the Merkle tree hash of all leaves so far, 32 bytes."""
        return root_of(self.peaks)


def split(hashes: bytes) -> list[bytes]:
    """Return concatenated hashes one by one.

    Raises:
        FormatError: no whole number of hashes.
    """
    if len(hashes) % HASH_BYTES:
        raise FormatError(f"{len(hashes)} bytes are no whole number of hashes")
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def root_of(peaks: Sequence[bytes]) -> bytes:
    """Return the root above the perfect subtrees `peaks`, largest first."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node(peak, root)
    return root


def set_bits(size: int) -> list[int]:
    """Return the positions of the one bits, highest first: the peaks' levels."""
    return [bit for bit in range(size.bit_length() - 1, -1, -1) if size >> bit & 1]


def levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Return every complete subtree's root over a block of leaves, by level."""
    rows = [leaves]
    while len(row := rows[-1]) > 1:
        rows.append(
            [
                sha256(b"\x01" + left + right).digest()
                for left, right in zip(row[::2], row[1::2], strict=False)
            ]
        )
    return rows


def peaks(rows: list[list[bytes]], size: int) -> list[bytes]:
    """Return the compact range of the first `size` leaves of a block.

    Args:
        rows: what `levels` made of the block.
        size: from 0 to the number of the block's leaves.
    """
    found = []
    start = 0
    for level in set_bits(size):
        found.append(rows[level][start >> level])
        start += 1 << level
    return found
