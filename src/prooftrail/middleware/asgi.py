"""The ASGI middleware: FastAPI, Starlette, and whatever else speaks ASGI.

    app.add_middleware(prooftrail.AuditMiddleware, actor=lambda request: request.user)

Guarantees: as `exchange`; where the event's type is *closed*, a success is answered
when its event is durable, and 503 is in its place if that cannot be. The answer to
anything else goes out in any case. Context variables of the application are left as
they are (no BaseHTTPMiddleware); messages of websockets and lifespan pass untouched.
What is recorded inside of a websocket has its actor, address, ids and route; opening
one is no event, and nor is a message. At their start and stop it is recorded that
capture does so (`announcing`). The event of an answer is recorded when it begins: if it
breaks off, or if what runs after it fails (a dependency that commits, a background
task), a second event says so.

Does not: hold a body back, or read one.

Source: ASGI 3.0.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prooftrail.capture import scope
from prooftrail.middleware.exchange import Exchange
from prooftrail.middleware.refusal import REFUSAL, RETRY_SECONDS, UNAVAILABLE
from prooftrail.middleware.routes import Route
from prooftrail.middleware.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping
    from typing import Unpack

    from prooftrail.middleware.rules import Settings

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_ERROR = 500
_BODIES = frozenset({"http.response.body", "http.response.pathsend"})


class AuditMiddleware:
    """Records requests; in one line, outermost but for error pages.

    Args:
        app: what answers.
        **settings: see `Settings`.
    """

    def __init__(self, app: App, **settings: Unpack[Settings]) -> None:
        self.app = app
        self.rules = Rules(**settings)

    async def __call__(
        self, asgi: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """Answer as the application does, and record it."""
        if asgi["type"] not in ("http", "websocket"):
            if asgi["type"] == "lifespan":
                receive, send = self._watched(receive, send)
            await self.app(asgi, receive, send)
            return
        self.rules.start()  # for servers without lifespan
        answer = _Answer(self.rules, asgi, send)
        if asgi["type"] == "websocket":
            with scope.scoped(answer.exchange.scope):
                await self.app(asgi, receive, send)
            return
        try:
            with answer.exchange.inside():
                try:
                    await self.app(asgi, receive, answer.send)
                except BaseException as error:
                    await answer.failed(error)
                    raise
                await answer.ended()
        finally:
            await answer.exchange.close_async()

    def _watched(self, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """Tell of start and stop while the application's own recorder is open."""

        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self.rules.stop()
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self.rules.start()
            await send(message)

        return received, sent


class _Answer:
    """One request's answer on its way out."""

    def __init__(
        self, rules: Rules, asgi: MutableMapping[str, Any], send: Send
    ) -> None:
        self._asgi = asgi
        # what a proxy strips or a mount adds is deployment, not the application's route
        self._root = asgi.get("root_path", "")
        self._send = send
        self._rules = rules
        self._begun = False
        self._complete = False
        self._refused = False
        client = asgi.get("client")
        self.exchange = Exchange(
            rules,
            method=lambda: asgi.get("method", "GET"),  # as a websocket begins
            url=f"{asgi.get('scheme', 'http')}://_{asgi['path']}",
            headers=_headers(asgi),
            peer=client[0] if client else None,
            found=self._route,
            who=self._who,
        )

    async def send(self, message: Message) -> None:
        """Send a message of the application's on."""
        if self._refused:
            return
        if message["type"] == "http.response.start" and not self._begun:
            self._begun = True
            self.exchange.location = _location(message.get("headers", ()))
            if not await self.exchange.record_async(message["status"]):
                self._refused = True
                await self._refuse()
                return
        if message["type"] in _BODIES and not message.get("more_body"):
            self._complete = True
        await self._send(message)

    async def failed(self, error: BaseException) -> None:
        """Record that the application raised."""
        await self.exchange.failed_async(error, complete=self._complete)

    async def ended(self) -> None:
        """Record a request that was not answered at all, or not to the end."""
        if not self._begun:
            await self.exchange.record_async(_ERROR)
        elif not self._complete and not self._refused:
            await self.exchange.failed_async(GeneratorExit())  # its client went away

    async def _refuse(self) -> None:
        body = json.dumps({"detail": REFUSAL}).encode()
        await self._send(
            {
                "type": "http.response.start",
                "status": UNAVAILABLE,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(body)).encode()),
                    (b"retry-after", b"%d" % RETRY_SECONDS),
                ],
            }
        )
        await self._send({"type": "http.response.body", "body": body})

    def _route(self) -> Route:
        asgi = self._asgi
        parameters = {
            name: str(value) for name, value in asgi.get("path_params", {}).items()
        }
        endpoint = asgi.get("endpoint")
        template = _path_of(asgi)
        if isinstance(template, str):
            below = asgi.get("root_path", "").removeprefix(self._root)
            return Route(f"{below}{template}", parameters, endpoint, reached=True)
        path = asgi["path"].removeprefix(self._root)
        if endpoint is None:
            found = self._rules.routes.guess(self.exchange.method, path)
            # Starlette knows its routes, and leaves word of itself
            return found._replace(reached=False) if "app" in asgi else found
        return Route(_template(path, parameters), parameters, endpoint, reached=True)

    def _who(self) -> object:
        if self._rules.actor is not None:
            return self._rules.who(_request(self._asgi))
        user = self._asgi.get("user")
        return self._asgi.get("state", {}).get("user") if user is None else user


def _path_of(asgi: MutableMapping[str, Any]) -> object:
    """Return the template that FastAPI matched, prefixes of included routers and all.

    A route that was included as it is (newer versions do) tells its own part
    alone; the whole of it stands beside.
    """
    route = asgi.get("route")
    included = asgi.get("fastapi")
    if isinstance(included, dict):
        whole = included.get("effective_route_context")
        if whole is not None and getattr(whole, "original_route", None) is route:
            return getattr(whole, "path", None)
    return getattr(route, "path", None)


def _headers(asgi: MutableMapping[str, Any]) -> dict[str, str]:
    wanted = Exchange.HEADERS
    made: dict[str, str] = {}
    for name, value in asgi["headers"]:
        key = name.decode("latin-1").lower()
        if key in wanted:
            text = value.decode("latin-1")
            made[key] = f"{made[key]}, {text}" if key in made else text
    return made


def _location(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name.lower() == b"location":
            return value.decode("latin-1")
    return None


def _template(path: str, parameters: dict[str, str]) -> str:
    """Return a path with its parameters' names in their places.

    For frameworks that do not say which template matched.
    """
    left = {value: name for name, value in parameters.items()}
    parts = [
        f"{{{left.pop(part)}}}" if part in left else part for part in path.split("/")
    ]
    made = "/".join(parts)
    for value, name in left.items():  # one that spans several parts
        made = made.replace(value, f"{{{name}}}", 1) if value else made
    return made


def _request(asgi: MutableMapping[str, Any]) -> object:
    try:
        from starlette import requests  # noqa: PLC0415  if it is in use
    except ImportError:
        return asgi
    is_http = asgi["type"] == "http"
    return requests.Request(asgi) if is_http else requests.HTTPConnection(asgi)
