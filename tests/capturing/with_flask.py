"""The contract's application on Flask, behind a real WSGI server."""

from __future__ import annotations

import functools
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort, redirect, request
from werkzeug.serving import make_server

import prooftrail
from prooftrail.integrations.flask import Audit, requires
from tests.capturing.rig import USER
from tests.capturing.stated import OVERRIDE, REDIRECTS, ROUTES, check, slow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail import Recorder


def make(recorder: Recorder, **settings: Any) -> Flask:  # noqa: C901
    app = Flask(__name__)

    @app.post("/customers")
    def create() -> tuple[dict[str, str], int]:
        draft = prooftrail.current_draft()
        assert draft is not None
        draft.on("customer", "cust_9")
        return {"id": "cust_9"}, 201

    @app.get("/customers/<customer_id>")
    @requires("customers:read")
    def view(customer_id: str) -> dict[str, str]:
        return {"id": customer_id}

    @app.put("/customers/<customer_id>")
    def update(customer_id: str) -> dict[str, str]:
        draft = prooftrail.current_draft()
        assert draft is not None
        draft.change("plan", "free", "pro")
        return {"id": customer_id}

    @app.delete("/customers/<customer_id>")
    def delete(customer_id: str) -> tuple[str, int]:
        return "", 204

    @app.get("/hidden/<customer_id>")
    @requires("customers:hidden", masked=True)
    def hidden(customer_id: str) -> dict[str, str]:
        return {"id": customer_id}

    @app.post("/things/<int:thing_id>/parts")
    def things(thing_id: int) -> dict[str, int]:
        return {"id": thing_id}

    @app.get("/free")
    def free() -> str:
        return "free"

    @app.post("/pixels")
    def pixels() -> str:
        return "seen"

    @app.post("/login")
    def login() -> str:
        if request.args["name"] != "dani":
            abort(401)
        prooftrail.bind({"userId": "usr_dani", "role": "admin"})
        return "in"

    @app.post("/explicit")
    def explicit() -> str:
        recorder.record(
            action="admin.config.update", result="success", details={"setting": "a"}
        )
        return "done"

    @app.post("/explicit/failing")
    def explicit_failing() -> str:
        with prooftrail.event("admin.config.update", recorder=recorder) as e:
            e.detail(setting="a")
        abort(500)

    @app.route("/refused", methods=["GET", "POST"])
    def refused() -> str:
        abort(403 if request.method == "POST" else 401)

    @app.post("/boom")
    def boom() -> str:
        raise ValueError("hunter2 is the password")

    @app.post("/reset/<token>")
    def reset(token: str) -> str:
        return "reset"

    @app.get("/export")
    def export() -> Response:
        return Response(lines(0))

    @app.get("/export/late")
    def export_late() -> Response:
        return Response(lines(0, subject="cust_7"))

    app.get("/endless")(lambda: Response(endless()))

    @app.get("/broken")
    def broken() -> Response:
        return Response(lines(2))

    @app.delete("/slashed/<thing_id>/")
    def slashed(thing_id: str) -> str:
        return thing_id

    for page, (status, url) in REDIRECTS.items():
        app.add_url_rule(
            f"/{page}",
            page,
            functools.partial(redirect, url, status),
            methods=["GET", "POST"],
        )

    @app.post("/slow")
    @app.post("/slow/async", endpoint="slowly_async")  # Flask has no other
    def slowly() -> str:
        return slow.act()

    app.wsgi_app = overridden(app.wsgi_app)  # type: ignore[method-assign]
    Audit(
        app,
        check=check,
        actor=lambda asked: asked.headers.get(USER),
        routes=ROUTES,
        recorder=recorder,
        service="contract",
        version="1.2",
        **({"announce": False} | settings),
    )
    return app


def overridden(app: Any) -> Any:
    """Take a header's method for the request's, as Flask's documentation does."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        name = f"HTTP_{OVERRIDE.upper().replace('-', '_')}"
        environ["REQUEST_METHOD"] = environ.get(name, environ["REQUEST_METHOD"])
        return app(environ, start_response)

    return answer


def lines(broken_after: int, *, subject: str = "") -> Iterator[bytes]:
    if subject and (draft := prooftrail.current_draft()) is not None:
        draft.subject(subject)
    for number in range(3):
        if broken_after and number == broken_after:
            raise RuntimeError("the disk is full")
        yield b"line\n"


def endless() -> Iterator[bytes]:
    while True:
        time.sleep(0.01)
        yield b"line\n"


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """Serve a WSGI application, a thread a request; give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()


@contextmanager
def serve(recorder: Recorder, **settings: Any) -> Iterator[str]:
    with listening(make(recorder, **settings)) as url:
        yield url
