"""What pages show beside events: days, and the newest checkpoints, as the reader.

Guarantees: what comes back is what row-level security lets the asker see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.store import files
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.store.connect import Connection


class Signed(NamedTuple):
    """A stream's newest checkpoint."""

    stream: int
    size: int  # entries that it covers
    signed_us: int
    note: str


def days(connection: Connection, streams: Sequence[int], first: int) -> dict[int, int]:
    """Return how many events there are of each day, by days since the epoch, UTC.

    Args:
        connection: inside `Readers.reading`.
        streams: their numbers.
        first: the first day that is wanted.
    """
    with driver_errors():
        rows = connection.execute(
            files.query("show_days"), {"streams": list(streams), "first": first}
        ).fetchall()
    return {int(str(day)): int(str(count)) for day, count in rows}


def checkpoints(connection: Connection, streams: Sequence[int]) -> list[Signed]:
    """Return the newest checkpoint of each stream that has one, by its number."""
    with driver_errors():
        rows = connection.execute(
            files.query("show_checkpoints"), {"streams": list(streams)}
        ).fetchall()
    return [
        Signed(int(str(stream)), int(str(size)), int(str(signed_us)), str(note))
        for stream, size, signed_us, note in rows
    ]
