"""The WSGI middleware: Flask, and whatever else speaks WSGI.

    app.wsgi_app = prooftrail.WSGIAuditMiddleware(app.wsgi_app)

Guarantees: as `exchange`; where the event's type is *closed*, a success is answered
when its event is durable, and 503 is in its place if that cannot be. The application
runs in a context of its own, body included: nothing of one request is left in the
server's thread for the next one. If a body breaks off, a second event says so.

Does not: know a plain WSGI application's routes. They are found in the table, or said
by ``environ["prooftrail.route"]``; Flask's are read from its request.

Source: PEP 3333.
"""

from __future__ import annotations

import contextvars
import json
from typing import TYPE_CHECKING, Any

from prooftrail.middleware.exchange import Exchange
from prooftrail.middleware.refusal import REFUSAL, RETRY_SECONDS
from prooftrail.middleware.routes import Route
from prooftrail.middleware.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Unpack

    from prooftrail.middleware.rules import Settings

    Environ = dict[str, Any]
    StartResponse = Callable[..., Callable[[bytes], object]]
    App = Callable[[Environ, StartResponse], Iterable[bytes]]

EXCHANGE = "prooftrail.exchange"  # where an environ keeps it
ROUTE = "prooftrail.route"  # where an application may say its template

_ERROR = 500


class WSGIAuditMiddleware:
    """Records requests.

    Args:
        app: what answers.
        **settings: see `Settings`; `actor` gets Werkzeug's request, or the environ.
    """

    def __init__(self, app: App, **settings: Unpack[Settings]) -> None:
        self.app = app
        self.rules = Rules(**settings)

    def __call__(self, environ: Environ, start_response: StartResponse) -> _Body:
        """Answer as the application does, and record it."""
        self.rules.start()
        answer = _Answer(self.rules, environ, start_response)
        environ[EXCHANGE] = answer.exchange
        context = contextvars.copy_context()
        context.run(answer.exchange.enter)
        try:
            items = context.run(self.app, environ, answer.start)
        except BaseException as error:
            context.run(answer.failed, error)
            raise
        return _Body(context, items, answer)


class _Answer:
    """One request's answer on its way out."""

    def __init__(
        self, rules: Rules, environ: Environ, start_response: StartResponse
    ) -> None:
        self._rules = rules
        self._environ = environ
        self._start_response = start_response
        self._begun = False
        self._refused = False
        self._replaced = False
        self._left: int | None = None  # bytes of the body that are to come, if known
        self.exchange = Exchange(
            rules,
            method=lambda: environ["REQUEST_METHOD"],
            url=f"{environ.get('wsgi.url_scheme')}://_{self._path}",
            headers=_headers(environ),
            peer=environ.get("REMOTE_ADDR"),
            found=self._route,
            who=self._who,
        )

    def start(
        self, status: str, headers: list[tuple[str, str]], *exc_info: object
    ) -> Callable[[bytes], object]:
        """Begin the answer, or one in its place."""
        again = self._begun
        if not self._begun:
            self._begun = True
            self._left = _length(headers)
            lower = {name.lower(): value for name, value in headers}
            self.exchange.location = lower.get("location")
            self._refused = not self.exchange.record(int(status[:3]))
        if self._refused:
            self._start_response(
                "503 Service Unavailable",
                [
                    ("Content-Type", "application/json"),
                    ("Retry-After", str(RETRY_SECONDS)),
                ],
                *exc_info,
            )
            return lambda _: None
        write = self._start_response(status, headers, *exc_info)
        if again and int(status[:3]) >= _ERROR and not self._replaced:
            self.exchange.scope.context["status"] = int(status[:3])
            self._replaced = True  # PEP 3333: nothing of the first one was sent
            self.exchange.failed(_replacing(exc_info))
        return write

    def is_refused(self) -> bool:
        """Whether a refusal is answered in place of the application's answer."""
        return self._refused

    def passed(self, item: bytes) -> None:
        """Note that a part of the body was handed on."""
        if self._left is not None:
            self._left -= len(item)

    def given_up(self) -> None:
        """Record that the body was not read to its end."""
        if self._begun and not self._refused and (self._left is None or self._left > 0):
            self.exchange.failed(GeneratorExit())

    def failed(self, error: BaseException) -> None:
        """Record that the application raised."""
        self.exchange.failed(error)
        self.exchange.close()

    def _route(self) -> Route:
        environ = self._environ
        request = environ.get("werkzeug.request")
        rule = getattr(request, "url_rule", None)
        if rule is not None:
            given = getattr(request, "view_args", None) or {}
            parameters = {name: str(value) for name, value in given.items()}
            return Route(
                rule.rule, parameters, environ.get("prooftrail.endpoint"), reached=True
            )
        if isinstance(environ.get(ROUTE), str):
            return Route(environ[ROUTE], reached=True)
        found = self._rules.routes.guess(self.exchange.method, self._path)
        # of Werkzeug's, all that could be reached is in its table of rules
        return found if request is None else found._replace(reached=False)

    @property
    def _path(self) -> str:
        environ = self._environ
        return f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"

    def _who(self) -> object:
        environ = self._environ
        request: object = environ.get("werkzeug.request", environ)
        if self._rules.actor is not None:
            return self._rules.who(request)
        return getattr(request, "user", None) or environ.get("REMOTE_USER")


def _length(headers: list[tuple[str, str]]) -> int | None:
    for name, value in headers:
        if name.lower() == "content-length" and value.isdecimal():
            return int(value)
    return None


def _replacing(exc_info: tuple[object, ...]) -> BaseException:
    """Return what was raised when an answer had begun."""
    given = exc_info[0] if exc_info else None
    error = given[1] if isinstance(given, tuple) else None
    return error if isinstance(error, BaseException) else RuntimeError()


class _Body:
    """The answer's body, each step of it in the request's own context."""

    def __init__(
        self, context: contextvars.Context, items: Iterable[bytes], answer: _Answer
    ) -> None:
        self._context = context
        self._items = items
        self._answer = answer
        self._steps: Iterator[bytes] | None = None
        self._said = False
        self._ended = False

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        if self._answer.is_refused():
            return self._refusal()
        try:
            if self._steps is None:
                self._steps = self._context.run(iter, self._items)
            item = self._context.run(next, self._steps)
        except StopIteration:
            self._ended = True
            raise
        except BaseException as error:
            self._ended = True
            self._context.run(self._answer.failed, error)
            raise
        # an application may begin its answer with its first item
        if self._answer.is_refused():
            return self._refusal()
        self._answer.passed(item)
        return item

    def close(self) -> None:
        """End: close the application's body, and the request's scope."""
        close = getattr(self._items, "close", None)
        try:
            if not self._ended:
                self._context.run(self._answer.given_up)
            if close is not None:
                self._context.run(close)
        except BaseException as error:
            self._context.run(self._answer.failed, error)
            raise
        finally:
            self._context.run(self._answer.exchange.close)

    def _refusal(self) -> bytes:
        if self._said:
            raise StopIteration
        self._said = True
        return json.dumps({"detail": REFUSAL}).encode()


def _headers(environ: Environ) -> dict[str, str]:
    made = {}
    for name in Exchange.HEADERS:
        value = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
        if value is not None:
            made[name] = value
    return made
