"""What goes wrong, as answers: one shape for all, without a traceback or a value.

Guarantees: every error is JSON, `{"error": {"status", "message"}}`, with a status that
says whose turn it is: 400 for what was asked wrongly, 429 and 503 with Retry-After for
what is to be tried again; a query that is not understood has `at` and `length`, where
in it, in characters from 0. Who asks for what is not there, or not for his key, is told
so in the same words, once that is in the trail. A defect of ours says so and nothing
of itself; the log has its place.

Source: RFC 9110.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from prooftrail.errors import (
    BusyError,
    DatabaseError,
    EndedError,
    EventError,
    HiddenError,
    ProoftrailError,
    QueryError,
    QuestionError,
    RecordError,
    ReportError,
    RevealError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.service.parts import Parts

RETRY_SECONDS = 2

_STATUS: tuple[tuple[type[ProoftrailError], int], ...] = (
    (EndedError, 401),
    (QuestionError, 400),
    (ReportError, 503),  # the extra is not installed, or memory is short
    (RevealError, 409),
    (EventError, 400),
    (BusyError, 429),
    (UnavailableError, 503),
    (RecordError, 503),
    (DatabaseError, 503),
)
_ASK_AGAIN = {429, 503}
_MAIL = re.compile(r"""[^\s'"(),:]+@[^\s'"(),:]+""")
_TOLD = {
    404: "there is nothing here: GET /docs lists what there is",
    405: "this cannot be done here: GET /docs lists what can",
}


class Problem(Exception):  # noqa: N818  an answer, not a failure
    """An answer that ends a request.

    Args:
        status: of the answer.
        message: what happened, and what to do.
        headers: of the answer, beside those that all have.
        hidden: what was asked for that is not there or not for this key: that it was
            asked for is recorded.
    """

    def __init__(
        self,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        hidden: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self.hidden = hidden


def answer(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, int] | None = None,
) -> Response:
    """Return the answer that tells a problem; `more` stands beside its message."""
    extra = dict(headers or {})
    if status in _ASK_AGAIN:
        extra.setdefault("Retry-After", str(RETRY_SECONDS))
    return JSONResponse(
        {"error": {"status": status, "message": message, **(more or {})}}, status, extra
    )


def check_json(request: Request) -> None:
    """Have a body be said to be JSON: a form of another site cannot say so.

    Raises:
        Problem: 415, it is not.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "a body is JSON: add Content-Type: application/json")


def install(
    app: FastAPI,
    parts: Parts,
    known: Callable[[Request], Awaitable[None]],
    denied: Callable[[Request, str], Awaitable[None]],
) -> None:
    """Have an application answer so.

    Args:
        app: of the API.
        parts: that it works with.
        known: raises a Problem for who has no good key: he is not told what is there.
        denied: records that a key asked for what is not there, or not for it.
    """

    async def problem(request: Request, error: Exception) -> Response:
        if not isinstance(error, Problem):
            raise error
        failure = await _recorded(denied, request, error.hidden)
        if failure is not None:
            return _failed(parts, failure)
        return answer(error.status, error.message, error.headers)

    async def http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        try:
            await known(request)
        except Problem as one:
            return await problem(request, one)
        except ProoftrailError as one:
            return await ours(request, one)
        told = _TOLD.get(error.status_code, str(error.detail))
        return answer(error.status_code, told, _headers(app, request, error))

    async def ours(request: Request, error: Exception) -> Response:
        what = error.what if isinstance(error, HiddenError) else None
        return _failed(parts, await _recorded(denied, request, what) or error)

    async def defect(_: Request, error: Exception) -> Response:
        parts.log.error("a defect, report it", exc_info=error)
        return answer(500, "this is a defect of the service; its log says where")

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ProoftrailError, ours)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, defect)


async def _recorded(
    denied: Callable[[Request, str], Awaitable[None]],
    request: Request,
    what: str | None,
) -> ProoftrailError | None:
    """Have it recorded that something was hidden; return why that failed."""
    if what is not None:
        try:
            await denied(request, what)
        except ProoftrailError as error:
            return error
    return None


def _failed(parts: Parts, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    if status >= 500:  # noqa: PLR2004
        parts.log.error("a request failed", problem=str(error))
    place = (
        {"at": error.at, "length": error.length}
        if isinstance(error, QueryError)
        else {}
    )
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, EndedError) else {}
    return answer(status, told(error), headers, more=place)


async def _gone(_: Request, __: Exception) -> Response:
    return answer(400, "the body ended before its end")  # nobody hears it


def _headers(app: FastAPI, request: Request, error: HTTPException) -> dict[str, str]:
    headers = dict(error.headers or {})
    route = getattr(request.scope.get("route"), "path", "")
    if "Allow" in headers and route in app.openapi()["paths"]:
        # a path has a route for each method; the error knows one of them
        methods = sorted(app.openapi()["paths"][route])
        headers["Allow"] = ", ".join(methods).upper()
    return headers


def told(error: Exception) -> str:
    """Return what to say of an error to whoever called.

    What the database said stays in the log: it may quote what it was given. An answer
    that is a problem may be kept by whatever stands between, where a question is not:
    somebody's e-mail address in it is not repeated.
    """
    if isinstance(error, QuestionError):
        return _MAIL.sub("...", str(error))
    if isinstance(error, EventError | BusyError | EndedError):
        return str(error)
    if isinstance(error, RecordError):
        return "not known to be durable: send it again with the same eventId"
    if isinstance(error, UnavailableError):
        return "the database does not answer at present: try again"
    return "the database refused; the service's log says why"
