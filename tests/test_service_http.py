"""The HTTP server bounds what clients hold: heads, bodies, connections, time."""

from __future__ import annotations

import asyncio
import io
import socket
import time
from contextlib import ExitStack, closing, contextmanager, suppress
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

LARGE = 50_000_000  # bytes, more than sockets hold


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

    async def large(_: Request) -> Response:
        return Response(b"x" * LARGE)

    async def refuse(_: Request) -> Response:
        return PlainTextResponse("too long", 413)

    async def fail(_: Request) -> Response:
        raise ValueError("it broke\nwith dani@company.com")

    return Starlette(
        routes=[
            Route("/", hello),
            Route("/body", body, methods=["POST"]),
            Route("/follow", follow),
            Route("/fail", fail),
            Route("/large", large),
            Route("/refuse", refuse, methods=["POST"]),
        ]
    )


@contextmanager
def listening(connections: int = 100) -> Iterator[Http]:
    made = Http("127.0.0.1", 0, connections)
    made.start(application())
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


def test_many_connections_that_say_nothing_keep_nobody_out() -> None:
    with listening(connections=5) as made, ExitStack() as stack:
        client = stack.enter_context(httpx.Client(trust_env=False))
        idle = [stack.enter_context(connected(made)) for _ in range(20)]
        assert client.get(made.url).text == "hello"
        assert all(closed_after(sock) < 0.2 for sock in idle[:15])


def test_a_request_at_work_makes_room_for_nobody() -> None:
    with listening(connections=3) as made, connected(made) as sock, ExitStack() as all_:
        sock.sendall(b"GET /follow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = sock.recv(100)
        for _ in range(20):
            all_.enter_context(connected(made))
        while more := sock.recv(4096):
            got += more
        assert b"7\n" in got


def test_who_comes_while_all_others_are_answered_is_told_to_come_later() -> None:
    with listening(connections=3) as made, ExitStack() as stack:
        said = [stack.enter_context(connected(made)) for _ in range(3)]
        for sock in said[:2]:
            sock.sendall(b"GET /follow HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in sock.recv(100)
        said[2].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        told = b""
        while more := said[2].recv(4096):
            told += more
        assert b" 503 " in told
        assert b"retry-after" in told
        assert b"come again" in told


def test_requests_behind_one_another_are_bounded() -> None:
    with listening() as made, connected(made) as sock:
        sock.sendall(b"GET /follow HTTP/1.1\r\n\r\n" * 10_000)
        assert closed_after(sock) < 2
    with listening() as made, connected(made) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n" * 5)
        got = b""
        while got.count(b"hello") < 5:
            got += sock.recv(4096)


def test_an_answer_that_nobody_takes_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Bounded, "taking_seconds", 0.5)
    with listening() as made, connected(made) as sock:
        sock.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1.5)
        got = 0
        with suppress(ConnectionResetError):
            while more := sock.recv(1 << 20):
                got += len(more)
        assert got < LARGE
    with listening() as made, httpx.Client(trust_env=False) as client:
        assert len(client.get(f"{made.url}/large").content) == LARGE


def test_who_sends_too_much_gets_the_answer_that_says_so() -> None:
    with listening() as made, connected(made) as sock:
        sock.sendall(b"POST /refuse HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n")
        sock.sendall(b"x" * 9_000_000)
        assert b" 413 " in sock.recv(4096)


def test_a_body_that_is_refused_is_let_pass_for_a_while_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Bounded, "refused_seconds", 0.3)
    monkeypatch.setattr(Bounded, "body_seconds", 60)
    with listening() as made, connected(made) as sock:
        sock.sendall(b"POST /refuse HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n")
        assert cut_off(sock, b"x", pause=0.05)[0] < 2


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
            Http("127.0.0.1", port, 10)


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)],
)
def test_which_hosts_are_this_machine_s_alone(host: str, *, only_here: bool) -> None:
    assert is_loopback(host) is only_here
