"""The time of this application: the system's, unless a simulation says another.

With ``FINTECH_SIMULATED=1`` a request may say its own time (``x-simulated-now``), so
that the traffic script can act over 90 days. Never set it elsewhere.
"""

from __future__ import annotations

import contextvars
import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping

    Scope = MutableMapping[str, Any]
    App = Callable[[Scope, Any, Any], Awaitable[None]]

SIMULATED = "FINTECH_SIMULATED"
BEGINS = "FINTECH_BEGINS"  # microseconds: when a simulation begins
HEADER = "x-simulated-now"

_now: contextvars.ContextVar[int | None] = contextvars.ContextVar(
    "fintech_now", default=None
)


class Clock:
    """Microseconds since the epoch, UTC."""

    def __call__(self) -> int:
        """Return the present."""
        now = _now.get()
        if now is None and is_simulated() and BEGINS in os.environ:
            now = max(int(os.environ[BEGINS]), SimulatedTime.latest)
        return time.time_ns() // 1_000 if now is None else now

    def now(self) -> datetime:
        """Return the present as a datetime."""
        return datetime.fromtimestamp(self() / 1_000_000, UTC)


clock = Clock()


def is_simulated() -> bool:
    """Whether requests may say their own time."""
    return os.environ.get(SIMULATED) == "1"


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Run what is inside at another time."""
    token = _now.set(round(moment.timestamp() * 1_000_000))
    try:
        yield
    finally:
        _now.reset(token)


class SimulatedTime:
    """ASGI: lets a request run at the time that it says."""

    latest = 0  # that a request has said: the time outside of requests

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: object, send: object) -> None:
        """Run the application at that time."""
        said = dict(scope.get("headers") or ()).get(HEADER.encode())
        token = None
        if said is not None:
            token = _now.set(int(said))
            SimulatedTime.latest = max(SimulatedTime.latest, int(said))
        try:
            await self._app(scope, receive, send)
        finally:
            if token is not None:
                _now.reset(token)
