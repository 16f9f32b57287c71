"""The contract's application on FastAPI."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse, StreamingResponse

import prooftrail
from prooftrail.integrations.fastapi import Requires, use_check
from tests.capturing.rig import USER, listening
from tests.capturing.stated import OVERRIDE, REDIRECTS, ROUTES, check, slow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractContextManager

    from prooftrail import Recorder

Reads = Annotated[dict[str, Any], Depends(Requires("customers:read"))]
Hidden = Annotated[dict[str, Any], Depends(Requires("customers:hidden", masked=True))]


def make(recorder: Recorder, **settings: Any) -> FastAPI:  # noqa: C901
    app = FastAPI()
    use_check(app, check)

    @app.post("/customers", status_code=201)
    def create() -> dict[str, str]:
        draft = prooftrail.current_draft()
        assert draft is not None
        draft.on("customer", "cust_9")
        return {"id": "cust_9"}

    @app.get("/customers/{customer_id}")
    async def view(customer_id: str, _: Reads) -> dict[str, str]:
        return {"id": customer_id}

    @app.put("/customers/{customer_id}")
    async def update(customer_id: str) -> dict[str, str]:
        draft = prooftrail.current_draft()
        assert draft is not None
        draft.change("plan", "free", "pro")
        return {"id": customer_id}

    @app.delete("/customers/{customer_id}", status_code=204)
    def delete(customer_id: str) -> None: ...

    @app.get("/hidden/{customer_id}")
    async def hidden(customer_id: str, _: Hidden) -> dict[str, str]:
        return {"id": customer_id}

    @app.post("/things/{thing_id}/parts")
    def things(thing_id: str) -> dict[str, str]:
        return {"id": thing_id}

    @app.get("/free")
    def free() -> str:
        return "free"

    @app.post("/pixels")
    def pixels() -> str:
        return "seen"

    @app.post("/login")
    def login(name: str) -> str:
        if name != "dani":
            raise HTTPException(401)
        prooftrail.bind({"userId": "usr_dani", "role": "admin"})
        return "in"

    @app.post("/explicit")
    def explicit() -> str:
        recorder.record(
            action="admin.config.update", result="success", details={"setting": "a"}
        )
        return "done"

    @app.post("/explicit/failing")
    async def explicit_failing() -> str:
        async with prooftrail.event("admin.config.update", recorder=recorder) as e:
            e.detail(setting="a")
        raise HTTPException(500)

    @app.post("/refused")
    def refused() -> str:
        raise HTTPException(403)

    @app.get("/refused")
    def refused_reading() -> str:
        raise HTTPException(401)

    @app.post("/boom")
    def boom() -> str:
        raise ValueError("hunter2 is the password")

    @app.post("/reset/{token}")
    def reset(token: str) -> str:
        return "reset"

    @app.get("/export")
    def export() -> StreamingResponse:
        return StreamingResponse(lines(0))

    @app.get("/export/late")
    def export_late() -> StreamingResponse:
        return StreamingResponse(lines(0, subject="cust_7"))

    app.get("/endless")(lambda: StreamingResponse(endless()))

    @app.get("/broken")
    def broken() -> StreamingResponse:
        return StreamingResponse(lines(2))

    @app.delete("/slashed/{thing_id}/")
    def slashed(thing_id: str) -> str:
        return thing_id

    for page in REDIRECTS:
        app.add_route(f"/{page}", sent_on, methods=["GET", "POST"])

    @app.post("/slow")
    def slowly() -> str:
        return slow.act()

    @app.post("/slow/async")
    async def slowly_async() -> str:
        return await slow.act_async()

    @app.post("/later")
    def later(tasks: BackgroundTasks) -> str:
        tasks.add_task(work, recorder)
        return "later"

    @app.websocket("/socket")
    async def socket(websocket: Any) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    app.add_middleware(Overriding)
    app.add_middleware(
        prooftrail.AuditMiddleware,
        actor=lambda request: request.headers.get(USER),
        routes=ROUTES,
        recorder=recorder,
        service="contract",
        version="1.2",
        **({"announce": False} | settings),
    )
    return app


def work(recorder: Recorder) -> None:
    with prooftrail.event("system.job.run", recorder=recorder) as e:
        e.detail(job="later")


def sent_on(request: Request) -> RedirectResponse:
    status, url = REDIRECTS[request.url.path.strip("/")]
    return RedirectResponse(url, status)


class Overriding:
    """Takes a header's method for the request's, as some middleware does."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, asgi: Any, receive: Any, send: Any) -> None:
        for name, value in asgi.get("headers", ()):
            if name == OVERRIDE.encode():
                asgi["method"] = value.decode()
        await self._app(asgi, receive, send)


async def lines(broken_after: int, *, subject: str = "") -> AsyncIterator[bytes]:
    if subject and (draft := prooftrail.current_draft()) is not None:
        draft.subject(subject)
    for number in range(3):
        if broken_after and number == broken_after:
            raise RuntimeError("the disk is full")
        yield b"line\n"


async def endless() -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(0.01)
        yield b"line\n"


def serve(recorder: Recorder, **settings: Any) -> AbstractContextManager[str]:
    return listening(make(recorder, **settings))
