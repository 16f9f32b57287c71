"""Outcomes: what an exception or a status says of how something ended.

Guarantees: total; an exception is told by its type and never by its text, which may
hold anything (a statement with its parameters, a password).

Source: RFC 9110, status codes; design, "result".
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prooftrail.capture.draft import Outcome

UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404
FAILURES = 400

_DENIALS = frozenset(
    {
        "PermissionError",
        "PermissionDenied",  # Django
        "NotAuthenticated",  # Django REST framework
        "AuthenticationFailed",
        "Forbidden",  # Werkzeug
        "Unauthorized",
        "AccessDenied",
        "AccessDeniedError",
    }
)
# whose statuses are what this application answers; a client's are another's answers
_FRAMEWORKS = frozenset(
    {
        *("starlette", "fastapi", "litestar", "falcon", "sanic"),
        *("werkzeug", "flask", "quart", "bottle", "pyramid"),
        *("django", "rest_framework"),
    }
)
# clients whose exceptions have names of refusals: they refused this application
_SERVICES = frozenset({"google", "stripe", "botocore", "grpc"})


def of_status(status: int, *, refused: bool = False) -> Outcome:
    """Return what a status means.

    Args:
        status: of an HTTP answer.
        refused: whether an authorisation was refused on the way: a 404 then hides a
            403.

    >>> of_status(201), of_status(403), of_status(404), of_status(404, refused=True)
    ('success', 'denied', 'failure', 'denied')
    """
    if status in (UNAUTHORIZED, FORBIDDEN) or (refused and status == NOT_FOUND):
        return "denied"
    return "failure" if status >= FAILURES else "success"


def of_exception(error: BaseException) -> Outcome:
    """Return what an exception means: denied, where whoever acts was refused.

    What the operating system or another service refuses this application is a failure.

    >>> of_exception(PermissionError("not yours"))
    'denied'
    >>> of_exception(PermissionError(13, "Permission denied", "/srv/export.csv"))
    'failure'
    """
    if isinstance(error, SystemExit):
        return "success" if error.code in (None, 0) else "failure"
    if isinstance(error, OSError) and error.errno is not None:
        return "failure"
    kinds = type(error).__mro__
    origins = {kind.__module__.partition(".")[0] for kind in kinds}
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if status in (UNAUTHORIZED, FORBIDDEN) and origins & _FRAMEWORKS:
        return "denied"
    names = {kind.__name__ for kind in kinds}
    return "denied" if names & _DENIALS and not origins & _SERVICES else "failure"


def told(error: BaseException) -> str:
    """Return an exception's type, and nothing else of it.

    >>> told(ValueError("secret"))
    'ValueError'
    """
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    if isinstance(error, GeneratorExit):
        return "not read to the end"
    kind = type(error)
    return (
        kind.__qualname__
        if kind.__module__ in {"builtins", "__main__"}
        else f"{kind.__module__}.{kind.__qualname__}"
    )
