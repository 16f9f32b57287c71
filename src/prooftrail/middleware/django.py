"""The Django middleware, under WSGI and ASGI: one line in `MIDDLEWARE`.

    MIDDLEWARE = ["prooftrail.middleware.django.AuditMiddleware", ...]
    PROOFTRAIL = {"routes": {"PUT /customers/<id>": "customer.pii.update"}}

Guarantees: as `exchange`; the answer has been made and the view's transaction has ended
(ATOMIC_REQUESTS too) when the event is recorded, so that a rollback leaves no event of
success. Where the type is *closed*, a success is answered when its event is durable,
and 503 is in its place if that cannot be. If a streaming body breaks off, a second
event says so. Where the client goes away, Django cancels the request (under ASGI): that
is a failure, `cancelled`, whatever a synchronous view does in its thread after that.

The actor is `request.user` as it is in the end, whoever set it, unless
`PROOFTRAIL["actor"]` says another; of a logout, who left. A login that Django refuses
is a failure, whatever status the page that says so has. Put this first: what other
middleware refuses is recorded too.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.http import JsonResponse
from django.urls import Resolver404, resolve
from django.utils.functional import SimpleLazyObject, empty

from prooftrail.errors import ProoftrailError
from prooftrail.middleware.exchange import Exchange
from prooftrail.middleware.refusal import REFUSAL, RETRY_SECONDS, UNAVAILABLE
from prooftrail.middleware.routes import Route
from prooftrail.middleware.rules import Rules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

EXCHANGE = "prooftrail_exchange"  # where a request keeps it
_ID = re.compile(r"[0-9]{1,20}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LEFT = "prooftrail_left"  # where it keeps who logged out
_SHUT = "prooftrail_shut"  # where it keeps that a login was refused


class AuditMiddleware:
    """Records requests.

    Args:
        get_response: what answers.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        given = dict(getattr(settings, "PROOFTRAIL", {}))
        given.pop("check", None)  # for `integrations.django.requires`
        self.rules = Rules(**given)

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401  or a coroutine
        """Answer as the application does, and record it."""
        if self._is_async:
            return self._answer_async(request)
        exchange = self._begin(request)
        with exchange.inside():
            try:
                response = self._get_response(request)
            except BaseException as error:
                exchange.failed(error)
                exchange.close()
                raise
            exchange.location = response.headers.get("Location")
            if not exchange.record(response.status_code):
                response = _refusal(response)
        return _ending(exchange, response)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Note what a view raised; Django answers for it."""
        exchange = getattr(request, EXCHANGE, None)
        if exchange is not None:
            exchange.raised(exception)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        exchange = self._begin(request)
        with exchange.inside():
            try:
                response: HttpResponseBase = await self._get_response(request)
            except BaseException as error:
                await exchange.failed_async(error)
                exchange.close()
                raise
            asks = self.rules.actor is None and _unknown(getattr(request, "user", None))
            record = sync_to_async(exchange.record) if asks else exchange.record_async
            exchange.location = response.headers.get("Location")
            if not await record(response.status_code):
                response = _refusal(response)
        return _ending(exchange, response)

    def _begin(self, request: HttpRequest) -> Exchange:
        self.rules.start()
        exchange = Exchange(
            self.rules,
            method=lambda: request.method or "",
            url=f"{request.scheme}://_{request.path}",
            headers={
                name: request.headers[name]
                for name in Exchange.HEADERS
                if name in request.headers
            },
            peer=request.META.get("REMOTE_ADDR"),
            found=lambda: _route(request),
            who=lambda: self._who(request),
        )
        setattr(request, EXCHANGE, exchange)
        return exchange

    def _who(self, request: HttpRequest) -> object:
        if self.rules.actor is not None:
            return self.rules.who(request)
        user: object = getattr(request, "user", None)
        if _unknown(user):
            # nobody looked, or by `auser()` alone; to look may ask the database, which
            # is not done on the event loop
            user = getattr(request, "_acached_user", None if _on_loop() else user)
        known = getattr(user, "is_authenticated", True)
        return user if known else getattr(request, _LEFT, user)


def _unknown(user: object) -> bool:
    """Whether this is the session's user, at whom nobody has looked."""
    return (
        isinstance(user, SimpleLazyObject) and user._wrapped is empty  # noqa: SLF001
    )


