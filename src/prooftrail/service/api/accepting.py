"""Taking events in: stated, compared with what is there under their ids, handed over.

Guarantees: an event that brings an id is compared with the log and with what this
process accepted lately: the same bytes are a duplicate, others a conflict that names
both digests (SHA-256 of the canonical bytes as stated). An event without a timestamp
that is there already counts as the same if all else is. A key that is limited to a
period is told of no event outside of it, not even that its id is taken.

Does not: wait until an event is durable; its future tells. Refuse what a limited key
states under an id that is taken outside of its period: there the sealer drops the same
bytes, and keeps others in quarantine.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from prooftrail.core import instants, jcs
from prooftrail.errors import DatabaseError, EventError
from prooftrail.seal import prepare
from prooftrail.service.api import measuring
from prooftrail.store import connect, lookup
from prooftrail.store.keys import FIRST_US, LAST_US
from prooftrail.store.waiting import InboxRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from prooftrail.capture.stating import Stated
    from prooftrail.service.parts import Parts
    from prooftrail.store.connect import Connection

REMEMBERED = 100_000  # events that were accepted lately
MOST_VALUES = 150_000  # of one event; 256 KiB hold fewer, but subjects may be many
Text: TypeAlias = bytes | msgspec.Raw


class _Timed(msgspec.Struct):
    timestamp: str


_TIMED = msgspec.json.Decoder(_Timed)


class Item(NamedTuple):
    """What became of one event of a request."""

    result: dict[str, Any]
    future: Future[str] | None = None  # of one that is on its way
    known: Known | None = None


class Known(NamedTuple):
    """An event that was accepted."""

    digest: bytes
    occurred_us: int


class _Given(NamedTuple):
    raw: Text  # and not what it says: that takes many times the memory
    stated: Stated
    known: Known
    own_id: bool
    own_time: bool

    @property
    def digest(self) -> bytes:
        return self.known.digest


class Accepting:
    """Takes events in for one service.

    Args:
        parts: of the service.

    Safe to be shared by threads.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._lately: OrderedDict[tuple[str, str], Known] = OrderedDict()
        self._looking = threading.Lock()
        self._connection: Connection | None = None

    def take(
        self,
        stream: str,
        raws: Sequence[Text],
        period: tuple[int, int] = (FIRST_US, LAST_US),
    ) -> list[Item]:
        """State the events of a request and hand over those that are new.

        Args:
            stream: where they go.
            raws: the text of each.
            period: event time that the caller's key is limited to.

        Raises:
            UnavailableError: the database is away.
            RecordError: they do not come through.
        """
        given = [self._given(raw) for raw in raws]
        ids = [
            one.stated.event_id
            for one in given
            if isinstance(one, _Given) and one.own_id
        ]
        there = self._sealed(stream, ids, period) if ids else {}
        items = []
        within: dict[str, bytes] = {}  # this request's own
        for one in given:
            if isinstance(one, Item):
                items.append(one)
                continue
            event_id = one.stated.event_id
            known = within.get(event_id) or self._remembered(stream, event_id, period)
            item = self._compared(one, there, known)
            if item is None:
                future = self._parts.recorder.submit_stated(one.stated, stream=stream)
                result = {
                    "status": "accepted",
                    "eventId": event_id,
                    "digest": _shown(one.digest),
                }
                item = Item(result, future, one.known)
                within[event_id] = one.digest
            items.append(item)
        return items

    def remember(self, stream: str, item: Item) -> None:
        """Remember an event that is durable until it is likely to be sealed."""
        if item.known is None:
            return
        with self._lock:
            self._lately[stream, item.result["eventId"]] = item.known
            while len(self._lately) > REMEMBERED:
                self._lately.popitem(last=False)

    def _remembered(
        self, stream: str, event_id: str, period: tuple[int, int]
    ) -> bytes | None:
        with self._lock:
            found = self._lately.get((stream, event_id))
        if found is None or not period[0] <= found.occurred_us < period[1]:
            return None
        return found.digest

    def _given(self, raw: Text) -> _Given | Item:
        try:
            text = bytes(raw)
            if measuring.has_more_values(text, MOST_VALUES):
                raise EventError(  # noqa: TRY301
                    f"the event has more than {MOST_VALUES} values: keep the large "
                    "part elsewhere and record its digest"
                )
            value = jcs.parse(text)
            if not isinstance(value, dict):
                raise EventError("an event is a JSON object")  # noqa: TRY301
            stated = self._parts.recorder.state(value)
            known = self._known(stated.texts)
        except EventError as error:
            return Item({"status": "refused", "error": str(error)})
        own_id, own_time = "eventId" in value, "timestamp" in value
        return _Given(raw, stated, known, own_id, own_time)

    def _digest(self, texts: Sequence[str]) -> bytes:
        return self._known(texts).digest

    def _known(self, texts: Sequence[str]) -> Known:
        """Return an event as it is compared: escaped, all its parts in one SHA-256.

        Raises:
            EventError: the sealer would refuse it.
        """
        whole = sha256()
        for text in texts:
            if '"$' not in text:  # else stated as it is sealed: nothing to be escaped
                whole.update(text.encode())
                continue
            row = InboxRow(0, "", text, None, "", "", self._parts.clock())
            ready = prepare.prepare(
                row, now_us=self._parts.clock(), random=self._parts.random
            )
            if isinstance(ready, prepare.Refused):
                raise EventError(ready.told)
            whole.update(ready.stated)
        # stated, hence with a time, the same in all parts
        at = _TIMED.decode(texts[0]).timestamp
        return Known(whole.digest(), instants.microseconds(at))

    def _compared(
        self,
        one: _Given,
        there: dict[str, bytes | None],
        known: bytes | None,
    ) -> Item | None:
        """Return what becomes of an event whose id is taken; None if it is not."""
        event_id = one.stated.event_id
        digest, other = one.digest, known
        if event_id in there:
            sealed = there[event_id]
            if sealed is None:
                return Item(
                    {
                        "status": "conflict",
                        "eventId": event_id,
                        "error": "the event of this id was redacted",
                    }
                )
            stated = prepare.stated_bytes(sealed)
            other = sha256(stated).digest()
            if len(one.stated.texts) > 1:
                digest = self._digest(one.stated.texts[:1])
            if not one.own_time:
                digest = self._again(one, stated)
        if other is None:
            return None
        if other == digest:
            return Item(
                {"status": "duplicate", "eventId": event_id, "digest": _shown(digest)}
            )
        return Item(
            {
                "status": "conflict",
                "eventId": event_id,
                "digest": _shown(digest),
                "recordedDigest": _shown(other),
                "error": f"the event {event_id} is recorded with other bytes: "
                f"{_shown(other)}, and these are {_shown(digest)}",
            }
        )

    def _again(self, one: _Given, stated: bytes) -> bytes:
        """Return the digest that an event has at the time of the one that is there."""
        before, value = jcs.parse(stated), jcs.parse(bytes(one.raw))
        if not (isinstance(before, dict) and isinstance(value, dict)):
            return one.digest
        if "timestamp" not in before:
            return one.digest
        again = {**value, "timestamp": before["timestamp"]}
        return self._digest(self._parts.recorder.state(again).texts[:1])

    def _sealed(
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


def _shown(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"
