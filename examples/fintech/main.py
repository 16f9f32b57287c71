"""The application: one line makes every request that changes something an event."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

import prooftrail
from examples.fintech import db
from examples.fintech.clock import SimulatedTime, clock, is_simulated
from examples.fintech.models import Release
from examples.fintech.routes import admin, auth, customers, data, platform, privacy
from examples.fintech.security import check
from prooftrail.integrations.fastapi import use_check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VERSION = "FINTECH_VERSION"
PROXIES = "FINTECH_PROXIES"  # whose X-Forwarded-For is believed, by commas
SYSTEM = {"type": "system", "userId": "deployment"}


def create_app() -> FastAPI:
    """Return the application; it looks for its database when it starts."""
    version = os.environ.get(VERSION, "1.0.0")
    app = FastAPI(title="Fintech", version=version, lifespan=_lifespan)
    for part in (auth, customers, privacy, admin, platform, data):
        app.include_router(part.router)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(IntegrityError, _taken)
    app.add_exception_handler(prooftrail.RecordError, _unrecorded)
    use_check(app, check)
    app.add_middleware(
        prooftrail.AuditMiddleware,
        service="fintech",
        version=version,
        trusted_proxies=os.environ.get(PROXIES, "127.0.0.1").split(","),
    )
    if is_simulated():
        app.add_middleware(SimulatedTime)
    return app


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Say what is wrong with a request without repeating it: it may hold secrets."""
    assert isinstance(error, RequestValidationError)
    kept = ("type", "loc", "msg")
    found = [{name: one[name] for name in kept} for one in error.errors()]
    return JSONResponse({"detail": found}, 422)


async def _taken(request: Request, error: Exception) -> JSONResponse:
    """Say that something is there already; PostgreSQL's own words would say what."""
    return JSONResponse({"detail": "this is there already"}, 409)


async def _unrecorded(request: Request, error: Exception) -> JSONResponse:
    """Answer as the middleware does where an endpoint's own event is not durable."""
    return JSONResponse({"detail": "this could not be recorded"}, 503)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    if is_simulated():  # the trail's time is the requests', too
        prooftrail.use(prooftrail.open_recorder(clock=clock))
    await run_in_threadpool(db.create_all)
    await run_in_threadpool(_released, app.version)
    yield
    db.close()


def _released(version: str) -> None:
    """Record a version that runs for the first time."""
    with db.sessions()() as session:
        last = session.get(Release, 1)
        if last is not None and last.version == version:
            return
        with prooftrail.event("system.release.deploy", actor=SYSTEM) as e:
            e.on("release", version)
            e.detail(version=version)
            if last is not None:
                e.detail(version_before=last.version)
            session.merge(Release(id=1, version=version))
            session.commit()
