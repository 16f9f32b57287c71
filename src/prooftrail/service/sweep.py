"""Which part of an old log is verified next, when all of it is too much for a minute.

Guarantees: part after part, in order, over all streams, then from the beginning again;
no entry is left out, whatever was sealed meanwhile. Only where a part begins and ends
is looked up; a time that was altered moves a part and never hides an entry, since
verification takes in what stands at its borders.

Does not: take in streams that are not registered (a whole verification names them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.store import reading

if TYPE_CHECKING:
    from prooftrail.store.connect import Connection


class Slice(NamedTuple):
    """A part of one stream's log, by recorded time."""

    stream: str
    since_us: int
    until_us: int
    entries: int
    last: bool  # all has been gone through once more


class Sweep:
    """Goes round and round. Not safe to be shared by threads."""

    def __init__(self) -> None:
        self._at = (0, 0)  # number of the stream, and seq

    def next(self, connection: Connection, entries: int) -> Slice | None:
        """Return the next part of about so many entries; None if there are none.

        Raises:
            DatabaseError: the database is away; ask again.
        """
        states = [
            (one.number, one.name, one.last_seq)
            for one in reading.states(connection)
            if one.name is not None and one.last_seq is not None
        ]
        if not states:
            return None
        coming = [one for one in states if (one[0], one[2]) >= self._at]
        number, name, last_seq = (coming or states)[0]
        start = self._at[1] if number == self._at[0] and coming else 0
        stop = min(start + entries, last_seq + 1)
        ends = stop > last_seq
        self._at = (number + 1, 0) if ends else (number, stop)
        return Slice(
            name,
            self._recorded(connection, number, start),
            self._recorded(connection, number, stop - 1) + 1,
            stop - start,
            last=ends and number == states[-1][0],
        )

    def _recorded(self, connection: Connection, number: int, seq: int) -> int:
        """Return when an entry was recorded, or the next one that is there."""
        there = reading.next_seq(connection, number, seq)
        row = None if there is None else reading.entry(connection, number, there)
        return 0 if row is None else row.recorded_us
