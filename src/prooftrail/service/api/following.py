"""Following: every entry of one stream, in order of seq, as JSON lines.

Guarantees: entries come in order, none left out and none twice: whoever goes on with
`after_seq` of the last line that he has gets the next one. A line without an event
(`{"after_seq": N}`) says how far the log was looked at; where the database fails in
between, it is the last one and has an `error` too. A stream that is followed ends by
itself after `LONGEST` seconds, when the key opens nothing any more, and when the
service ends: go on anew. No key follows more than `FOLLOWERS` / 2 times at once, so
that none keeps the others out.
That somebody follows is in the trail before the first line, and how much he got, after
the last: as views; as exports (`audit.log.export`) where nobody waits for more, and
what is there is taken away.

Does not: hold entries in memory: who reads slowly is sent the next ones later.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import StreamingResponse

from prooftrail.errors import BusyError, EndedError, ProoftrailError, QuestionError
from prooftrail.search import items, lists, parameters, viewing
from prooftrail.service.api.problems import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from starlette.responses import Response

    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.api.places import Places
    from prooftrail.service.parts import Parts
    from prooftrail.store.question import Question

JSONL = "application/x-ndjson"
BATCH = 500  # entries read at a time
ROWS = 10_000  # entries that an answer has at most, where nobody follows
PAUSE = 0.25  # seconds between looks
AGAIN = 5.0  # seconds after which it is asked whether the stream is still his
QUIET = 10.0  # seconds after which a line is sent though there is no entry
LONGEST = 300.0  # seconds
FOLLOWERS = 100  # at once
LAST_SEQ = 10**17

_BESIDE = ("after_seq", "follow", "limit")


class Followers:
    """Counts who follows, and takes no more than may; no key more than half of them.

    Safe to be shared by threads.

    Args:
        most: at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def enter(self, who: str) -> None:
        """Take a place.

        Raises:
            BusyError: there is none, or none for this one.
        """
        with self._lock:
            if self._taken.total() >= self._most:
                raise BusyError(
                    f"{self._most} clients follow already: come again later"
                )
            if self._taken[who] >= self._most // 2:
                raise BusyError(
                    f"this key follows {self._most // 2} times already: end one of "
                    "these, or come again later"
                )
            self._taken[who] += 1

    def leave(self, who: str) -> None:
        """Give a place back."""
        with self._lock:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]


_followers = Followers(FOLLOWERS)


def named(question: Question, streams: Mapping[str, int]) -> Sequence[str]:
    """Return the names of the streams that a question reads."""
    if question.streams is None:
        return tuple(streams)
    return tuple(name for name, number in streams.items() if number in question.streams)


def follow(
    parts: Parts,
    callers: Callers,
    caller: Caller,
    given: list[tuple[str, str]],
    places: Places,
) -> Response:
    """Answer a request that has `after_seq`; what follows takes the same places.

    Raises:
        QuestionError: it cannot be understood.
        BusyError: as many follow as may, or this key as often as it may.
    """
    streams = caller.holder.streams
    asked = parameters.filters(given, streams, now_us=parts.clock(), beside=_BESIDE)
    beside = {name: value for name, value in given if name in _BESIDE}
    seq = _seq(beside["after_seq"])
    limit = parameters.whole("limit", beside.get("limit", str(ROWS)), 1, ROWS)
    onward = beside.get("follow", "false").lower()
    if onward not in {"true", "false"}:
        raise QuestionError("follow is true or false")
    names = named(asked.question, streams)
    if len(names) != 1:
        raise QuestionError(
            "a seq counts in one stream: add stream=, one of " + ", ".join(names[:20])
        )
    following = onward == "true"
    action = "audit.log.view" if following else "audit.log.export"
    one = _Following(parts, callers, caller, asked, names[0], seq, places, action)
    if following:
        _followers.enter(caller.holder.user_id)
    try:
        one.record({"afterSeq": seq, "follow": following})
    except BaseException:
        if following:
            _followers.leave(caller.holder.user_id)
        raise
    lines = one.onward() if following else one.lines(limit)
    return StreamingResponse(lines, media_type=JSONL, headers=_understood(asked))


