"""What the signer reads and writes: headers of the log, and signed checkpoints.

Guarantees: headers come in order of seq, at most as many at once as asked for, so that
a stream of any length is read in constant memory; no event is ever read here, and the
signer's login could not. A checkpoint's row holds what the sealer's guard needs beside
the note: the compact range of the first size - 1 leaves.

Does not: check any of it (`sign.walk` does), nor say that rows are genuine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.store import files
from prooftrail.store.connect import driver_errors
from prooftrail.store.fence import fenced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prooftrail.store.connect import Connection

OF_SIZE = 100  # heartbeats of one size that are looked at
_PAGE = 100  # checkpoints read at once, where the newest does not do
_LARGEST = 2**63 - 1


class HeaderRow(NamedTuple):
    """One entry's header and leaf, as the database has them."""

    seq: int
    recorded_us: int
    kind: int
    stream_id: bytes
    prev: bytes
    body: bytes
    leaf: bytes


class CheckpointRow(NamedTuple):
    """One checkpoint."""

    size: int  # leaves
    signed_us: int  # the signer's clock, microseconds
    note: str  # the signed note
    peaks: bytes  # compact range of the first size - 1 leaves, hashes concatenated


def headers(
    connection: Connection, stream: int, seq: int, rows: int
) -> list[HeaderRow]:
    """Return a stream's next headers.

    Args:
        connection: the signer's.
        stream: its number.
        seq: where to start.
        rows: at most so many.
    """
    with driver_errors():
        found = connection.execute(
            files.query("sign_headers"),
            {"stream": stream, "seq": seq, "rows": rows},
            binary=True,
        ).fetchall()
    return [HeaderRow(*row) for row in found]  # type: ignore[arg-type]


def newest(connection: Connection, stream: int) -> CheckpointRow | None:
    """Return a stream's newest checkpoint: the largest, then the latest."""
    found = _checkpoints(connection, "sign_newest", {"stream": stream})
    return found[0] if found else None


def newest_first(
    connection: Connection, stream: int, least: int
) -> Iterator[CheckpointRow]:
    """Go back through a stream's checkpoints, from the newest on.

    Args:
        connection: the signer's.
        stream: its number.
        least: the smallest size that is wanted.
    """
    size = signed_us = _LARGEST
    rows = 1  # the newest does, unless somebody wrote or altered one
    while True:
        page = _checkpoints(
            connection,
            "sign_before",
            {
                "stream": stream,
                "least": least,
                "size": size,
                "signed_us": signed_us,
                "rows": rows,
            },
        )
        yield from page
        if len(page) < rows:
            return
        size, signed_us, rows = page[-1].size, page[-1].signed_us, _PAGE


def of_size(connection: Connection, stream: int, size: int) -> list[CheckpointRow]:
    """Return a stream's checkpoints of one size, the newest first."""
    return _checkpoints(
        connection, "sign_of_size", {"stream": stream, "size": size, "rows": OF_SIZE}
    )


def between(
    connection: Connection, stream: int, sizes: tuple[int, int], rows: int
) -> list[CheckpointRow]:
    """Return the newest checkpoint of each size between two, in order.

    Args:
        connection: the signer's.
        stream: its number.
        sizes: the two, neither of which is wanted.
        rows: the largest so many sizes.
    """
    size, below = sizes
    return _checkpoints(
        connection,
        "sign_between",
        {"stream": stream, "size": size, "below": below, "rows": rows},
    )


def insert(
    connection: Connection, stream: int, rows: Sequence[CheckpointRow]
) -> list[int]:
    """Insert checkpoints, all or none; they are durable when this returns.

    Returns:
        Their `signed_us`: microseconds later than asked for where a time was taken.

    Raises:
        ChainError: the log, as the database has it now, gives another root.
    """
    times = []
    with fenced(), driver_errors(), connection.transaction():
        for row in rows:
            signed_us = row.signed_us
            while not _inserted(connection, stream, row, signed_us):
                signed_us += 1
            times.append(signed_us)
    return times


def _inserted(
    connection: Connection, stream: int, row: CheckpointRow, signed_us: int
) -> bool:
    values = {
        "stream": stream,
        "size": row.size,
        "signed_us": signed_us,
        "note": row.note,
        "peaks": row.peaks,
    }
    return bool(connection.execute(files.query("sign_insert"), values).rowcount)


def _checkpoints(
    connection: Connection, name: str, values: dict[str, int]
) -> list[CheckpointRow]:
    with driver_errors():
        found = connection.execute(files.query(name), values, binary=True).fetchall()
    return [CheckpointRow(*row) for row in found]  # type: ignore[arg-type]
