"""What coverage says of Starlette's own: classes, files, applications of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import prooftrail
from prooftrail import audited, excused
from prooftrail.coverage.judging import Kind, State
from tests.test_coverage import covered, said, who

if TYPE_CHECKING:
    from starlette.requests import Request


def _answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("done")


class Things(HTTPEndpoint):
    async def get(self, request: Request) -> PlainTextResponse:
        return _answer(request)

    @audited("admin.config.update")
    async def post(self, request: Request) -> PlainTextResponse:
        return _answer(request)

    async def delete(self, request: Request) -> PlainTextResponse:
        return _answer(request)


async def _bare(scope: Any, receive: Any, send: Any) -> None: ...


def test_starlette_has_classes_files_and_applications_of_any_kind() -> None:
    app = Starlette(
        routes=[
            Route("/things/{id:int}", Things),
            Mount("/files", StaticFiles(directory="/", check_dir=False)),
            Mount("/other", _bare),
            Mount("/group", routes=[Route("/a", _answer, methods=["PATCH"])]),
        ],
        middleware=[
            Middleware(
                prooftrail.AuditMiddleware,
                actor=who,
                routes={
                    "DELETE /things/{id}": "data.import.complete",
                    "PATCH /group/a": excused("a test's"),
                },
            )
        ],
    )
    report = covered(app)
    assert report.exit_code == 0
    assert said(report, Kind.UNKNOWN) == ["ANY /other/*"]
    assert {one.name: one.state for one in report.rows} == {
        "GET /files/*": State.READING,
        "PATCH /group/a": State.EXCUSED,
        "ANY /other/*": State.UNKNOWN,
        "DELETE /things/{id:int}": State.CAPTURED,
        "GET /things/{id:int}": State.READING,
        "POST /things/{id:int}": State.CAPTURED,
    }


def test_the_middleware_may_be_wrapped_around() -> None:
    inner = Starlette(routes=[Route("/x", _answer, methods=["POST"])])
    app = prooftrail.AuditMiddleware(
        inner, actor=who, routes={"POST /x": "auth.logout"}
    )
    assert covered(app).exit_code == 0
