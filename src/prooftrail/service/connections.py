"""Connections that cannot be held open for nothing.

Guarantees: a request's head is bounded in bytes and time, its body in time, and the
number of connections at once; whoever exceeds one of them is cut off without holding
up anybody. Answers may take as long as they take: followers stay.

Does not: bound a body's bytes (the application does, as it reads it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from typing import ClassVar

HEAD_BYTES = 64 * 1024  # of request line and headers
HEAD_SECONDS = (
    10.0  # from connecting, or from a request's first byte, to its head's end
)
BODY_SECONDS = 60.0  # from there to the end of its body
CONNECTIONS = 2_000  # at once; more are closed as they come


class Bounded(HttpToolsProtocol):
    """One connection."""

    most: ClassVar[int] = CONNECTIONS
    head_seconds: ClassVar[float] = HEAD_SECONDS
    body_seconds: ClassVar[float] = BODY_SECONDS

    _timer: asyncio.TimerHandle | None = None
    _head = 0  # bytes of a head that has not ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, unless there are too many."""
        super().connection_made(cast("asyncio.Transport", transport))
        if len(self.connections) > self.most:
            transport.close()
            return
        self._await(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless a head has too many."""
        if self._head >= 0:
            self._head += len(data)
        super().data_received(data)
        if self._head > HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._await(self.head_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End its head."""
        self._head = -1
        self._await(self.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End its body."""
        self._head = 0
        self._rest()
        super().on_message_complete()

    def _await(self, seconds: float) -> None:
        self._rest()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
