"""POST /audit/events: one event or many, answered once they are durable.

Guarantees: each event has a result of its own, and a bad one spoils no other. The same
bytes under an eventId that is in the log are a duplicate and fine; other bytes are
refused with both digests. What waits to be durable is bounded: beyond it callers are
told to come again (429), and no body is read that could not be taken in. Whoever
sends little by little, or announces what does not come, keeps nobody from writing.
While the database hangs, callers are told so in time, and never that an event is in.

Does not: see what another process accepted and nobody has sealed yet; there the sealer
drops the same bytes, and keeps others in quarantine.

Source: RFC 9110 (201, 409, 413, 429).
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from prooftrail.errors import (
    BusyError,
    EventError,
    ProoftrailError,
    RecordError,
    UnavailableError,
)
from prooftrail.service.api import measuring
from prooftrail.service.api.accepting import Accepting, Item
from prooftrail.service.api.places import WRITING, Places
from prooftrail.service.api.problems import RETRY_SECONDS, Problem, check_json, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from prooftrail.service.api.accepting import Text
    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts

MOST_BYTES = 16 * 1024 * 1024  # of a body
MOST_EVENTS = 1_000
MOST_WAITING = 64 * 1024 * 1024  # bytes of bodies that are at work at once
BODY_SECONDS = 30.0  # that a client may take to send its body

TAKING_SECONDS = 30.0  # that stating, looking up and handing over may take

PARSING = 4  # bodies that are parsed at once
PLACE_SECONDS = 10.0  # that one waits to be; longer than a look-up may take
FEW = 100_000  # commas in a body: their items fit, however many these are

_STATUS = {"accepted": 201, "duplicate": 200, "refused": 400, "conflict": 409}
_BODIES = msgspec.json.Decoder(list[msgspec.Raw])


class Pressure:
    """Counts the bytes that are at work, and takes no more than fit.

    Bytes count from when they are there: who announces much and sends little takes
    little. No key takes more than half, so that none keeps the others out.

    Safe to be shared by threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.RLock()
        self._taken: Counter[int] = Counter()

    def look(self, key_id: int, size: int) -> None:
        """See whether so many bytes would fit.

        Raises:
            BusyError: not beside what is at work.
        """
        with self._lock:
            own = self._taken[key_id] + size
            if own > self._most // 2 or self._taken.total() + size > self._most:
                raise BusyError(
                    "more events wait to be durable than are taken on: send them again "
                    "in a moment"
                )

    def take(self, key_id: int, size: int) -> None:
        """Take on bytes of a body.

        Raises:
            BusyError: they do not fit beside what is at work.
        """
        with self._lock:
            self.look(key_id, size)
            self._taken[key_id] += size

    def give(self, key_id: int, size: int) -> None:
        """Be done with bytes."""
        with self._lock:
            self._taken[key_id] -= size
            if not self._taken[key_id]:
                del self._taken[key_id]


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the route."""
    made = APIRouter(tags=["Writing"])
    pressure = Pressure(MOST_WAITING)
    accepting = Accepting(parts)
    parsing = Places(PARSING, PLACE_SECONDS)
    places = Places(WRITING)

    @made.post(
        "/audit/events",
        response_model=None,
        status_code=201,
        summary="Record one event, or many",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "oneOf": [
                                {"type": "object"},
                                {"type": "array", "items": {"type": "object"}},
                            ]
                        }
                    }
                },
            },
            "parameters": [
                {
                    "name": "stream",
                    "in": "query",
                    "required": False,
                    "description": "Where they go; by default the key's only stream, "
                    "or main.",
                    "schema": {"type": "string"},
                }
            ],
        },
    )
    async def write(request: Request) -> Response:
        """Answers when the events are durable: 201 for one that was accepted.

        Many get 200 and a result each, in order: accepted, duplicate, conflict or
        refused. 503 means: not known to be durable, send them again with their
        eventIds.
        """
        caller = callers.believed(request, "write")
        if caller is None:
            caller = await places.run(callers.of, request, "write")
        check_json(request)
        stream = _stream(request, caller)
        charged = _Charged(pressure, caller.holder.key_id)
        with closing(charged):
            pressure.look(caller.holder.key_id, _announced(request))
            body = await _body(request, charged)
            try:
                async with asyncio.timeout(TAKING_SECONDS):
                    single, items = await parsing.run(
                        _taken, accepting, stream, body, caller
                    )
            except TimeoutError:
                # its thread waits for a server that hangs, and would for ever
                await places.run(parts.looking.end)
                raise UnavailableError(
                    f"events were not taken on within {TAKING_SECONDS:g} s: the "
                    "database hangs"
                ) from None
            results = await _results(items, parts.recorder.longest)
        _count(parts, results)
        if single:
            return JSONResponse(results[0], _STATUS[results[0]["status"]])
        return JSONResponse({"results": results})

    return made


class _Charged:
    """What one body has taken."""

    def __init__(self, pressure: Pressure, key_id: int) -> None:
        self._pressure = pressure
        self._key_id = key_id
        self._size = 0

    def add(self, size: int) -> None:
        self._pressure.take(self._key_id, size)
        self._size += size

    def close(self) -> None:
        self._pressure.give(self._key_id, self._size)


def _taken(
    accepting: Accepting, stream: str, body: bytes, caller: Caller
) -> tuple[bool, list[Item]]:
    single, texts = _split(body)
    period = (caller.holder.from_us, caller.holder.to_us)
    return single, accepting.take(stream, texts, period)


async def _results(items: Sequence[Item], patience: float) -> list[dict[str, Any]]:
    """Wait until it is known what became of the events.

    Raises:
        RecordError: that is not known of all of them after `patience` seconds.
    """
    waiting = [asyncio.wrap_future(item.future) for item in items if item.future]
    if waiting:
        _, left = await asyncio.wait(waiting, timeout=patience)
        for one in left:
            one.add_done_callback(_unheard)
        if left:
            raise RecordError(
                f"events are not known to be durable after {patience:g} s: the "
                "connection hangs (prooftrail doctor says what holds it up)"
            )
    outcomes = iter(waiting)
    return [
        _result(item, next(outcomes).exception() if item.future is not None else None)
        for item in items
    ]


def _unheard(future: asyncio.Future[str]) -> None:
    """Take note of how it ended: nobody waits for it any more."""
    if not future.cancelled():
        future.exception()


def _result(item: Item, outcome: object) -> dict[str, Any]:
    if isinstance(outcome, EventError):
        return {"status": "refused", "error": str(outcome)}
    if isinstance(outcome, ProoftrailError):
        # what is not known to be durable is safe to be sent again, all of it
        raise Problem(503, told(outcome), {"Retry-After": str(RETRY_SECONDS)})
    if isinstance(outcome, BaseException):
        raise outcome
    return item.result


def _count(parts: Parts, results: Sequence[dict[str, Any]]) -> None:
    refused = sum(one["status"] in {"refused", "conflict"} for one in results)
    accepted = sum(one["status"] == "accepted" for one in results)
    if accepted:
        parts.metrics.accepted("http", accepted)
    if refused:
        parts.metrics.refused("http", refused)


def _stream(request: Request, caller: Caller) -> str:
    given = request.query_params.multi_items()
    streams = caller.holder.streams
    if any(name != "stream" for name, _ in given) or len(given) > 1:
        raise Problem(400, "there is one parameter, stream, once")
    if given:
        name = given[0][1]
    elif len(streams) == 1:
        name = next(iter(streams))
    else:
        name = "main"
    if name not in streams:
        raise Problem(
            400 if not given else 404,
            "there is no stream of this name that this key may write to: add "
            "stream=NAME",
            hidden="stream" if given else None,
        )
    return name


def _announced(request: Request) -> int:
    """Return how long the body is said to be; 0 where it comes in pieces."""
    header = request.headers.get("content-length", "0")
    if not (header.isascii() and header.isdigit()):
        raise Problem(400, "Content-Length is no number")
    if int(header[:20]) > MOST_BYTES:
        raise _too_long()
    return int(header)


async def _body(request: Request, charged: _Charged) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > MOST_BYTES:
                    raise _too_long()
                charged.add(len(piece))
                pieces.append(piece)
    except TimeoutError:
        raise Problem(408, f"the body did not come within {BODY_SECONDS:g} s") from None
    return b"".join(pieces)


def _too_long() -> Problem:
    return Problem(
        413, f"a body has at most {MOST_BYTES} bytes: send fewer events at a time"
    )


def _split(body: bytes) -> tuple[bool, Sequence[Text]]:
    """Return whether it is one event, and the texts of all."""
    if body.lstrip(b" \t\r\n")[:1] != b"[":
        return True, [body]
    many = Problem(413, f"at most {MOST_EVENTS} events come at a time")
    if measuring.has_more_items(body, MOST_EVENTS, few=FEW):
        raise many
    try:
        raws = _BODIES.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Problem(400, f"the body is no JSON: {error}") from error
    if not raws:
        raise Problem(400, "the list is empty: send an event")
    if len(raws) > MOST_EVENTS:
        raise many
    return False, raws
