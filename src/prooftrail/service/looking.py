"""Looking events up in the log, to compare them with what somebody states.

Guarantees: an event is looked up with the entries that continue it, and is one digest:
SHA-256 of the canonical bytes of all of them, as stated. Of a limited key's period
only. Who looks up shares one connection, opened anew when it was lost; how many
entries continue an event is what a writer stated, and is believed up to `MOST_PARTS`.
Nobody waits without end: a statement is ended after `STATEMENT_MS`, who waits for his
turn is told to come again after `PATIENCE`, and `end` is for a server that hangs.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from prooftrail.capture import continuation
from prooftrail.core import instants
from prooftrail.errors import DatabaseError, UnavailableError
from prooftrail.seal import prepare
from prooftrail.store import connect, lookup
from prooftrail.store.interrupting import Interrupting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.store.connect import Connection

MOST_PARTS = 5_000  # of all events of a request; a body holds fewer
STATEMENT_MS = 5_000  # that looking up may take
PATIENCE = 5.0  # seconds that one waits for his turn
ENDING = 2.0  # seconds that a look-up may take to end when all ends


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
        self._waits = Interrupting()
        self._closed = False
        self._ends = 0

    def close(self) -> bool:
        """Close the connection; return whether nobody had to be ended for it."""
        self._closed = True
        ended = False
        if not self._looking.acquire(timeout=ENDING):
            ended = self.end()
            if not self._looking.acquire(timeout=ENDING):
                return False
        try:
            self._let_go()
        finally:
            self._looking.release()
        return not ended

    def end(self) -> bool:
        """End the look-up that is at work; return whether there was one.

        For one that takes longer than its statement may: the server hangs.
        """
        self._ends += 1
        return self._waits.interrupt()

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
        if not self._looking.acquire(timeout=PATIENCE):
            raise UnavailableError(
                f"no event could be looked up in the log for {PATIENCE:g} s: the "
                "database is slow or hangs (prooftrail doctor says what holds it up)"
            )
        try:
            ends = self._ends
            try:
                return self._asked(stream, ids, period)
            except DatabaseError:
                if self._connection is None or not self._connection.closed:
                    raise
                self._let_go()  # it may have been lost while it rested
                if ends != self._ends:
                    raise
            return self._asked(stream, ids, period)
        finally:
            self._looking.release()

    def _asked(
        self, stream: str, ids: Sequence[str], period: tuple[int, int]
    ) -> dict[str, bytes | None]:
        if self._closed:
            raise UnavailableError("the service ends: nothing is looked up any more")
        if self._connection is None:
            self._connection = connect.connect(
                "verifier", autocommit=True, milliseconds=STATEMENT_MS
            )
        with self._waits.using(self._connection):
            return lookup.events(self._connection, stream, ids, period)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
