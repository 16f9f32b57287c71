"""The application that answers over HTTP: `create` for the service or for your own.

Guarantees: every answer is counted and logged by its route's template, never by its
path; without a key nothing is answered but `/healthz`.

To have it in an ASGI application of your own, beside which sealer and signer run:

    app.mount("/trail", prooftrail.service.app.mountable())

It looks at the database every few seconds, once it was first asked for anything.

Does not: seal, sign or watch; `prooftrail serve` does. A mounted API does not know
what was found there: its readiness is the database's alone.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from prooftrail.capture.audit_logger import Recorder
from prooftrail.capture.client_address import networks
from prooftrail.service import logs
from prooftrail.service.api import (
    alerting,
    answering,
    checking,
    completing,
    document,
    leaving,
    operating,
    problems,
    reading,
    reporting,
    revealing,
    writing,
)
from prooftrail.service.api.caller import Callers
from prooftrail.service.api.places import DENYING, OPERATING, Places
from prooftrail.service.checks import Checks
from prooftrail.service.health import Health
from prooftrail.service.looking import Looking
from prooftrail.service.metrics import Metrics
from prooftrail.service.mounting import lazily
from prooftrail.service.observing import Observed
from prooftrail.service.parts import Parts
from prooftrail.service.pulse import Pulse
from prooftrail.store import inbox
from prooftrail.store.readers import Readers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from prooftrail.capture.client_address import Networks

TITLE = "Prooftrail"
_TOLD = (
    "An audit trail you can prove, over HTTP. Each request carries an API key "
    "(Authorization: Bearer ...); what it may read, the database decides. Every read "
    "is itself in the trail."
)


def create(parts: Parts) -> Any:  # noqa: ANN401  servers and frameworks type ASGI apart
    """Return the application.

    Args:
        parts: that it works with; whoever made them closes them.
    """
    app = FastAPI(
        title=TITLE,
        description=_TOLD,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    callers = Callers(parts)
    places = Places(OPERATING)

    async def known(request: Request) -> None:
        await places.run(callers.of, request, None)

    denying = Places(DENYING)

    async def denied(request: Request, what: str) -> None:
        await denying.run(callers.denied, request, what)

    problems.install(app, parts, known, denied)
    app.include_router(writing.router(parts, callers))
    app.include_router(reading.router(parts, callers))
    app.include_router(answering.router(parts, callers))
    app.include_router(alerting.router(parts, callers))
    app.include_router(leaving.router(parts, callers))
    app.include_router(reporting.router(parts, callers))
    app.include_router(completing.router(parts, callers))
    app.include_router(revealing.router(parts, callers))
    app.include_router(checking.router(parts, callers))
    app.include_router(operating.router(parts, callers, app))
    return Api(app, parts)


def mountable(*, trusted_proxies: Iterable[str] = ()) -> Any:  # noqa: ANN401  as above
    """Return the API for an application of your own.

    Args:
        trusted_proxies: networks whose X-Forwarded-For is believed.

    It works with the DSNs of the environment (reader, writer, verifier), opens nothing
    before the first request, hence in each pre-forked worker apart, and closes at the
    interpreter's end.
    """
    trusted = networks(trusted_proxies)
    return lazily(lambda: create(own_parts(trusted)))


def own_parts(trusted: Networks) -> Parts:
    """Return parts of the environment, closed at the interpreter's end."""

    def clock() -> int:
        return time.time_ns() // 1000

    health = Health()
    log = logs.open_log(sys.stderr, clock=clock)
    readers = Readers()
    metrics = Metrics(health, clock=clock, load=readers.load)
    recorder = Recorder(inbox.open_writer, clock=clock, random=os.urandom)
    looking = Looking()
    checks = Checks(recorder, metrics, log, clock=clock, random=os.urandom)
    pulse = Pulse(health, metrics, log)
    pulse.start()
    for part in (readers, recorder, looking, checks, pulse):
        atexit.register(part.close)
    return Parts(
        readers,
        recorder,
        looking,
        checks,
        health,
        metrics,
        log,
        clock,
        os.urandom,
        trusted_proxies=trusted,
    )


class Api(Observed):
    """The API, which documents itself."""

    def __init__(self, app: FastAPI, parts: Parts) -> None:
        super().__init__(app, parts)
        self._api = app

    @property
    def document(self) -> dict[str, Any]:
        """What may be asked, as OpenAPI says it."""
        return document.of(self._api)
