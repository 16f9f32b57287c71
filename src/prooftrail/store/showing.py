"""What pages show beside events: days, checkpoints, missing time; as the reader.

Guarantees: what comes back is what row-level security lets the asker see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

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
    keys: tuple[str, ...]  # vkeys, as the stream states them


class Silence(NamedTuple):
    """A time in which nothing was signed."""

    stream: int
    from_us: int
    to_us: int


class Late(NamedTuple):
    """Entries that were recorded long after what they tell of."""

    n: int
    most_us: int  # the longest delay


SIGNATURES: Final = 20_000  # that are looked at, of each stream
ENTRIES: Final = 20_000
MOST_SILENCES: Final = 10


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
        Signed(
            int(str(stream)),
            int(str(size)),
            int(str(signed_us)),
            str(note),
            tuple(map(str, cast("list[object]", keys))),
        )
        for stream, size, signed_us, note, keys in rows
    ]


def silences(
    connection: Connection, streams: Sequence[int], since_us: int, longer_us: int
) -> list[Silence]:
    """Return where nothing was signed for longer than may be, the newest first.

    Args:
        connection: inside `Readers.reading`.
        streams: their numbers.
        since_us: silences that ended before are left out.
        longer_us: how long may be; a stream at rest is signed as well.
    """
    given = {
        "streams": list(streams),
        "since": since_us,
        "longer": longer_us,
        "newest": SIGNATURES,
        "most": MOST_SILENCES,
    }
    with driver_errors():
        rows = connection.execute(files.query("show_silences"), given).fetchall()
    return [Silence(*(int(str(one)) for one in row)) for row in rows]


def late(
    connection: Connection, streams: Sequence[int], since_us: int, longer_us: int
) -> Late:
    """Return how many of the newest entries were recorded late, and how late.

    Args:
        connection: inside `Readers.reading`, of who sees all time.
        streams: their numbers.
        since_us: entries that were recorded before are left out.
        longer_us: a delay that is no outage.
    """
    given = {
        "streams": list(streams),
        "since": since_us,
        "longer": longer_us,
        "newest": ENTRIES,
    }
    with driver_errors():
        row = connection.execute(files.query("show_late"), given).fetchone()
    count, most = (0, None) if row is None else row
    return Late(int(str(count)), int(str(most or 0)))
