"""Flask: the middleware in one line, and a decorator that decides and refuses.

    Audit(app, routes={"PUT /customers/<id>": "customer.pii.update"})

    @app.get("/customers/export")
    @requires("customers:export")

Guarantees: what a view raises is told by its type; what the application's check decided
is in the event of the request, as it stood then. The actor is `g.user`, or the
`current_user` of Flask-Login, unless `actor=` says another.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from flask import abort, current_app, g, got_request_exception, request

from prooftrail.capture import authorization
from prooftrail.errors import ConfigurationError
from prooftrail.middleware.wsgi import EXCHANGE, WSGIAuditMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from flask import Flask, Response

    from prooftrail.middleware.rules import Settings

P = ParamSpec("P")
R = TypeVar("R")

_CHECK = "prooftrail_check"


class Audit:
    """Records the requests of a Flask application.

    Args:
        app: the application.
        check: decides for `requires`: gets the request and the permission's name, and
            returns what `authorization.evidence_of` takes.
        **settings: see `middleware.rules.Settings`.
    """

    def __init__(
        self,
        app: Flask,
        *,
        check: Callable[[Any, str], Any] | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        settings.setdefault("actor", _user)
        self.middleware = WSGIAuditMiddleware(app.wsgi_app, **settings)
        app.wsgi_app = self.middleware  # type: ignore[method-assign]
        app.extensions[_CHECK] = check
        # before all others: one of them may answer
        app.before_request_funcs.setdefault(None, []).insert(0, _endpoint)
        app.after_request(_answered)
        # not weakly: nobody else holds it
        got_request_exception.connect(_raised, app, weak=False)


def requires(
    permission: str, *, masked: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view be called only with a permission.

    Args:
        permission: its name, as the check knows it.
        masked: answer 404 in place of 403, as if there were nothing.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            check = current_app.extensions.get(_CHECK)
            if check is None:
                raise ConfigurationError(
                    f"requires({permission!r}) has no check: pass one to Audit(app, "
                    "check=...)"
                )
            decided = check(request, permission)
            evidence = authorization.note(
                authorization.evidence_of(decided, permission)
            )
            if evidence["decision"] == "denied":
                abort(404 if masked else 403)
            return view(*args, **kwargs)

        run.__prooftrail_requires__ = permission  # type: ignore[attr-defined]
        return run

    return decorate


def _user(_: object) -> object:
    user = g.get("user")
    return getattr(g, "_login_user", None) if user is None else user


def _endpoint() -> None:
    """Let the middleware find what marks the view."""
    view = current_app.view_functions.get(request.endpoint or "")
    request.environ["prooftrail.endpoint"] = getattr(view, "view_class", view)


def _raised(_: Flask, exception: BaseException, **__: object) -> None:
    exchange = request.environ.get(EXCHANGE)
    if exchange is not None:
        exchange.raised(exception)
        exchange.keep()


def _answered(response: Response) -> Response:
    """Keep who acts for a body that is made when Flask has left the request."""
    exchange = request.environ.get(EXCHANGE)
    if exchange is not None and response.is_streamed:
        exchange.keep()
    return response
