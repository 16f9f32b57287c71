"""What reports ask of the database besides events: which one it is, and its days.

Guarantees: nothing is written; each is one statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from prooftrail.store import files
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from prooftrail.store.connect import Connection


class Source(NamedTuple):
    """A database, and a state of it."""

    database: str
    version: str  # of PostgreSQL
    snapshot: str  # xmin:xmax:xip_list
    lsn: str  # write-ahead log position


class RecordedDay(NamedTuple):
    """Entries of a stream that were recorded on one day."""

    day: int  # since the epoch, UTC
    n: int
    first: int  # seq
    last: int


def source(connection: Connection) -> Source:
    """Return which database this is, and as of which state."""
    with driver_errors():
        row = connection.execute(files.query("report_source")).fetchone()
    return Source(*cast("tuple[str, str, str, str]", row))


def days(
    connection: Connection, stream: int, start: int, stop: int
) -> list[RecordedDay]:
    """Return the days on which entries start to stop - 1 were recorded.

    Args:
        connection: the verifier's.
        stream: its number.
        start: the first seq.
        stop: one past the last.
    """
    with driver_errors():
        rows = connection.execute(
            files.query("report_days"),
            {"stream": stream, "start": start, "stop": stop},
        ).fetchall()
    return [RecordedDay(*row) for row in cast("list[tuple[int, int, int, int]]", rows)]


def lags(
    connection: Connection, stream: int, start: int, stop: int
) -> list[tuple[int, int]]:
    """Return how long entries start to stop - 1 waited to be signed, at most.

    Args:
        connection: the verifier's.
        stream: its number.
        start: the first seq.
        stop: one past the last.

    Returns:
        Days since the epoch, UTC, of the signatures, each with microseconds.
    """
    with driver_errors():
        rows = connection.execute(
            files.query("report_lags"),
            {"stream": stream, "start": start, "stop": stop},
        ).fetchall()
    return cast("list[tuple[int, int]]", rows)
