"""Requests as they are counted and logged, whatever answers them.

Guarantees: by the route's template, never by its path; once each, when it has ended.
One that the service's end cuts off before its answer began is told to come again (503).
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from prooftrail.service import logs
from prooftrail.service.api import problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.applications import Starlette
    from starlette.types import Message, Receive, Scope, Send

    from prooftrail.service.parts import Parts

_ENDS = "the service ends: send it again in a moment, an event with the same eventId"


class Observed:
    """Counts and logs each request once it has ended.

    Pure ASGI: what the application keeps in contextvars stays there.
    """

    def __init__(self, app: Starlette, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    @property
    def routes(self) -> Sequence[Any]:
        """What is answered, whether the document says it or not."""
        return self._app.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, started = time.monotonic(), 500, False
        scope.setdefault("state", {})

        async def observed(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except asyncio.CancelledError:
            if started or not self._parts.health.stopping:
                raise
            # the server ends what did not end by itself, and would tell of a defect
            await problems.answer(503, _ENDS)(scope, receive, observed)
        finally:
            seconds = time.monotonic() - begun
            route = getattr(scope.get("route"), "path", "")
            self._parts.metrics.request(scope["method"], route, status, seconds)
            logs.request(
                self._parts.log,
                method=scope["method"],
                route=route,
                status=status,
                seconds=seconds,
                key_id=scope["state"].get("key_id"),
            )
