"""What waits in the inbox, as the sealer looks at it: rows in order of their ids.

Guarantees: no lock is taken; a look holds at most what it was asked for and 32 MiB,
whatever waits.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from prooftrail.store import files
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Generator

    from prooftrail.store.connect import Connection

LONGEST = 1_048_576  # bytes of text fetched at most: four times what can be sealed
_NO_FLOOR = -(2**62)
_CHUNK = 16  # rows that come together, a MiB of event and of envelope each at most


class InboxRow(NamedTuple):
    """One row of the inbox."""

    id: int
    stream: str
    event: str | None  # None: longer than any entry may be
    envelope: bytes | None
    login: str
    channel: str
    received_us: int


class Choice(NamedTuple):
    """Which streams' rows are fetched: those that are named, or all others."""

    names: list[str]
    named: bool


ALL = Choice([], named=False)


def fetch(
    connection: Connection,
    *,
    floor: int | None,
    rows: int,
    size: int,
    choice: Choice = ALL,
) -> list[InboxRow]:
    """Return the next inbox rows with ids above `floor`, at least one if there is any.

    Args:
        connection: in autocommit.
        floor: None for all rows.
        rows: at most so many.
        size: bytes of events and envelopes at which to stop, about.
        choice: whose rows.
    """
    bounds = {
        "floor": _NO_FLOOR if floor is None else floor,
        "rows": rows,
        "longest": LONGEST,
        **choice._asdict(),
    }
    found: list[InboxRow] = []
    with (
        driver_errors(),
        connection.cursor(binary=True) as cursor,
        # closed early, it cancels the query: the rest waits for the next batch
        closing(
            cast(
                "Generator[tuple[Any, ...]]",
                cursor.stream(files.query("seal_fetch"), bounds, size=_CHUNK),
            )
        ) as stream,
    ):
        for row in map(InboxRow._make, stream):
            found.append(row)
            text = row.event or ""
            size -= len(text) if text.isascii() else len(text.encode())
            size -= len(row.envelope or b"")
            if size <= 0:
                break
    return found


def is_empty(connection: Connection, choice: Choice = ALL) -> bool:
    """Return whether no row of the chosen streams waits in the inbox."""
    with driver_errors():
        row = connection.execute(
            "select not exists (select from prooftrail.inbox"
            " where (stream = any(%(names)s)) = %(named)s)",
            choice._asdict(),
        ).fetchone()
    return bool(row and row[0])


def newest_id(connection: Connection) -> int:
    """Return the id of the newest row in the inbox, 0 if there is none."""
    with driver_errors():
        row = connection.execute("select max(id) from prooftrail.inbox").fetchone()
    return 0 if row is None or row[0] is None else int(str(row[0]))
