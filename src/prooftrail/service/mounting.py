"""An application that is mounted into another one: made when it is first asked.

Guarantees: it opens nothing before the first request, hence in each pre-forked worker
apart. Where it cannot be made (a login is missing, the database is away), that is
logged and answered with 503, the application around it goes on, and the next request
tries again.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.responses import JSONResponse

from prooftrail.errors import ProoftrailError
from prooftrail.service import logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

_STATUS = 503


def lazily(make: Callable[[], ASGIApp]) -> ASGIApp:
    """Return an application that `make` makes once it is asked.

    Args:
        make: is called by one thread at a time, until it gives one.
    """
    lock = threading.Lock()
    made: list[ASGIApp] = []

    def app() -> ASGIApp:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            answering = made[0] if made else await to_thread.run_sync(app)
        except ProoftrailError as error:
            log = logs.open_log(sys.stderr, clock=lambda: time.time_ns() // 1000)
            log.warning("the trail cannot be opened", problem=str(error))
            told = "the trail cannot be opened here: this application's log says why"
            problem = {"error": {"status": _STATUS, "message": told}}
            headers = {"Retry-After": "5", "Cache-Control": "no-store"}
            answering = JSONResponse(problem, _STATUS, headers)
        await answering(scope, receive, send)

    return mounted
