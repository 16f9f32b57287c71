"""The HTTP server bounds what clients hold: heads, bodies, connections, time."""

from __future__ import annotations

import asyncio
import io
import socket
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from prooftrail.errors import ConfigurationError
from prooftrail.service import logs
from prooftrail.service.connections import Bounded
from prooftrail.service.http import Http, is_loopback
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request


def application() -> Any:
    async def hello(_: Request) -> Response:
        return PlainTextResponse("hello")

    async def body(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def follow(_: Request) -> Response:
        async def lines() -> AsyncIterator[bytes]:
            for number in range(8):
                await asyncio.sleep(0.1)
                yield b"%d\n" % number

        return StreamingResponse(lines())

    async def fail(_: Request) -> Response:
        raise ValueError("it broke\nwith dani@company.com")

    return Starlette(
        routes=[
            Route("/", hello),
            Route("/body", body, methods=["POST"]),
            Route("/follow", follow),
            Route("/fail", fail),
        ]
    )


@contextmanager
def listening(connections: int = 100) -> Iterator[Http]:
    made = Http(application(), "127.0.0.1", 0, connections)
    made.start()
    try:
        yield made
    finally:
        made.close()


@contextmanager
def connected(made: Http) -> Iterator[socket.socket]:
    port = int(made.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        yield sock


def closed_after(sock: socket.socket) -> float:
    """Return the seconds until the server closes a connection."""
    begun = time.monotonic()
    try:
        while sock.recv(4096):
            continue
    except ConnectionResetError:
        pass
    return time.monotonic() - begun


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bounded, "head_seconds", 0.4)
    monkeypatch.setattr(Bounded, "body_seconds", 0.4)


def test_a_connection_that_says_nothing_is_closed() -> None:
    with listening() as made, connected(made) as sock:
        assert closed_after(sock) < 2


def cut_off(sock: socket.socket, piece: bytes, *, pause: float) -> tuple[float, int]:
    """Send pieces until the server ends it; return the seconds and bytes until then."""
    begun, sent = time.monotonic(), 0
    while time.monotonic() - begun < 10 and sent < 50_000_000:
        try:
            sock.sendall(piece)
        except (ConnectionResetError, BrokenPipeError):
            return time.monotonic() - begun, sent
        sent += len(piece)
        time.sleep(pause)
    raise AssertionError("the server takes everything")


def test_a_head_that_drips_is_cut_off() -> None:
    with listening() as made, connected(made) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        assert cut_off(sock, b"X: y\r\n", pause=0.05)[0] < 2


def test_a_head_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bounded, "head_seconds", 30)
    with listening() as made, connected(made) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        line = b"X: " + b"y" * 4096 + b"\r\n"
        assert cut_off(sock, line, pause=0)[1] < 10_000_000


def test_a_body_that_drips_is_cut_off() -> None:
    with listening() as made, connected(made) as sock:
        sock.sendall(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n")
        assert cut_off(sock, b"x", pause=0.05)[0] < 2


def test_an_answer_may_take_longer_than_a_request() -> None:
    with listening() as made, httpx.Client(trust_env=False) as client:
        answer = client.get(f"{made.url}/follow")
        assert answer.text.split() == [str(number) for number in range(8)]


def test_a_connection_is_used_again_and_its_next_head_is_bounded_too() -> None:
    with listening() as made, connected(made) as sock:
        for _ in range(3):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b""
            while not got.endswith(b"hello"):
                got += sock.recv(4096)
        sock.sendall(b"GET / HTTP/1.1\r\n")
        assert closed_after(sock) < 2


def test_more_connections_than_may_be_are_closed_and_the_others_answered() -> None:
    with listening(connections=5) as made, httpx.Client(trust_env=False) as client:
        assert client.get(made.url).text == "hello"  # and stays connected
        idle = [socket.create_connection(made_at(made), 10) for _ in range(20)]
        closed = [sock for sock in idle if closed_after(sock) < 0.2]
        assert len(closed) >= 15
        for sock in idle:
            sock.close()
        for _ in range(50):
            if client.get(made.url).status_code == 200:
                break
            time.sleep(0.05)
        assert client.get(made.url).text == "hello"


def made_at(made: Http) -> tuple[str, int]:
    return "127.0.0.1", int(made.url.rpartition(":")[2])


def test_answers_do_not_say_which_server_gives_them() -> None:
    with listening() as made, httpx.Client(trust_env=False) as client:
        assert "server" not in client.get(made.url).headers


def test_requests_that_are_there_end_before_it_ends() -> None:
    with listening() as made, connected(made) as sock:
        sock.sendall(b"GET /follow HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.recv(100)
        made.close()
        rest = b""
        while more := sock.recv(4096):
            rest += more
        assert b"7\n" in rest


def test_what_the_server_itself_says_goes_through_the_log() -> None:
    written = io.StringIO()
    logs.adopt(logs.open_log(written, clock=now_us), "uvicorn")
    with listening() as made, httpx.Client(trust_env=False) as client:
        assert client.get(f"{made.url}/fail").status_code == 500
    assert "ValueError: it broke" in written.getvalue()
    assert "dani@company.com" not in written.getvalue()


def test_a_port_that_is_taken_is_told() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match="nothing can listen"):
            Http(application(), "127.0.0.1", port, 10)


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)],
)
def test_which_hosts_are_this_machine_s_alone(host: str, *, only_here: bool) -> None:
    assert is_loopback(host) is only_here
