"""What evidence of single entries takes from the database: leaves, and the entries.

Guarantees: leaves come in order and in blocks, so that a log of any length goes by in
constant memory; nothing of an event is read with them. Entries come as they are stored.

Does not: check any of it (whoever verifies evidence recomputes everything).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, cast

from prooftrail.core.entry import Header
from prooftrail.core.evidence import Item
from prooftrail.store import files
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prooftrail.store.connect import Connection

BLOCK = 4_096  # leaves: a power of two, as `Collector` asks
_ONCE = 2_000  # entries asked for at once


def leaves(connection: Connection, stream: int, size: int) -> Iterator[list[bytes]]:
    """Yield the leaves of entries 0 to size - 1, `BLOCK` of them at a time.

    Fewer come where entries are missing.

    Args:
        connection: of the verifier.
        stream: its number.
        size: how many.
    """
    asked = {"stream": stream, "size": size}
    with driver_errors(), connection.cursor(binary=True) as cursor:
        rows = cursor.stream(files.query("prove_leaves"), asked, size=BLOCK)
        while block := list(islice(rows, BLOCK)):
            yield [cast("bytes", row[0]) for row in block]


def items(connection: Connection, stream: int, seqs: Sequence[int]) -> Iterator[Item]:
    """Yield these entries of a stream, as far as the present login sees them.

    Args:
        connection: of the verifier, or of a reader, inside `Readers.reading`.
        stream: its number.
        seqs: ascending.
    """
    for start in range(0, len(seqs), _ONCE):
        asked = {"stream": stream, "seqs": list(seqs[start : start + _ONCE])}
        with driver_errors():
            rows = connection.execute(
                files.query("prove_items"), asked, binary=True
            ).fetchall()
        for row in rows:
            *header, salt, event = row
            yield Item(
                Header(*header),  # type: ignore[arg-type]
                cast("bytes | None", salt),
                cast("bytes | None", event),
            )
