"""Uvicorn on a thread of its own, on a socket that was bound before.

Guarantees: a port that is taken is told before anything else happens; what a client
sends is bounded (`connections`); nothing of a request is logged here, and answers do
not say which server gives them. Closing takes no more connections and lets requests
end, for `REQUESTS` seconds at most.

Source: Uvicorn, settings.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn

from prooftrail.errors import ConfigurationError
from prooftrail.service.connections import limited

if TYPE_CHECKING:
    from uvicorn._types import ASGIApplication

BACKLOG = 512  # connections that wait to be taken
KEEP_ALIVE = 15  # seconds that a connection may rest between requests
REQUESTS = 20  # seconds that requests may take to end
GOODBYE = 5.0  # seconds that the answers to those that did not may take
STARTING = 30.0  # seconds that the application may take to begin
LOOK = 0.05


class Http:
    """One server, which listens from the beginning and answers once it is started.

    Args:
        host: a name or an address of this machine.
        port: 0 for any that is free.
        connections: at once; one more takes the place of the one that has rested
            longest. Where none rests, it is closed, and the last one that came is told
            to come later (503).

    Raises:
        ConfigurationError: it cannot listen there.
    """

    def __init__(self, host: str, port: int, connections: int) -> None:
        self._socket = _bound(host, port)
        self._connections = connections
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"

    def start(self, app: ASGIApplication) -> None:
        """Answer by an application; returns once that has begun.

        Raises:
            ConfigurationError: it did not.
        """
        server = self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=limited(self._connections),
                ws="none",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=REQUESTS,
            )
        )
        url = self.url
        thread = self._thread = threading.Thread(
            target=server.run,
            kwargs={"sockets": [self._socket]},
            name="prooftrail-http",
            daemon=True,
        )
        thread.start()
        for _ in range(round(STARTING / LOOK)):
            if server.started:
                return
            if not thread.is_alive():
                break
            thread.join(LOOK)
        raise ConfigurationError(
            f"the application does not begin at {url}: see the lines before this one"
        )

    def is_alive(self) -> bool:
        """Whether it still answers."""
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> bool:
        """Stop, after the requests that are there; once more does nothing.

        Returns:
            whether all of them ended by themselves.
        """
        well = True
        if self._server is not None and self._thread is not None:
            begun = time.monotonic()
            self._server.should_exit = True
            self._thread.join(REQUESTS + GOODBYE)
            well = time.monotonic() - begun < REQUESTS
        self._socket.close()
        return well


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, proto)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            # bound alone, it could be bound by another too: the first to listen has it
            made.listen(BACKLOG)
        except BaseException:
            made.close()
            raise
    except OSError as error:
        raise ConfigurationError(
            f"nothing can listen at {host} port {port}: {error.strerror or error}. "
            "Choose another with --host and --port"
        ) from error
    return made


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
