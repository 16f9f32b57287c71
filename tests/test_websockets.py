"""What is done by a websocket's messages: by whom, and what coverage says of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, WebSocket

import prooftrail
from prooftrail import audited
from prooftrail.coverage import starlette
from prooftrail.coverage.judging import Kind, State, judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.testing import CapturedEvents


@audited("customer.pii.view", resource=lambda customer: ("customer", customer))
def view(customer: str) -> str:
    return customer


def site(**settings: Any) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.websocket("/sockets/{room}")
    async def socket(socket: WebSocket, room: str) -> None:
        await socket.accept()
        socket.state.user = {"userId": "usr_set"}
        await socket.send_text(view(await socket.receive_text()))
        await asyncio.to_thread(view, "in a thread")
        await socket.close()

    app.add_middleware(prooftrail.AuditMiddleware, announce=False, **settings)
    return app


def talk(app: FastAPI, text: str, user: str | None) -> list[str]:
    """Open a websocket, send one message, and return the kinds of those sent back."""
    said = iter(
        [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": text}]
    )
    sent: list[str] = []

    async def receive() -> Any:
        return next(said)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    known = [] if user is None else [(b"x-user", user.encode())]
    opened = {
        "type": "websocket",
        "path": "/sockets/7",
        "query_string": b"",
        "headers": [*known, (b"user-agent", b"tests"), (b"x-request-id", b"req-1")],
        "client": ("203.0.113.9", 1),
        "subprotocols": [],
        "state": {},
    }
    asyncio.run(app(opened, receive, send))
    return sent


@pytest.mark.parametrize(
    ("actor", "user", "known"),
    [
        (lambda given: given.headers["x-user"], "usr_1", {"userId": "usr_1"}),
        (None, None, {"userId": "usr_set"}),
        (lambda _: None, None, {"type": "anonymous"}),
    ],
)
def test_what_is_done_in_a_websocket_has_its_actor(
    captured_events: CapturedEvents,
    actor: Callable[[Any], object],
    user: str | None,
    known: dict[str, str],
) -> None:
    assert talk(site(actor=actor, service="shop"), "cust_1", user) == [
        "websocket.accept",
        "websocket.send",
        "websocket.close",
    ]
    done, in_a_thread = captured_events
    origin = {"ipAddress": "203.0.113.9", "userAgent": "tests"}
    assert done["actor"] == in_a_thread["actor"] == {**origin, **known}
    assert done["resource"] == {"type": "customer", "id": "cust_1"}
    context = done["context"]
    assert (context["requestId"], context["service"]) == ("req-1", "shop")
    assert context["route"] == "/sockets/{room}"


def test_a_websocket_is_no_event_and_ends_its_scope(
    captured_events: CapturedEvents,
) -> None:
    app = FastAPI()
    late: list[Callable[[], object]] = []

    @app.websocket("/sockets/{room}")
    async def socket(socket: WebSocket) -> None:
        late.append(prooftrail.carried(prooftrail.current_actor))
        await socket.accept()

    app.add_middleware(
        prooftrail.AuditMiddleware, announce=False, actor=lambda _: "usr_1"
    )
    talk(app, "", None)
    assert not captured_events
    assert late[0]() is None


def _endpoint(decorate: Callable[[Any], Any]) -> FastAPI:
    app, mounted = FastAPI(openapi_url=None), FastAPI(openapi_url=None)

    @mounted.websocket("/sockets/{room}")
    @decorate
    async def socket(socket: WebSocket) -> None: ...

    app.mount("/shop", mounted)
    return app


@pytest.mark.parametrize(
    ("decorate", "state", "warnings"),
    [
        (lambda endpoint: endpoint, State.UNKNOWN, 1),
        (prooftrail.emits("customer.pii.delete"), State.UNKNOWN, 1),
        (prooftrail.audited("customer.pii.delete"), State.CAPTURED, 0),
        (prooftrail.excused("each message is audited"), State.EXCUSED, 0),
    ],
)
def test_coverage_lists_a_websocket_as_what_it_is(
    decorate: Callable[[Any], Any], state: State, warnings: int
) -> None:
    app = _endpoint(decorate)
    app.add_middleware(prooftrail.AuditMiddleware, actor=lambda _: "usr_1")
    report = judge("tests:app", starlette.survey(app))
    assert report.exit_code == 0
    (row,) = report.rows
    assert (row.name, row.state) == ("WEBSOCKET /shop/sockets/{room}", state)
    assert bool(row.events) == (state is State.CAPTURED)
    found = [one.message for one in report.findings if one.kind is Kind.UNKNOWN]
    assert len(found) == warnings
    assert all("messages of this websocket" in message for message in found)
