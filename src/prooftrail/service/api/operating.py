"""Whether the service is well, what it counts, and what may be asked of it.

Guarantees: `/healthz` alone is answered without a key, and says nothing but that
somebody answers; that takes no thread and no database. Readiness tells reading from
writing: a log that was found altered turns reading, and still takes events in. Why, and
what is counted, concerns all streams and all time: only a key that may operate and is
limited to neither is told.

Source: Prometheus, "Exposition formats"; OpenAPI 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.responses import Response as PlainResponse

from prooftrail.service import metrics
from prooftrail.service.api import document, pages
from prooftrail.service.api.places import OPERATING, Places
from prooftrail.service.api.problems import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response

    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts


def router(parts: Parts, callers: Callers, app: FastAPI) -> APIRouter:
    """Return the routes."""
    made = APIRouter(tags=["Operating"])

    places = Places(OPERATING)

    @made.head("/healthz", response_model=None, include_in_schema=False)
    @made.get("/healthz", response_model=None, summary="Whether somebody answers")
    async def alive() -> Response:
        """Needs no key."""
        return PlainTextResponse("ok\n")

    @made.get(
        "/readyz", response_model=None, summary="Whether reading and writing are well"
    )
    async def ready(request: Request) -> Response:
        """200 where both are, else 503; why not is told to keys that may operate.

        Such a key has the role security or admin, and no limits.
        """
        caller = await places.run(callers.of, request, None)
        health = parts.health
        return _ready(
            caller,
            {"read": health.reading_problem, "write": health.writing_problem},
        )

    @made.get(
        "/readyz/read",
        response_model=None,
        summary="Whether what is read can be relied on",
    )
    async def ready_to_read(request: Request) -> Response:
        """503 while the database is away, or a verification found the log altered."""
        caller = await places.run(callers.of, request, None)
        return _ready(caller, {"read": parts.health.reading_problem})

    @made.get(
        "/readyz/write", response_model=None, summary="Whether events are taken in"
    )
    async def ready_to_write(request: Request) -> Response:
        """503 while the inbox cannot be reached."""
        caller = await places.run(callers.of, request, None)
        return _ready(caller, {"write": parts.health.writing_problem})

    @made.get("/metrics", response_model=None, summary="Metrics for Prometheus")
    async def counted(request: Request) -> Response:
        """Needs a key of the role security or admin that has no limits."""
        caller = await places.run(callers.of, request, "operate")
        if not caller.operates:
            raise Problem(
                403, "this key is limited, and metrics are of all streams and all time"
            )
        text = await places.run(parts.metrics.render)
        return PlainResponse(text, media_type=metrics.CONTENT_TYPE)

    @made.get("/openapi.json", response_model=None, include_in_schema=False)
    async def schema(request: Request) -> Response:
        await places.run(callers.of, request, None)
        return JSONResponse(document.of(app, request.scope.get("root_path", "")))

    @made.get("/docs", response_model=None, include_in_schema=False)
    async def docs(request: Request) -> Response:
        await places.run(callers.of, request, None)
        told = document.of(app, request.scope.get("root_path", ""))
        return HTMLResponse(pages.docs(told), headers=pages.HEADERS)

    return made


def _ready(caller: Caller, problems: dict[str, str | None]) -> Response:
    well = not any(problems.values())
    told = {
        name: "ready"
        if problem is None
        else problem
        if caller.operates
        else "not ready"
        for name, problem in problems.items()
    }
    return JSONResponse(told, 200 if well else 503)