def _on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _logged_out(request: Any, user: object, **_: object) -> None:  # noqa: ANN401
    """Remember who logs out: until then it was his request."""
    if user is not None:
        # REST framework's request stands before Django's
        setattr(getattr(request, "_request", request), _LEFT, user)


def _login_failed(request: Any = None, **_: object) -> None:  # noqa: ANN401
    """Remember that nobody was let in: the form is shown again, with 200."""
    exchange = _exchange(request)
    if exchange is not None and exchange.draft.outcome is None:
        exchange.draft.outcome = "failure"
        setattr(request, _SHUT, True)


def _logged_in(request: Any = None, **_: object) -> None:  # noqa: ANN401
    """Take that back: another way led in."""
    exchange = _exchange(request)
    if exchange is not None and request.__dict__.pop(_SHUT, False):
        exchange.draft.outcome = None


def _exchange(request: Any) -> Exchange | None:  # noqa: ANN401
    # REST framework's request stands before Django's
    found: Exchange | None = getattr(
        getattr(request, "_request", request), EXCHANGE, None
    )
    return found


user_logged_out.connect(_logged_out, dispatch_uid="prooftrail")
user_login_failed.connect(_login_failed, dispatch_uid="prooftrail")
user_logged_in.connect(_logged_in, dispatch_uid="prooftrail")


def _route(request: HttpRequest) -> Route:
    match = request.resolver_match
    reached = match is not None
    if match is None:  # refused before, or there is none
        try:
            match = resolve(request.path_info, getattr(request, "urlconf", None))
        except Resolver404:
            return Route(reached=False)
    parameters = {name: str(value) for name, value in match.kwargs.items()}
    if not parameters:  # groups without a name: what looks like an id may be one
        parameters = {
            str(place): str(value)
            for place, value in enumerate(match.args)
            if _ID.fullmatch(str(value))
        }
    endpoint = endpoint_of(match.func, request.method or "")
    return Route(f"/{match.route.lstrip('/')}", parameters, endpoint, reached=reached)


def endpoint_of(view: Any, method: str) -> object:  # noqa: ANN401  any callable
    """Return what of a view may be marked: function, class, or a viewset's action."""
    actions = getattr(view, "actions", None)  # Django REST framework
    if isinstance(actions, dict):
        return getattr(view.cls, actions.get(method.lower(), ""), view)
    found: object = getattr(view, "view_class", view)
    return found


def _refusal(response: HttpResponseBase) -> HttpResponseBase:
    response.close()
    return JsonResponse(
        {"detail": REFUSAL},
        status=UNAVAILABLE,
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def _ending(exchange: Exchange, response: HttpResponseBase) -> HttpResponseBase:
    """Let the scope end with the answer's body."""
    if not response.streaming:
        exchange.close()
        return response
    streaming: Any = response
    if streaming.is_async:
        streaming.streaming_content = _watched_async(
            exchange, aiter(streaming.streaming_content)
        )
    else:
        streaming.streaming_content = _watched(
            exchange, iter(streaming.streaming_content)
        )
    return response


def _watched(exchange: Exchange, items: Iterator[bytes]) -> Iterator[bytes]:
    try:
        while True:
            with exchange.inside():
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
    except BaseException as error:  # it is given up, too
        _broke(exchange, error)
        raise
    finally:
        exchange.close()


async def _watched_async(
    exchange: Exchange, items: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    try:
        while True:
            with exchange.inside():
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    return
            yield item
    except BaseException as error:  # it is given up, too
        _broke(exchange, error)
        raise
    finally:
        await exchange.close_async()


def _broke(exchange: Exchange, error: BaseException) -> None:
    try:  # waits for nothing: this may run on the event loop
        exchange.broke(error)
    except ProoftrailError as problem:
        error.add_note(f"prooftrail: this failure is not recorded: {problem}")
