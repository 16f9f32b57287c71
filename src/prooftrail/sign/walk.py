"""Walking a log: every leaf recomputed from its header, every link checked.

Guarantees: what a `Walk` has added is a chain as the format says: seq without a gap,
each leaf the SHA-256 of its own header, each `prev` the leaf before (the genesis at
seq 0), one stream id, `recorded_us` never going back. Its root is RFC 6962's over
these leaves. Memory does not grow with the log.

Does not: see events (the signer's login cannot read them), so a body is taken as it
stands; nor know whether somebody rewrote everything: that is what the signer's own
state is compared for.

Source: `spec/entry.md`, `spec/tree.md`; design, "Checkpoints".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import entry, instants, merkle
from prooftrail.errors import SignError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail.store.checkpoints import HeaderRow

BLOCK = 5_000  # headers read at once, about 3 MB
_KINDS = (entry.EVENT, entry.STATEMENT)

REMEDY = "Nothing is signed over it. Run prooftrail verify --anchor DIR"


def refusal(name: str, what: str) -> SignError:
    """Return the error that says why a stream is not signed, and what to do."""
    return SignError(f"stream {name!r}: {what}. {REMEDY}")


class Walk:
    """The leaves up to a place in a stream's log, and how to go on from there."""

    __slots__ = ("_name", "_prev", "_recorded_us", "_stream_id", "leaf", "tree")

    def __init__(self, name: str, stream_id: bytes, tree: merkle.Range) -> None:
        """Start after the leaves of `tree`, which this walk takes over.

        Args:
            name: the stream's, for messages.
            stream_id: what every header must state.
            tree: the compact range of the leaves before; the first entry's link to
                them is not checked unless there are none.
        """
        self._name = name
        self._stream_id = stream_id
        self._prev = None if tree.size else entry.genesis(stream_id)
        self._recorded_us: int | None = None
        self.tree = tree  # of all leaves but the newest added
        self.leaf: bytes | None = None  # the newest added

    @property
    def size(self) -> int:
        """How many leaves there are up to here."""
        return self.tree.size + (self.leaf is not None)

    def copy(self) -> Walk:
        """Return the walk as it stands, to be kept."""
        kept = Walk(self._name, self._stream_id, self.tree.copy())
        kept.leaf, kept._prev, kept._recorded_us = (
            self.leaf,
            self._prev,
            self._recorded_us,
        )
        return kept

    def whole(self) -> merkle.Range:
        """Return the compact range of all leaves up to here."""
        whole = self.tree.copy()
        if self.leaf is not None:
            whole.append(self.leaf)
        return whole

    def add(self, row: HeaderRow) -> None:
        """Go one entry further.

        Raises:
            SignError: it does not follow, or its leaf is not that of its header.
        """
        self._check(row)
        if self.leaf is not None:
            self.tree.append(self.leaf)
        self.leaf = self._prev = row.leaf
        self._recorded_us = row.recorded_us

    def _check(self, row: HeaderRow) -> None:
        seq = self.size
        if row.seq != seq:
            told = "is missing" if row.seq > seq else "is there twice"
            raise self._refusal(min(row.seq, seq), told)
        if not _is_shaped(row) or row.leaf != _leaf(row):
            raise self._refusal(seq, "has a leaf that is not the hash of its header")
        if row.stream_id != self._stream_id:
            raise self._refusal(seq, "states the id of another stream")
        if self._prev is not None and row.prev != self._prev:
            raise self._refusal(seq, "does not link to the entry before it")
        if self._recorded_us is not None and row.recorded_us < self._recorded_us:
            told = (
                f"was recorded at {instants.text(row.recorded_us)}, before the entry "
                "that it follows"
            )
            raise self._refusal(seq, told)

    def _refusal(self, seq: int, told: str) -> SignError:
        return refusal(self._name, f"entry {seq} {told}")


def entries(
    read: Callable[[int, int], list[HeaderRow]], seq: int, limit: int
) -> Iterator[HeaderRow]:
    """Read headers from `seq` on, block by block; less than `limit`: there are no more.

    Args:
        read: returns the headers from a seq on, at most so many.
        seq: where to start.
        limit: how many at most.
    """
    while limit > 0:
        asked = min(BLOCK, limit)
        block = read(seq, asked)
        yield from block
        if len(block) < asked:
            return
        limit -= asked
        seq = block[-1].seq + 1


def _is_shaped(row: HeaderRow) -> bool:
    # a superuser may have dropped the constraints; packing would cut or pad
    return (
        None not in row
        and row.kind in _KINDS
        and len(row.prev) == len(row.body) == len(row.leaf) == entry.HASH_BYTES
    )


def _leaf(row: HeaderRow) -> bytes:
    return entry.Header(
        row.kind, row.stream_id, row.prev, row.seq, row.recorded_us, row.body
    ).leaf()
