"""Looking whether events are in the log already, as the verifier.

Guarantees: reads only. Does not: see the events that still wait in the inbox; it can
count them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.store import files
from prooftrail.store.connect import driver_errors
from prooftrail.store.keys import FIRST_US, LAST_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.store.connect import Connection


def sealed(connection: Connection, stream: str, ids: Sequence[str]) -> int:
    """Return how many of these event ids stand in the stream's log."""
    with driver_errors():
        row = connection.execute(
            files.query("lookup_sealed"), {"stream": stream, "ids": list(ids)}
        ).fetchone()
    return int(str(row[0])) if row is not None else 0


def events(
    connection: Connection,
    stream: str,
    ids: Sequence[str],
    period: tuple[int, int] = (FIRST_US, LAST_US),
) -> dict[str, bytes | None]:
    """Return the event bytes that stand in the stream's log, by id; None: redacted.

    Only events of a period (event time, half-open, microseconds since the epoch, UTC).
    """
    from_us, to_us = period
    given = {"stream": stream, "ids": list(ids), "from_us": from_us, "to_us": to_us}
    with driver_errors():
        rows = connection.execute(files.query("lookup_events"), given).fetchall()
    return {
        str(event_id): bytes(event) if isinstance(event, bytes) else None
        for event_id, event in rows
    }


def waiting(connection: Connection, stream: str) -> int:
    """Return how many events of a stream wait to be sealed."""
    with driver_errors():
        row = connection.execute(
            "select count(*) from prooftrail.inbox where stream = %s", (stream,)
        ).fetchone()
    return int(str(row[0])) if row is not None else 0
