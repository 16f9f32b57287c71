"""Taking events in: stated, compared with what is there under their ids, handed over.

Guarantees: an event that brings an id is compared with the log and with what this
process accepted lately or is about to: the same bytes are a duplicate, others a
conflict that names both digests (SHA-256 of the canonical bytes as stated, of the
entries that continue the event too). What is under way has its id already: whoever
comes second is answered when it is known what became of the first. An event without a
timestamp that is there already counts as the same if all else is. A key that is
limited to a period is told of no event outside of it, not even that its id is taken.
What the service tells of itself (`prooftrail.*`, reads, verifications) nobody states.

Does not: wait until an event is durable; its future tells. Refuse what a limited key
states under an id that is taken outside of its period: there the sealer drops the same
bytes, and keeps others in quarantine.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from prooftrail.core import catalog, jcs
from prooftrail.errors import EventError
from prooftrail.seal import prepare
from prooftrail.service import looking
from prooftrail.service.api import measuring
from prooftrail.service.looking import Known
from prooftrail.store.keys import FIRST_US, LAST_US
from prooftrail.store.waiting import InboxRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.capture.stating import Stated
    from prooftrail.service.looking import Sealed
    from prooftrail.service.parts import Parts

REMEMBERED = 100_000  # events that were accepted lately
MOST_VALUES = 150_000  # of one event; 256 KiB hold fewer, but subjects may be many
Text: TypeAlias = bytes | msgspec.Raw


class Item(NamedTuple):
    """What became of one event of a request."""

    result: dict[str, Any]
    future: Future[str] | None = None  # of what is on its way under this id


class _Underway(NamedTuple):
    known: Known
    promise: Future[str]  # done once it is durable and remembered, or has failed


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
        self._underway: dict[tuple[str, str], _Underway] = {}

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
        there = self._parts.looking.sealed(stream, ids, period) if ids else {}
        return [
            one
            if isinstance(one, Item)
            else self._taken(stream, one, there.get(one.stated.event_id), period)
            for one in given
        ]

    def _taken(
        self,
        stream: str,
        one: _Given,
        sealed: Sealed | None,
        period: tuple[int, int],
    ) -> Item:
        """Answer from what is there under its id, or hand it over."""
        if sealed is not None:
            if sealed.known is None:
                return _redacted(one)
            one = self._at(one, sealed.known)
            if sealed.whole:
                return _compared(one, sealed.known)
            first = self._known(one.stated.texts[:1])
            if first.digest != sealed.known.digest:
                return _compared(one, sealed.known)
        key = stream, one.stated.event_id
        mine = _Underway(one.known, Future())
        mine.promise.set_running_or_notify_cancel()  # others may wait for it, too
        with self._lock:
            other = self._underway.get(key)
            before = other.known if other is not None else self._lately.get(key)
            if before is None:
                self._underway[key] = mine
        if before is None:
            return self._handed_over(key, one, mine)
        if not before.lies_in(period):
            future = self._parts.recorder.submit_stated(one.stated, stream=stream)
            return _accepted(one, future)
        found = _compared(self._at(one, before), before)
        return found if other is None else found._replace(future=other.promise)

    def _handed_over(self, key: tuple[str, str], one: _Given, mine: _Underway) -> Item:
        def ended(error: BaseException | None) -> None:
            with self._lock:
                del self._underway[key]
                if error is None:
                    self._lately[key] = mine.known
                    while len(self._lately) > REMEMBERED:
                        self._lately.popitem(last=False)
            if error is None:
                mine.promise.set_result(one.stated.event_id)
            else:
                mine.promise.set_exception(error)

        try:
            future = self._parts.recorder.submit_stated(one.stated, stream=key[0])
        except BaseException as error:
            ended(error)
            raise
        future.add_done_callback(lambda done: ended(done.exception()))
        return _accepted(one, mine.promise)

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
            if isinstance(value.get("action"), str):
                catalog.refuse_own(str(value["action"]))
            stated = self._parts.recorder.state(value)
            known = self._known(stated.texts)
        except EventError as error:
            return Item({"status": "refused", "error": str(error)})
        own_id, own_time = "eventId" in value, "timestamp" in value
        return _Given(raw, stated, known, own_id, own_time)

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
        return Known(whole.digest(), looking.timestamp(texts[0]))

    def _at(self, one: _Given, before: Known) -> _Given:
        """Return an event that states no time at the time of the one that is there."""
        if one.own_time or before.timestamp is None:
            return one
        value = jcs.parse(bytes(one.raw))
        if not isinstance(value, dict):  # pragma: no cover  it was one before
            return one
        again = {**value, "timestamp": before.timestamp}
        try:
            stated = self._parts.recorder.state(again)
        except EventError:  # a longer time makes it too long: those are other bytes
            return one
        return one._replace(stated=stated, known=self._known(stated.texts))


def _accepted(one: _Given, future: Future[str]) -> Item:
    return Item(
        {
            "status": "accepted",
            "eventId": one.stated.event_id,
            "digest": _shown(one.digest),
        },
        future,
    )


def _redacted(one: _Given) -> Item:
    return Item(
        {
            "status": "conflict",
            "eventId": one.stated.event_id,
            "error": "the event of this id was redacted",
        }
    )


def _compared(one: _Given, before: Known) -> Item:
    """Return what becomes of an event whose id is taken."""
    event_id, digest, other = one.stated.event_id, one.digest, before.digest
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


def _shown(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"
