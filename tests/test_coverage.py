"""What coverage says of an application of FastAPI or Starlette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import prooftrail
from prooftrail import audited, emits, excused
from prooftrail.capture.personal_fields import PII
from prooftrail.coverage import starlette
from prooftrail.coverage.judging import Kind, Report, State, judge
from prooftrail.integrations.fastapi import Requires
from prooftrail.middleware.routes import MARK

if TYPE_CHECKING:
    from collections.abc import Callable


class Address(BaseModel):
    street: Annotated[str, PII("contact.address")]


class Customer(BaseModel):
    id: str
    email: Annotated[str, PII("contact.email")]
    addresses: list[Address] = []


def who(request: Request) -> str:
    return request.headers["x-user"]


def covered(app: object, **options: Any) -> Report:
    return judge("tests:app", starlette.survey(app), **options)


def said(report: Report, kind: Kind) -> list[str | None]:
    return [one.route for one in report.findings if one.kind is kind]


def shop(**settings: Any) -> FastAPI:
    """Make an application in which everything is captured or excused."""
    app = FastAPI(openapi_url=None)
    reads = [Depends(Requires("customers:read"))]

    @app.get("/customers/{id}", dependencies=reads)
    @emits("customer.pii.view", resource="customer")
    def view(id: str) -> Customer:  # noqa: A002
        return Customer(id=id, email="")

    @app.put("/customers/{id}", dependencies=[Depends(Requires("customers:write"))])
    @emits("customer.pii.update")
    def update(id: str, given: Customer) -> None: ...  # noqa: A002

    @app.post("/plans")
    @audited("admin.config.update")
    def plan() -> None: ...

    @app.post("/pixels")
    @excused("counts views of a page")
    def pixels() -> None: ...

    @app.delete("/sessions")
    def logout() -> None: ...

    @app.get("/free")
    def free() -> None: ...

    @app.websocket("/socket")
    @excused("each message is audited")
    async def socket(socket: WebSocket) -> None: ...

    routes = {"DELETE /sessions": "auth.logout"}
    given: Any = {"actor": who, "routes": routes} | settings
    app.add_middleware(prooftrail.AuditMiddleware, **given)
    return app


def test_every_route_is_listed_with_events_data_and_guards() -> None:
    report = covered(shop())
    assert report.exit_code == 0
    assert report.findings == ()
    rows = {one.name: one for one in report.rows}
    assert list(rows) == [
        "GET /customers/{id}",
        "PUT /customers/{id}",
        "GET /free",
        "POST /pixels",
        "POST /plans",
        "DELETE /sessions",
        "WEBSOCKET /socket",
    ]
    view = rows["GET /customers/{id}"]
    assert view.events == ("customer.pii.view",)
    assert view.fields == ("email", "street")
    assert {"contact.email", "contact.address"} <= set(view.classes)
    assert view.guards == ("customers:read",)
    assert rows["POST /plans"].events == ("admin.config.update",)
    assert rows["POST /pixels"].reason == "counts views of a page"
    assert {name: one.state for name, one in rows.items()} == {
        "GET /customers/{id}": State.CAPTURED,
        "PUT /customers/{id}": State.CAPTURED,
        "GET /free": State.READING,
        "POST /pixels": State.EXCUSED,
        "POST /plans": State.CAPTURED,
        "DELETE /sessions": State.CAPTURED,
        "WEBSOCKET /socket": State.EXCUSED,
    }


def _unmark(name: str) -> Callable[[FastAPI], None]:
    def undo(app: FastAPI) -> None:
        for route in app.routes:
            endpoint = getattr(route, "endpoint", None)
            if getattr(endpoint, "__name__", "") == name and endpoint is not None:
                delattr(endpoint, MARK)

    return undo


@pytest.mark.parametrize(
    ("name", "route", "kind"),
    [
        ("view", "GET /customers/{id}", Kind.MISSED),
        ("update", "PUT /customers/{id}", Kind.DERIVED),
        ("pixels", "POST /pixels", Kind.DERIVED),
    ],
)
def test_a_route_that_was_forgotten_is_named(name: str, route: str, kind: Kind) -> None:
    app = shop()
    _unmark(name)(app)
    report = covered(app)
    assert report.exit_code == 1
    assert said(report, kind) == [route]


def test_routes_that_nobody_mapped_can_be_accepted() -> None:
    app = shop(routes={})
    assert said(covered(app), Kind.DERIVED) == ["DELETE /sessions"]
    report = covered(app, allow_derived=True)
    assert report.exit_code == 0
    assert {one.name: one.events for one in report.rows}["DELETE /sessions"] == (
        "http.sessions.delete",
    )


def test_an_application_that_maps_nothing_is_captured_under_derived_names() -> None:
    app = FastAPI(openapi_url=None)
    app.add_middleware(prooftrail.AuditMiddleware, actor=who)

    @app.post("/parts/{id}")
    def part(id: str) -> None: ...  # noqa: A002

    report = covered(app)
    assert (report.exit_code, report.findings) == (0, ())
    assert report.rows[0].state is State.DERIVED
    assert report.rows[0].events == ("http.parts.create",)


def test_a_read_of_personal_data_must_be_captured_even_there() -> None:
    app = FastAPI(openapi_url=None)
    app.add_middleware(prooftrail.AuditMiddleware, actor=who)

    @app.get("/me")
    def me() -> list[Customer] | None:
        return None

    report = covered(app, allow_derived=True)
    assert report.exit_code == 1
    assert said(report, Kind.MISSED) == ["GET /me"]
    assert "email, street" in report.findings[0].message


def test_a_guarded_read_that_nobody_mapped_is_named() -> None:
    app = shop()

    @app.get("/documents", dependencies=[Depends(Requires("documents:read"))])
    def documents() -> dict[str, str]:
        return {}

    report = covered(app)
    assert (report.exit_code, said(report, Kind.GUARDED)) == (1, ["GET /documents"])


def test_without_middleware_marks_capture_nothing() -> None:
    app = shop()
    app.user_middleware.clear()
    report = covered(app)
    assert report.exit_code == 1
    assert said(report, Kind.NO_MIDDLEWARE) == [None]
    assert said(report, Kind.MISSED) == [
        "GET /customers/{id}",
        "PUT /customers/{id}",
        "DELETE /sessions",
    ]


def test_a_table_entry_that_no_route_fits_is_named() -> None:
    routes = {"DELETE /sessions": "auth.logout", "PUT /custmers/{id}": "auth.logout"}
    report = covered(shop(routes=routes))
    assert (report.exit_code, said(report, Kind.NO_ROUTE)) == (
        1,
        ["PUT /custmers/{id}"],
    )


def test_a_mounted_application_is_behind_the_middleware_around_it() -> None:
    inner = FastAPI(openapi_url=None)

    @inner.post("/parts/{id}")
    def part(id: str) -> None: ...  # noqa: A002

    app = shop(
        routes={
            "DELETE /sessions": "auth.logout",
            "POST /inner/parts/{id}": "data.import.complete",
        }
    )
    app.mount("/inner", inner)
    report = covered(app)
    assert report.exit_code == 0
    assert "POST /inner/parts/{id}" in {one.name for one in report.rows}


def test_a_route_beside_the_middleware_is_missed() -> None:
    app = Starlette(
        routes=[Mount("/shop", shop()), Route("/x", _answer, methods=["POST"])]
    )
    report = covered(app)
    assert (report.exit_code, said(report, Kind.MISSED)) == (1, ["POST /x"])
    assert "stands elsewhere" in report.findings[-1].message
    rows = {one.name: one.state for one in report.rows}
    assert rows["DELETE /shop/sessions"] is State.CAPTURED


def test_a_router_that_is_included_has_its_prefixes() -> None:
    inner, outer = APIRouter(prefix="/customers"), APIRouter()

    @inner.put("/{id}", dependencies=[Depends(Requires("customers:write"))])
    def update(id: str) -> None: ...  # noqa: A002

    outer.include_router(inner, prefix="/v1")
    app = shop(
        routes={
            "DELETE /sessions": "auth.logout",
            "PUT /api/v1/customers/{id}": "customer.pii.update",
        }
    )
    app.include_router(
        outer, prefix="/api", dependencies=[Depends(Requires("api:use"))]
    )
    report = covered(app)
    assert report.exit_code == 0
    row = {one.name: one for one in report.rows}["PUT /api/v1/customers/{id}"]
    assert set(row.guards) == {"customers:write", "api:use"}


def test_two_middlewares_around_a_route_are_told() -> None:
    app = Starlette(
        routes=[Mount("/shop", shop())],
        middleware=[Middleware(prooftrail.AuditMiddleware)],
    )
    report = covered(app)
    assert (report.exit_code, said(report, Kind.TWICE)) == (0, ["/shop"])


def test_personal_data_without_a_guard_is_a_warning() -> None:
    app = shop()

    @app.post("/signup")
    @emits("customer.pii.create")
    def signup(given: Customer) -> None: ...

    report = covered(app)
    assert (report.exit_code, said(report, Kind.UNGUARDED)) == (0, ["POST /signup"])


def test_nobody_who_acts_is_a_warning() -> None:
    report = covered(shop(actor=None))
    assert (report.exit_code, said(report, Kind.ANONYMOUS)) == (0, [None])


def test_who_acts_may_be_bound_by_a_dependency() -> None:
    def signed_in() -> None:
        _find_out()

    app = shop(actor=None)

    @app.get("/me", dependencies=[Depends(signed_in)])
    def me() -> None: ...

    assert said(covered(app), Kind.ANONYMOUS) == []


def _find_out() -> None:
    prooftrail.bind("usr_1")


def _answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("done")
