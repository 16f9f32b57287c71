"""Evidence made of a log: entries, the nodes that they lack, and what was signed.

Guarantees: entries and leaves are read as of one moment if the caller's transaction
is one (`reading.snapshot`); one pass over the leaves, in flat memory. What is made of
an altered log is made all the same, and says so (`fits`): whoever checks it finds it.

Does not: verify the log, nor the checkpoint's signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prooftrail import bundles
from prooftrail.core import evidence, multiproof
from prooftrail.core.checkpoint import Checkpoint, parse_checkpoint
from prooftrail.core.note import parse_note
from prooftrail.errors import ChainError, FormatError, UnavailableError
from prooftrail.store import checkpoints, proving

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prooftrail.core.evidence import Item
    from prooftrail.core.multiproof import Node
    from prooftrail.store.connect import Connection
    from prooftrail.store.streams import Stream


@dataclass(frozen=True, slots=True)
class Proven:
    """What proves some entries beside the entries themselves."""

    stream: Stream
    note: str  # the newest signed checkpoint, as it stands
    checkpoint: Checkpoint  # what it states
    nodes: list[Node]
    fits: bool  # whether the log still leads to the signed root


def prove(connection: Connection, stream: Stream, seqs: Sequence[int]) -> Proven:
    """Gather what proves these entries, under the stream's newest checkpoint.

    Args:
        connection: the verifier's.
        stream: whose entries they are.
        seqs: ascending, none twice; may be empty.

    Raises:
        UnavailableError: no checkpoint covers them yet.
        ChainError: entries are missing, or the newest checkpoint is none: verify.
    """
    row = checkpoints.newest(connection, stream.number)
    last = seqs[-1] if seqs else -1
    if row is None or row.size <= last:
        covered = 0 if row is None else row.size
        raise UnavailableError(
            f"stream {stream.name!r}: {covered:,} entries are signed, and entry "
            f"{max(last, 0)} is not among them: wait until the signer has signed it, "
            "or run prooftrail sign --once"
        )
    try:
        stated = parse_checkpoint(parse_note(row.note).text)
        nodes: list[Node] = []
        fits = True
        if seqs:
            [nodes], fits = trace(connection, stream, [seqs], stated)
    except FormatError as error:
        raise ChainError(
            f"stream {stream.name!r} cannot be proven ({error}): its log or its "
            "newest checkpoint was altered. Run prooftrail verify --anchor DIR"
        ) from error
    return Proven(stream, row.note, stated, nodes, fits)


def trace(
    connection: Connection,
    stream: Stream,
    proofs: Sequence[Sequence[int]],
    stated: Checkpoint,
) -> tuple[list[list[Node]], bool]:
    """Return the nodes of several proofs, and whether the log leads to the root.

    Args:
        connection: the verifier's.
        stream: whose leaves they are.
        proofs: of each the seqs, ascending, none twice, at least one.
        stated: the checkpoint that covers them.

    Raises:
        FormatError: leaves are missing.
    """
    collector = multiproof.Collector(proofs, stated.size)
    for block in proving.leaves(connection, stream.number, stated.size):
        collector.add(block)
    root, nodes = collector.finish()
    return nodes, root == stated.root


def files(items: Iterable[Item], proven: Proven) -> dict[str, bytes]:
    """Return the four files of a bundle, by name.

    Args:
        items: just the entries that are proven, in order.
        proven: what `prove` gave for them.

    Raises:
        FormatError: an event that is no text: it was altered where it is stored.
    """
    return {
        bundles.EVIDENCE: b"".join(evidence.encode_item(item) for item in items),
        bundles.TREE: b"".join(evidence.encode_node(node) for node in proven.nodes),
        bundles.CHECKPOINT: proven.note.encode(),
        bundles.PUBLIC_KEY: "".join(f"{key}\n" for key in proven.stream.keys).encode(),
    }
