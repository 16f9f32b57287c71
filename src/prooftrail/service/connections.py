"""Connections that cannot be held open for nothing.

Guarantees: a request's head is bounded in bytes and time, its body in time, the
requests that wait behind one another on a connection and the connections at once in
number; an answer that nobody takes is given up. Whoever exceeds one of them is cut off
without holding up anybody. Where there are too many connections, the one that has
rested longest makes room: thousands that say nothing keep nobody out. Answers may take
as long as they take: followers stay.

Does not: bound a body's bytes (the application does, as it reads it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from prooftrail.service.api import problems

if TYPE_CHECKING:
    import asyncio
    from typing import ClassVar

    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

HEAD_BYTES = 64 * 1024  # of request line and headers
HEAD_SECONDS = (
    10.0  # from connecting, or from a request's first byte, to its head's end
)
BODY_SECONDS = 60.0  # from there to the end of its body
REFUSED_SECONDS = 10.0  # for a body whose request is answered already
TAKING_SECONDS = 60.0  # in which a client is to take some of its answer
WAITING = 8  # requests behind the one that is being answered
CONNECTIONS = 2_000  # at once


class Bounded(HttpToolsProtocol):
    """One connection; `limited` makes the class for a server."""

    most: ClassVar[int] = CONNECTIONS
    resting: ClassVar[dict[Bounded, None]] = {}  # without a request, oldest first
    head_seconds: ClassVar[float] = HEAD_SECONDS
    body_seconds: ClassVar[float] = BODY_SECONDS
    refused_seconds: ClassVar[float] = REFUSED_SECONDS
    taking_seconds: ClassVar[float] = TAKING_SECONDS

    _timer: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _head = 0  # bytes of a head that has not ended; -1 in a body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, if need be in the place of one that rests."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.resting[self] = None
        self._await(self.head_seconds)
        if len(self.connections) > self.most:
            oldest = next(iter(self.resting))  # this one, where all others are busy
            del self.resting[oldest]
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.resting.pop(self, None)
        self._rest()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless a head has too many."""
        if self._head >= 0:
            self._head += len(data)
        super().data_received(data)
        if self._head > HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin a request.

        Raises:
            ConnectionAbortedError: too many wait already; nothing more is parsed.
        """
        if len(self.pipeline) >= WAITING:
            self.transport.abort()
            raise ConnectionAbortedError
        self._await(self.head_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End its head; answer, or say that too many are being answered."""
        self._head = -1
        self._await(self.body_seconds)
        self.resting.pop(self, None)
        crowded = len(self.tasks) >= max(1, self.most - 1)
        self.app = _busy if crowded else self.config.loaded_app
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End its body."""
        self._head = 0
        self._rest()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """End its answer; what is still sent of the body is let pass, not for long.

        Closing at once would lose the answer on its way: the rest of the body makes
        the system reset the connection.
        """
        if self.cycle.response_complete and self in self.connections:
            self.resting[self] = None
            if self._head < 0:
                self._await(self.refused_seconds)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for the client to take its answer."""
        super().pause_writing()
        self._taken()
        self._taking = self.loop.call_later(self.taking_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: it took some."""
        self._taken()
        super().resume_writing()

    def _await(self, seconds: float) -> None:
        self._rest()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None


def limited(most: int) -> type[Bounded]:
    """Return the class of one server's connections.

    Args:
        most: at once.
    """
    return type("Limited", (Bounded,), {"most": most, "resting": {}})


async def _busy(
    scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    told = "as many requests are being answered as may: come again in a moment"
    answer = problems.answer(503, told, {"Connection": "close"})
    await answer(scope, receive, send)  # type: ignore[arg-type]
