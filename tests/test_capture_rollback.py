"""A request whose transaction is rolled back: no success is told, and what was is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI, HTTPException
from sqlalchemy.orm import Session, sessionmaker

import prooftrail
from prooftrail.integrations.sqlalchemy import track
from prooftrail.middleware.routes import emits
from tests.capturing.rig import USER, Site, listening, site
from tests.shop import Customer, set_up, url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail import Recorder
    from tests.trail import Trail

UPDATE = "customer.pii.update"


def make(recorder: Recorder, maker: sessionmaker[Session]) -> FastAPI:
    app = FastAPI()

    @app.put("/customers/{customer_id}")
    def update(customer_id: str, how: str) -> str:
        with maker() as session:
            one = session.get_one(Customer, customer_id)
            one.plan = "pro"
            session.flush()
            recorder.record(
                actor={"userId": "usr_1"},
                action="admin.config.update",
                result="success",
                details={"setting": "plan", "before": "free", "after": "pro"},
                connection=session,
            )
            if how == "raises":
                raise ValueError("hunter2")
            if how == "refused":
                raise HTTPException(403)
            if how == "does not commit":
                one.name = "N 1"  # as another's, which the commit finds
            session.commit()
        return "done"

    app.add_middleware(
        prooftrail.AuditMiddleware,
        actor=lambda request: request.headers.get(USER),
        routes={"PUT /customers/{id}": emits(UPDATE, resource="customer")},
        recorder=recorder,
        announce=False,
    )
    return app


@pytest.fixture
def running(trail: Trail) -> Iterator[Site]:
    set_up(trail)
    trail.superuser().execute(
        "alter table public.customer add unique (name) deferrable initially deferred"
    )
    engine = sa.create_engine(url(trail))
    maker = sessionmaker(engine)
    with maker.begin() as session:
        session.add_all(Customer(id=f"c{n}", name=f"N {n}") for n in range(2))

    def serve(own: Recorder) -> Any:
        track(maker, recorder=own)
        return listening(make(own, maker))

    with site(trail, serve) as made:
        yield made
    engine.dispose()


@pytest.mark.parametrize(
    ("how", "status", "result", "error"),
    [
        ("raises", 500, "failure", "ValueError"),
        ("does not commit", 500, "failure", "sqlalchemy.exc.IntegrityError"),
        ("refused", 403, "denied", None),
    ],
)
def test_what_is_rolled_back_is_told_as_failed_or_denied_and_nothing_as_done(
    running: Site, how: str, status: int, result: str, error: str | None
) -> None:
    assert running.call("PUT", f"/customers/c0?how={how}") == status
    event = running.event()
    assert (event["action"], event["result"]) == (UPDATE, result)
    assert event["actor"]["userId"] == "usr_1"
    assert "changes" not in event
    assert event.get("details", {}).get("error") == error
    row = running.trail.superuser().execute(
        "select plan from public.customer where id = 'c0'"
    )
    assert row.fetchone() == ("free",)


def test_what_is_committed_is_told_as_done(running: Site) -> None:
    assert running.call("PUT", "/customers/c0?how=well") == 200
    explicit, request = running.events()
    assert (explicit["action"], explicit["result"]) == (
        "admin.config.update",
        "success",
    )
    assert (request["action"], request["result"]) == (UPDATE, "success")
    assert request["changes"] == [{"field": "plan", "before": "free", "after": "pro"}]
