"""An event around a `yield` whose steps run in contexts and threads of their own."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse

import prooftrail
from prooftrail.capture.scope import current_actor
from prooftrail.testing import capture
from tests.capturing.rig import listening

if TYPE_CHECKING:
    from collections.abc import Iterator


def rows() -> Iterator[bytes]:
    with prooftrail.event("customer.pii.export") as e:
        e.detail(export_format="csv")
        for _ in range(3):
            e.count("record_count")
            yield b"row\n"


def unit() -> Iterator[Any]:
    with prooftrail.event("admin.config.update") as e:
        yield e


def as_another() -> Iterator[None]:
    with prooftrail.acting("usr_admin", on_behalf_of="usr_7"):
        yield


def application() -> FastAPI:
    app = FastAPI()
    app.add_middleware(
        prooftrail.AuditMiddleware, actor=lambda _: "usr_1", announce=False
    )

    @app.get("/export")
    def export() -> StreamingResponse:
        return StreamingResponse(rows())

    @app.post("/unit")
    def change(e: Annotated[Any, Depends(unit, scope="function")]) -> dict[str, str]:
        e.detail(setting="limit")
        return {}

    @app.post("/other", dependencies=[Depends(as_another)])
    def other() -> dict[str, str]:
        return {}

    return app


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/export", "customer.pii.export"),
        ("POST", "/unit", "admin.config.update"),
        ("POST", "/other", "http.other.create"),
    ],
)
def test_its_event_is_there(method: str, path: str, action: str) -> None:
    with (
        capture() as found,
        listening(application()) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        # and nothing of the first is left for the second
        answers = [client.request(method, path) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    if path == "/export":
        assert answers[1].content == b"row\n" * 3
    told = [one for one in found if one["action"] == action]
    assert len(told) == 2
    for one in told:
        assert one["result"] == "success"
        assert one["actor"]["userId"] == "usr_1"
    if path == "/export":
        assert [one["details"]["record_count"] for one in told] == [3, 3]


def test_whoever_acted_in_a_context_that_lives_on_acts_there_no_more() -> None:
    steps = as_another()
    with prooftrail.acting("usr_outer"):
        first = contextvars.copy_context()
    first.run(next, steps)
    assert first.run(current_actor) == {
        "userId": "usr_admin",
        "onBehalfOf": {"userId": "usr_7"},
    }
    contextvars.copy_context().run(next, steps, None)  # ends elsewhere
    assert first.run(current_actor) is None


def test_whoever_acts_around_it_acts_there_again() -> None:
    steps = as_another()
    with prooftrail.acting("usr_outer"):
        first = contextvars.copy_context()
        first.run(next, steps)
        contextvars.copy_context().run(next, steps, None)
        assert first.run(current_actor) == {"userId": "usr_outer"}
