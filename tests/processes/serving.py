"""`prooftrail serve` with an application that is only there to be served by it.

It answers what its parts say, so that a test of the service needs none of the API.
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from prooftrail.service.parts import Parts


def create(parts: Parts) -> Starlette:
    async def state(_: Request) -> Response:
        duties = {name: one._asdict() for name, one in parts.health.duties.items()}
        return JSONResponse(
            {
                "writing": parts.health.writing_problem,
                "reading": parts.health.reading_problem,
                "duties": duties,
            }
        )

    async def metrics(_: Request) -> Response:
        return PlainTextResponse(parts.metrics.render())

    async def write(request: Request) -> Response:
        event = await request.json()
        found = await run_in_threadpool(parts.recorder.record, event)
        return JSONResponse({"eventId": found}, 201)

    async def check(_: Request) -> Response:
        run_id = await run_in_threadpool(parts.checks.start, asked_by="key:1")
        return JSONResponse({"id": run_id}, 202)

    async def result(request: Request) -> Response:
        run: Any = await run_in_threadpool(
            parts.checks.get, request.path_params["run_id"]
        )
        return JSONResponse({"told": run.told})

    return Starlette(
        routes=[
            Route("/state", state),
            Route("/metrics", metrics),
            Route("/events", write, methods=["POST"]),
            Route("/checks", check, methods=["POST"]),
            Route("/checks/{run_id}", result),
        ]
    )


def main() -> None:
    stand_in = types.ModuleType("prooftrail.service.app")
    vars(stand_in)["create"] = create
    sys.modules["prooftrail.service.app"] = stand_in
    from prooftrail import service  # noqa: PLC0415

    vars(service)["app"] = stand_in
    from prooftrail.console import app as console  # noqa: PLC0415

    vars(console)["beside"] = lambda answering, _: answering
    from prooftrail.cli import main as command  # noqa: PLC0415

    command()


if __name__ == "__main__":
    main()