def _understood(asked: parameters.Filters) -> dict[str, str]:
    """Return the header that shows a query as it was understood, percent-encoded."""
    if asked.query is None:
        return {}
    return {"Prooftrail-Query": quote(asked.query, safe=" :.*,-()@/")}


class _Following:
    """One client's."""

    def __init__(
        self,
        parts: Parts,
        callers: Callers,
        caller: Caller,
        asked: parameters.Filters,
        name: str,
        seq: int,
        places: Places,
        action: str,
    ) -> None:
        self._parts = parts
        self._callers = callers
        self._caller = caller
        self._asked = asked
        self._name = name
        self._seq = seq
        self._places = places
        self._action = action
        self._sent = 0
        self._asked_at = time.monotonic()

    def record(self, details: dict[str, Any]) -> None:
        """Record that this client reads, or what he got."""
        viewing.record(
            self._parts.recorder,
            actor=self._caller.actor,
            streams=(self._name,),
            details={"filters": self._asked.told, **details},
            action=self._action,
        )

    async def lines(self, limit: int) -> AsyncIterator[bytes]:
        """Yield what is there, at most `limit` entries, and where to go on."""
        try:
            while self._sent < limit:
                before = self._seq
                found = await self._next(min(BATCH, limit - self._sent))
                for line in found:
                    yield line
                if not found and self._seq == before:
                    break
            yield self._mark()
        except ProoftrailError as error:
            yield self._broken(error)
        finally:
            await self._end()

    async def onward(self) -> AsyncIterator[bytes]:
        """Yield what is there, and then what is sealed."""
        until = time.monotonic() + LONGEST
        marked = time.monotonic()
        self._parts.metrics.follows(1)
        try:
            while time.monotonic() < until and await self._goes_on():
                before = self._seq
                found = await self._next(BATCH)
                for line in found:
                    yield line
                now = time.monotonic()
                if found:
                    marked = now
                elif now - marked > QUIET:
                    marked = now
                    yield self._mark()
                if self._seq == before:
                    await asyncio.sleep(PAUSE)
            yield self._mark()
        except EndedError:
            yield self._mark()
        except ProoftrailError as error:
            yield self._broken(error)
        finally:
            _followers.leave(self._caller.holder.user_id)
            self._parts.metrics.follows(-1)
            await self._end()

    async def _next(self, limit: int) -> list[bytes]:
        found = await self._places.run(self._read, limit)
        self._seq = found.after_seq
        self._sent += len(found.items)
        return [items.encode(one) + b"\n" for one in found.items]

    def _read(self, limit: int) -> lists.Followed:
        streams = self._caller.holder.streams
        with self._parts.readers.reading(self._caller.token) as connection:
            return lists.after(
                connection,
                self._asked.question,
                stream=streams[self._name],
                seq=self._seq,
                limit=limit,
                streams=streams,
            )

    async def _goes_on(self) -> bool:
        if self._parts.health.stopping:
            return False
        now = time.monotonic()
        if now < self._asked_at + AGAIN:
            return True  # that the key is good, each look asks
        self._asked_at = now
        found = await self._places.run(self._callers.holder, self._caller.token)
        return found is not None and self._name in found.streams

    def _mark(self, **more: str) -> bytes:
        return items.encode({"after_seq": self._seq, **more}) + b"\n"

    def _broken(self, error: ProoftrailError) -> bytes:
        """Return the line that ends what cannot go on: its status is sent already."""
        self._parts.log.warning("following ended early", problem=str(error))
        return self._mark(error=told(error))

    async def _end(self) -> None:
        """Record how much was sent; the client may be gone by now."""
        try:
            await asyncio.shield(
                self._places.run(
                    self.record, {"rows": self._sent, "afterSeq": self._seq}
                )
            )
        except ProoftrailError as error:
            self._parts.log.warning(
                "how much was read is not recorded", problem=str(error)
            )


def _seq(text: str) -> int:
    if text == "-1":
        return -1
    return parameters.whole("after_seq", text, 0, LAST_SEQ)
