"""The contract of the middleware, held by Flask over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, Response, abort, g, request
from werkzeug.test import create_environ

import prooftrail
from prooftrail.integrations.flask import Audit
from prooftrail.testing import capture
from tests.capturing import rig, with_flask
from tests.capturing.contract import *  # noqa: F403  its tests are this module's

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail


@pytest.fixture
def site(trail: Trail) -> Iterator[rig.Site]:
    with rig.site(trail, with_flask.serve) as made:
        yield made


def _app(actor: str) -> Flask:
    app = Flask(__name__)

    @app.before_request
    def authenticate() -> None:
        if "x-nobody" in request.headers:
            abort(401)
        g.user = actor

    @app.get("/rows")
    def rows() -> Response:
        return Response(_rows())

    @app.delete("/customers/<customer_id>")
    @prooftrail.emits("customer.pii.delete", resource="customer")
    def delete(customer_id: str) -> str:
        raise ValueError(customer_id)

    Audit(app, announce=False)
    return app


@prooftrail.audited("customer.pii.export")
def _rows() -> Iterator[str]:
    yield "a row"


def test_a_body_is_made_by_who_asked_though_flask_has_left_the_request() -> None:
    with capture() as events:
        assert _app("usr_1").test_client().get("/rows").data == b"a row"
    assert [one["actor"]["userId"] for one in events] == ["usr_1"]


def test_an_error_that_propagates_has_its_actor_and_its_route() -> None:
    app = _app("usr_1")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with capture() as events, pytest.raises(ValueError, match="7"):
        app.test_client().delete("/customers/7")
    (event,) = events
    assert event["actor"]["userId"] == "usr_1"
    assert event["action"] == "customer.pii.delete"
    assert event["resource"] == {"type": "customer", "id": "7"}


def test_what_a_hook_refuses_that_was_there_first_keeps_its_action() -> None:
    with capture() as events:
        answer = (
            _app("usr_1")
            .test_client()
            .delete("/customers/7", headers={"x-nobody": "1"})
        )
    assert answer.status_code == 401
    (event,) = events
    assert (event["action"], event["result"]) == ("customer.pii.delete", "denied")


def test_an_answer_that_another_one_replaces_was_no_success() -> None:
    def app(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        error = RuntimeError()
        start_response("500 Internal", [], (RuntimeError, error, None))
        return [b"failed"]

    audited = prooftrail.WSGIAuditMiddleware(app, announce=False)
    with capture() as events:
        body = audited(create_environ("/x", method="POST"), lambda *_: lambda _: None)
        assert list(body) == [b"failed"]
        body.close()
    assert [one["result"] for one in events] == ["success", "failure"]
    assert events[1]["details"]["error"] == "RuntimeError"
    assert events[1]["context"]["status"] == 500
