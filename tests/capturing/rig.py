"""Runs an application over real HTTP, and reads the events that it left."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import uvicorn

from tests.recording import recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail import Recorder
    from tests.trail import Trail

USER = "x-test-user"  # who calls, as a test states it
AGENT = "contract/1"


class Site(NamedTuple):
    """A running application."""

    trail: Trail
    client: httpx.Client
    recorder: Recorder

    def call(
        self, method: str, path: str, user: str | None = "usr_1", **more: Any
    ) -> int:
        headers = {"user-agent": AGENT, **more.pop("headers", {})}
        if user is not None:
            headers[USER] = user
        return self.client.request(method, path, headers=headers, **more).status_code

    def events(self) -> list[dict[str, Any]]:
        """Return the events in the inbox, in order, and empty it."""
        return left(self.trail, self.recorder)

    def event(self) -> dict[str, Any]:
        """Return the one event that was left."""
        found = self.events()
        assert len(found) == 1, found
        return found[0]

    def several(self, number: int) -> list[dict[str, Any]]:
        """Return so many events, of which some come soon after the answer."""
        found = self.events()
        until = time.monotonic() + 30
        while len(found) < number and time.monotonic() < until:
            time.sleep(0.02)
            found += self.events()
        assert len(found) == number, found
        return found

    def awaited(self) -> dict[str, Any]:
        """Return the one event that is left soon, whatever became of its answer."""
        return self.awaited_all(1)[0]

    def awaited_all(self, count: int) -> list[dict[str, Any]]:
        """Return so many events, that are left soon."""
        connection = self.trail.superuser()
        until = time.monotonic() + 30
        while time.monotonic() < until:
            rows = connection.execute("select from prooftrail.inbox").fetchall()
            if len(rows) >= count:
                break
            time.sleep(0.02)
        found = self.events()
        assert len(found) == count, found
        return found


def left(trail: Trail, recorder: Recorder) -> list[dict[str, Any]]:
    """Return the events in the inbox, in order, and empty it."""
    recorder.drain()
    connection = trail.superuser()
    rows = connection.execute(
        "select event from prooftrail.inbox order by id"
    ).fetchall()
    connection.execute("delete from prooftrail.inbox")
    return [json.loads(text) for (text,) in rows]


@contextmanager
def listening(app: Any, **options: Any) -> Iterator[str]:
    """Serve an ASGI application; give its address."""
    # a slow machine's client must not meet a connection that is just being closed
    given = {"timeout_keep_alive": 300, **options}
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=0,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            **given,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the application does not begin"
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


@contextmanager
def site(
    trail: Trail,
    serve: Callable[[Recorder], Any],
    **options: Any,
) -> Iterator[Site]:
    """Run an application with a recorder of its own.

    Args:
        trail: where its events go.
        serve: gives a context manager that yields its address.
        options: of the recorder.
    """
    with (
        recorder(trail, **options) as own,
        serve(own) as url,
        httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
    ):
        yield Site(trail, client, own)
