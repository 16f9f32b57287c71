"""Thousands of idle, slow or greedy clients: the others are answered, memory is flat.

Against `prooftrail serve` as a process of its own, with its real limits.
"""

from __future__ import annotations

import io
import json
import resource
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from prooftrail.service.connections import CONNECTIONS, HEAD_SECONDS
from tests.api_rig import Api
from tests.sealing import event, insert
from tests.stated import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

MB = 1024 * 1024
IDLE = 10_000
GROWTH = 80 * MB
PATIENCE = 5.0  # seconds that an answer may take while others hold what they can


class Served(Api):
    """A service as a process of its own, and how much memory that has."""

    def __init__(self, trail: Trail, url: str, pid: int) -> None:
        super().__init__(trail, url, io.StringIO())
        self._pid = pid

    def memory(self, name: str = "VmRSS") -> int:
        """Return its memory, bytes; as `VmHWM` the most since `begin`."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        (line,) = [one for one in status.splitlines() if one.startswith(f"{name}:")]
        return int(line.split()[1]) * 1024

    def begin(self) -> int:
        """Forget the most; return what is there now."""
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")
        return self.memory()

    def grown(self, before: int) -> int:
        """Return by how much memory grew at most, and print it."""
        most = self.memory("VmHWM") - before
        print(f"memory: {before // MB} MB, at most {most // MB} MB more")
        return most


@pytest.fixture
def api(trail: Trail) -> Iterator[Served]:
    command = [sys.executable, "-m", "prooftrail", "serve", "--port=0", "--only=api"]
    with subprocess.Popen(
        command, env=trail.env, stderr=subprocess.PIPE, text=True
    ) as process:
        stderr: Any = process.stderr
        log = iter(stderr)
        url = next(json.loads(one)["url"] for one in log if '"listening"' in one)
        reading = threading.Thread(target=list, args=(log,))
        reading.start()
        made = Served(trail, url, process.pid)
        try:
            write(made, made.key())
            yield made
        finally:
            process.terminate()
            code = process.wait(60)
            reading.join()
        assert code == 0


def write(api: Served, token: str) -> float:
    """Record an event over a connection of its own; return how long that took."""
    given = {**EXAMPLE, "eventId": str(uuid4())}
    begun = time.monotonic()
    with api.client(token) as client:
        assert client.post("/audit/events", json=given).status_code == 201
    return time.monotonic() - begun


def connect(api: Served, number: int = 0) -> socket.socket:
    """Connect from one of several addresses: one alone has too few ports."""
    source = f"127.0.0.{2 + number % 8}"
    return socket.create_connection(api.address, 20, source_address=(source, 0))


def test_ten_thousand_idle_connections_keep_nobody_out(api: Served) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    many = min(IDLE, hard - 500)
    print(f"{many} connections (of {IDLE}; open files at most {hard})")
    token, before, took = api.key("writer"), api.begin(), []
    with ExitStack() as stack:
        idle = []
        for number in range(many):
            idle.append(stack.enter_context(connect(api, number)))
            if number % 100 == 0:
                took.append(write(api, token))
        took += [write(api, token) for _ in range(20)]
        polled = select.poll()
        for sock in idle:
            polled.register(sock, select.POLLIN)
        held = many - len(polled.poll(0))
        print(f"{held} held, answers within {max(took):.2f} s")
        assert held <= CONNECTIONS
    assert max(took) < PATIENCE
    assert api.grown(before) < GROWTH


def test_slow_heads_and_bodies_keep_nobody_out(api: Served) -> None:
    token, slow = api.key("writer"), api.key("writer")
    key = f"Authorization: Bearer {slow}\r\n".encode()
    heads = (
        b"GET / HTTP/1.1\r\n",
        b"POST /audit/events HTTP/1.1\r\n"
        b"Content-Type: application/json\r\nContent-Length: 16000000\r\n"
        + key
        + b"\r\n[",
        b"POST /audit/events HTTP/1.1\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
        + key
        + b"\r\n",
    )
    drips = (b"X: y\r\n", b" ", b"1\r\n \r\n")
    before, took = api.begin(), []
    with ExitStack() as stack:
        held: dict[int, list[socket.socket]] = {kind: [] for kind in range(3)}
        for number in range(900):
            sock = stack.enter_context(connect(api, number))
            sock.sendall(heads[number % 3])
            held[number % 3].append(sock)
        until = time.monotonic() + HEAD_SECONDS + 3
        while time.monotonic() < until:
            took.append(write(api, token))
            for kind, socks in held.items():
                for sock in socks:
                    with suppress(ConnectionError):
                        sock.sendall(drips[kind])
            time.sleep(0.5)
        polled = select.poll()
        for sock in held[0]:  # heads that never ended are cut off
            polled.register(sock, select.POLLIN)
        assert len(polled.poll(0)) == len(held[0])
    print(f"answers within {max(took):.2f} s")
    assert max(took) < PATIENCE
    assert api.grown(before) < GROWTH


@pytest.mark.parametrize("kind", ["announced", "in pieces", "without a key"])
def test_a_hundred_megabytes_are_refused_and_go_nowhere(api: Served, kind: str) -> None:
    token = api.key("writer")
    head = b"POST /audit/events HTTP/1.1\r\nContent-Type: application/json\r\n"
    if kind != "without a key":
        head += f"Authorization: Bearer {token}\r\n".encode()
    if kind == "in pieces":
        head += b"Transfer-Encoding: chunked\r\n\r\n"
        pieces = [b"100000\r\n" + b" " * MB + b"\r\n"] * 100 + [b"0\r\n\r\n"]
    else:
        head += b"Content-Length: %d\r\n\r\n" % (100 * MB)
        pieces = [b" " * MB] * 100
    before = api.begin()
    statuses: list[bytes] = []

    def send() -> None:
        with connect(api) as sock:
            sock.sendall(head)
            for piece in pieces:
                sock.sendall(piece)
            statuses.append(sock.recv(100).split(b" ")[1])

    sending = [threading.Thread(target=send) for _ in range(8)]
    for one in sending:
        one.start()
    took = max(write(api, api.key("writer")) for _ in range(10))
    for one in sending:
        one.join()
    # beside one another, as many of one key as fit beside it are taken on
    allowed = {b"401"} if kind == "without a key" else {b"413", b"429"}
    assert len(statuses) == 8
    assert set(statuses) <= allowed
    assert set(statuses) != {b"429"}
    assert took < PATIENCE
    assert api.grown(before) < GROWTH


def test_two_hundred_who_hardly_read_keep_nobody_out(api: Served) -> None:
    details = {f"t{number}": "x" * 900 for number in range(2)}
    insert(api.trail, *(event(details=details) for _ in range(5_000)))
    api.seal()
    token, reader = api.key("writer"), api.key("auditor")
    ask = (
        "GET /audit/events?after_seq=-1 HTTP/1.1\r\n"
        f"Authorization: Bearer {reader}\r\n\r\n"
    ).encode()
    before, took = api.begin(), []
    with ExitStack() as stack:
        slow = []
        for number in range(200):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            sock.settimeout(20)
            sock.bind((f"127.0.0.{2 + number % 8}", 0))
            sock.connect(api.address)
            sock.sendall(ask)
            slow.append(sock)
            if number % 10 == 0:
                took.append(write(api, token))
        for sock in slow:
            assert b" 200 " in sock.recv(50)
        for _ in range(20):
            took.append(write(api, token))
            for sock in slow:
                sock.recv(1_000)
        with api.client(reader) as client:  # who reads gets it all
            lines = client.get("/audit/events?after_seq=-1").text.splitlines()
            assert len(lines) > 5_000
    print(f"answers within {max(took):.2f} s")
    assert max(took) < PATIENCE
    assert api.grown(before) < GROWTH
