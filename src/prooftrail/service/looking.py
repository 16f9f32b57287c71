"""Looking events up in the log, to compare them with what somebody states.

Guarantees: an event is looked up with the entries that continue it, and is one digest:
SHA-256 of the canonical bytes of all of them, as stated. Of a limited key's period
only. Who looks up shares one connection, opened anew when it was lost; how many
entries continue an event is what a writer stated, and is believed up to `MOST_PARTS`.
"""

from __future__ import annotations

import threading
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from prooftrail.capture import continuation
from prooftrail.core import instants
from prooftrail.errors import DatabaseError
from prooftrail.seal import prepare
from prooftrail.store import connect, lookup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.store.connect import Connection

MOST_PARTS = 5_000  # of all events of a request; a body holds fewer


class _Part(msgspec.Struct):
    of: str
    n: int
    total: int


class _Read(msgspec.Struct):
    timestamp: str | None = None
    part: _Part | None = None


_READ = msgspec.json.Decoder(_Read)


class Known(NamedTuple):
    """An event that is recorded, or about to be."""

    digest: bytes  # of all its parts
    timestamp: str | None  # as stated; in the log there are events without

    def lies_in(self, period: tuple[int, int]) -> bool:
        """Whether it happened then (microseconds since the epoch, half-open)."""
        at = self.timestamp
        return at is not None and (period[0] <= instants.microseconds(at) < period[1])


class Sealed(NamedTuple):
    """An event in the log."""

    known: Known | None  # None: redacted
    whole: bool  # else this is of the first part, and others are not sealed yet


def timestamp(text: str) -> str | None:
    """Return the time that an event states."""
    return _READ.decode(text).timestamp


class Looking:
    """Looks up for one service; safe to be shared by threads."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._connection: Connection | None = None

    def close(self) -> None:
        """Close the connection; who looks up afterwards opens another."""
        with self._looking:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def sealed(
        self, stream: str, ids: Sequence[str], period: tuple[int, int]
    ) -> dict[str, Sealed]:
        """Return what the log has under these ids, with what continues it.

        Raises:
            DatabaseError: it cannot be asked.
        """
        found = {
            event_id: None if event is None else prepare.stated_bytes(event)
            for event_id, event in self._looked_up(stream, ids, period).items()
        }
        further: dict[str, list[str]] = {}
        totals: dict[str, int] = {}
        left = MOST_PARTS
        for event_id, text in found.items():
            part = None if text is None else _READ.decode(text).part
            if part is not None and part.of == event_id and part.n == 1:
                totals[event_id] = max(part.total - 1, 0)
                numbers = range(2, min(totals[event_id], left) + 2)
                further[event_id] = [continuation.derive(event_id, n) for n in numbers]
                left -= len(numbers)
        wanted = [one for several in further.values() for one in several]
        tails = self._looked_up(stream, wanted, period) if wanted else {}
        there = {}
        for event_id, text in found.items():
            parts = further.get(event_id, [])
            events = [tails[one] for one in parts if one in tails]
            if text is None or None in events:
                there[event_id] = Sealed(None, whole=True)
                continue
            whole, digest = len(events) == totals.get(event_id, 0), sha256(text)
            for event in events if whole else ():
                digest.update(prepare.stated_bytes(event or b""))
            known = Known(digest.digest(), _READ.decode(text).timestamp)
            there[event_id] = Sealed(known, whole)
        return there

    def _looked_up(
        self, stream: str, ids: Sequence[str], period: tuple[int, int]
    ) -> dict[str, bytes | None]:
        with self._looking:
            try:
                if self._connection is None:
                    self._connection = connect.connect("verifier", autocommit=True)
                return lookup.events(self._connection, stream, ids, period)
            except DatabaseError:
                if self._connection is None:
                    raise
                self._connection.close()  # it may have been lost while it rested
                self._connection = None
            with closing(connect.connect("verifier", autocommit=True)) as connection:
                return lookup.events(connection, stream, ids, period)
