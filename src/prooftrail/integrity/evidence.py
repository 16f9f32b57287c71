"""Evidence of entries against a checkpoint: recomputed, entry by entry.

Guarantees: without a failure, each entry's event is what its header commits to, each
header's leaf is in the tree whose root the checkpoint states, at its seq, and all are
of the stream that the checkpoint's origin names; not one line of either file was left
out or is without meaning. Of an event only its digest is kept: memory grows with the
number of entries, not with their bytes. Does not: check who signed the checkpoint.

Source: `spec/evidence.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import evidence, multiproof
from prooftrail.core.origin import parse_origin
from prooftrail.errors import FormatError
from prooftrail.integrity.findings import (
    MAX_KEPT,
    Finding,
    Kind,
    failure,
    incomplete,
)

if TYPE_CHECKING:
    from prooftrail.core.checkpoint import Checkpoint
    from prooftrail.core.evidence import Item
    from prooftrail.core.multiproof import Node


class Proof:
    """Takes the lines of both files, then the checkpoint.

    Args:
        stream: its name, for findings.
        withheld: whether entries may stand without their event, and nothing is found.
    """

    def __init__(self, stream: str, *, withheld: bool = False) -> None:
        self._stream = stream
        self._withheld = withheld
        self._leaves: list[tuple[int, bytes]] = []
        self._nodes: list[Node] = []
        self._streams: set[bytes] = set()
        self._unread = False  # whether a line is no evidence: nothing leads to a root
        self.without = 0  # entries whose event is not there
        self.findings: list[Finding] = []
        self.more = 0  # failures beyond those kept

    @property
    def entries(self) -> int:
        """How many entries were taken."""
        return len(self._leaves)

    def add(self, line: bytes) -> Item | None:
        """Take a line of ``evidence.jsonl``; None where it is none, which is found."""
        try:
            item = evidence.parse_item(line)
        except FormatError as error:
            self._unread = True
            self._fail(None, f"evidence.jsonl, line {self.entries + 1}: {error}")
            return None
        header = item.header
        self._leaves.append((header.seq, header.leaf()))
        self._streams.add(header.stream_id)
        fits = item.fits
        if fits is False:
            told = "the event is not what the entry's header commits to: it was edited"
            self._fail(header.seq, told, recorded_us=header.recorded_us)
        self.without += fits is None
        return item

    def add_node(self, line: bytes) -> None:
        """Take a line of ``tree.jsonl``."""
        try:
            self._nodes.append(evidence.parse_node(line))
        except FormatError as error:
            self._unread = True
            self._fail(None, f"tree.jsonl, line {len(self._nodes) + 1}: {error}")

    def finish(self, stated: Checkpoint) -> None:
        """Compare all that was taken with a checkpoint."""
        if self.without and not self._withheld:
            told = (
                f"{self.without:,} entries are here without their event: that they "
                "are in the log is proven, what they say is not"
            )
            self.findings.append(incomplete(self._stream, told))
        self._compare_streams(stated)
        if not self._unread:
            self._climb(stated)

    def _compare_streams(self, stated: Checkpoint) -> None:
        try:
            stream_id = parse_origin(stated.origin).stream_id
        except FormatError as error:
            self._fail(None, f"the checkpoint is of no log: {error}")
            return
        for other in sorted(self._streams - {stream_id}):
            told = (
                f"entries of stream {other.hex()} stand under a checkpoint of "
                f"{stream_id.hex()}"
            )
            self._fail(None, told)

    def _climb(self, stated: Checkpoint) -> None:
        """Say whether leaves and nodes lead to the root."""
        if not self._leaves:
            if self._nodes:
                self._fail(None, "tree.jsonl has nodes, and there are no entries")
            return
        first, last = self._leaves[0][0], self._leaves[-1][0]
        try:
            root = multiproof.root(self._leaves, stated.size, self._nodes)
        except FormatError as error:
            told = f"entries and tree do not go with each other: {error}"
            self._fail(first, told, last=last)
            return
        if root != stated.root:
            told = (
                f"{self.entries:,} entries do not lead to the root that the checkpoint "
                f"over {stated.size:,} states: a header, or a node of tree.jsonl, is "
                "not the one that was signed"
            )
            self._fail(first, told, last=last)

    def _fail(
        self,
        seq: int | None,
        told: str,
        *,
        last: int | None = None,
        recorded_us: int | None = None,
    ) -> None:
        if len(self.findings) >= MAX_KEPT:
            self.more += 1
            return
        self.findings.append(
            failure(
                Kind.EDITED,
                self._stream,
                seq,
                told,
                last=last,
                recorded_us=recorded_us,
            )
        )
