"""The contract of the middleware, held by FastAPI over real HTTP."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import APIRouter, FastAPI

import prooftrail
from tests.capturing import rig, with_fastapi
from tests.capturing.contract import *  # noqa: F403  its tests are this module's
from tests.capturing.rig import USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from prooftrail import Recorder
    from tests.trail import Trail


@pytest.fixture
def site(trail: Trail) -> Iterator[rig.Site]:
    with rig.site(trail, with_fastapi.serve) as made:
        yield made


def _included(recorder: Recorder) -> FastAPI:
    """Make an application of routers in routers, and of one that is mounted."""
    inner = APIRouter(prefix="/customers")

    @inner.put("/{customer_id}")
    def update(customer_id: str) -> str:
        return customer_id

    outer, mounted, app = APIRouter(), FastAPI(), FastAPI()
    outer.include_router(inner, prefix="/v1")
    app.include_router(outer, prefix="/api")

    @mounted.post("/parts/{part}")
    def part(part: str) -> str:
        return part

    app.mount("/shop", mounted)
    app.add_middleware(
        prooftrail.AuditMiddleware,
        recorder=recorder,
        announce=False,
        actor=lambda request: request.headers.get(USER),
        routes={
            "PUT /api/v1/customers/{id}": "customer.pii.update",
            "POST /shop/parts/{id}": "data.import.complete",
        },
    )
    return app


def test_a_route_has_the_prefixes_that_its_router_was_included_by(trail: Trail) -> None:
    def serve(own: Recorder) -> AbstractContextManager[str]:
        return rig.listening(_included(own))

    with rig.site(trail, serve) as made:
        assert made.call("PUT", "/api/v1/customers/cust_7") == 200
        event = made.event()
        assert event["action"] == "customer.pii.update"
        assert event["context"]["route"] == "/api/v1/customers/{customer_id}"
        assert made.call("POST", "/shop/parts/7") == 200
        event = made.event()
        assert event["action"] == "data.import.complete"
        assert event["context"]["route"] == "/shop/parts/{part}"


def test_a_path_that_a_proxy_strips_is_no_part_of_a_route(trail: Trail) -> None:
    def serve(own: Recorder) -> AbstractContextManager[str]:
        return rig.listening(_included(own), root_path="/behind")

    with rig.site(trail, serve) as made:
        assert made.call("PUT", "/api/v1/customers/cust_7") == 200
        assert made.event()["action"] == "customer.pii.update"
        assert made.call("POST", "/shop/parts/7") == 200
        assert made.event()["action"] == "data.import.complete"


def test_a_method_in_lower_case_changes_something_too(trail: Trail) -> None:
    """H11 hands it on as it was written, and an application below may take it."""

    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    def serve(recorder: Recorder) -> AbstractContextManager[str]:
        audited = prooftrail.AuditMiddleware(app, recorder=recorder, announce=False)
        return rig.listening(audited, http="h11", lifespan="off")

    with rig.site(trail, serve) as site:
        url = site.client.base_url
        with socket.create_connection((url.host, url.port), timeout=30) as client:
            client.sendall(b"post /old HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200")
        event = site.awaited()
        assert event["action"] == "http.unmatched.create"
        assert event["context"]["method"] == "POST"
