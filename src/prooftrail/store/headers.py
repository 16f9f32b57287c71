"""Reading headers: what the leaves of entries commit to, without their bytes.

Guarantees: needs SELECT only; rows come in order of seq, those of one seq in order of
their recorded time, in constant memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from prooftrail.integrity.diagnosis import Row
from prooftrail.store import files
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.store.connect import Connection


def headers(
    connection: Connection, stream: int, start: int, stop: int
) -> Iterator[Row]:
    """Yield the headers of entries start to stop - 1; the rest of each is empty."""
    bounds = {"stream": stream, "start": start, "stop": stop}
    with driver_errors(), connection.cursor(binary=True) as cursor:
        for found in cast(
            "Iterator[tuple[Any, ...]]",
            cursor.stream(files.query("read_headers"), bounds, size=1_000),
        ):
            # A null is there only where constraints were dropped.
            seq, recorded_us, kind, stream_id, prev, body, leaf = found
            yield Row(
                seq,
                recorded_us or 0,
                kind,
                stream_id or b"",
                prev or b"",
                body or b"",
                leaf or b"",
                None,
                None,
                b"",
            )


def previous_seq(connection: Connection, stream: int, seq: int) -> int | None:
    """Return the highest seq below one, None if there is none."""
    with driver_errors():
        row = connection.execute(
            "select max(seq) from prooftrail.log where stream = %s and seq < %s",
            (stream, seq),
        ).fetchone()
    return None if row is None else cast("int | None", row[0])
