"""The spine: recording, sealing and verification beside bare PostgreSQL and auditchain.

All on one server with fsync on, one after another, over the same events.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import psycopg

import prooftrail
from bench import events, memory
from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect, install, streams

if TYPE_CHECKING:
    from collections.abc import Callable


class Figure(NamedTuple):
    """One row of the table."""

    name: str
    rate: float  # a second
    beside: str  # what it is compared with; empty for a baseline
    note: str = ""


def now_us() -> int:
    return time.time_ns() // 1000


def rate(count: int, act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return count / (time.perf_counter() - begun)


class Bench:
    """One run on one server."""

    def __init__(self, url: str, entries: int) -> None:
        self.url = url
        self.entries = entries
        self.figures: list[Figure] = []
        self._admin = psycopg.connect(url, autocommit=True)
        own = connect.connect(None, dsn=url, autocommit=True)
        install.install(own, now_us=now_us())
        streams.create(own, "main", stream_id=os.urandom(16))
        own.close()
        self._admin.execute("create table bare (id bigserial primary key, event text)")

    def run(self) -> list[Figure]:
        for step in (
            self.bare,
            self.recording,
            self.sealing,
            self.latency,
            self.verification,
            self.auditchain,
        ):
            self._admin.execute("checkpoint")  # what the step before left to write
            begun = time.perf_counter()
            step()
            took = time.perf_counter() - begun
            print(f"  {step.__name__}: {took:.0f} s", file=sys.stderr)
        return self.figures

    def _add(self, name: str, found: float, beside: str = "", note: str = "") -> None:
        self.figures.append(Figure(name, found, beside, note))

    def bare(self) -> None:
        count = 3_000
        some = list(events.texts(count, end_us=now_us()))

        def single() -> None:
            for text in some:
                self._admin.execute("insert into bare (event) values (%s)", (text,))

        self._add("bare INSERT, a commit each", rate(count, single))
        count = min(self.entries, 200_000)
        many = list(events.texts(count, end_us=now_us()))

        def copy() -> None:
            with self._admin.cursor().copy("copy bare (event) from stdin") as into:
                for text in many:
                    into.write_row((text,))

        self._add("bare COPY", rate(count, copy))
        self._admin.execute("drop table bare")  # nothing of it is to be vacuumed later

    def recording(self) -> None:
        count = 3_000
        event: dict[str, object] = {
            "actor": {"userId": "usr_1", "role": "support"},
            "action": "customer.pii.view",
            "resource": {"type": "customer", "id": "cust_1"},
            "result": "success",
        }
        with prooftrail.open_recorder(self.url) as recorder:
            recorder.record(event)

            def work(times: int) -> None:
                for _ in range(times):
                    recorder.record(event)

            found = rate(count, lambda: work(count))
            self._add("record(), one thread", found, "bare INSERT")

            def grouped() -> None:
                times = (count // 4,)
                threads = [threading.Thread(target=work, args=times) for _ in range(16)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

            self._add("record(), 16 threads", rate(4 * count, grouped), "bare INSERT")

            def piped() -> None:
                futures = [recorder.submit(event) for _ in range(10 * count)]
                for future in futures:
                    future.result()

            self._add("submit(), one thread", rate(10 * count, piped), "bare INSERT")
        with self._sealer() as sealer:
            sealer.drain()

    def sealing(self) -> None:
        with self._admin.cursor().copy(
            "copy prooftrail.inbox (event) from stdin"
        ) as into:
            for text in events.texts(self.entries, end_us=now_us()):
                into.write_row((text,))
        self._admin.execute("analyze prooftrail.inbox")
        code, _, seconds, peak = self._run("seal", "--once")
        assert code == 0, code
        self._add(
            "sealed, one stream, all indexes",
            self.entries / seconds,
            "bare COPY",
            f"{self.entries:,} events in {seconds:.1f} s, {peak:.0f} MB",
        )

    def latency(self) -> None:
        """Durable to sealed, while 1,000 events a second come in."""
        stop = threading.Event()
        with self._sealer() as sealer:
            thread = threading.Thread(target=sealer.run, args=(stop, lambda _: None))
            thread.start()
            with prooftrail.open_recorder(self.url) as recorder:
                begun = time.perf_counter()
                for number in range(10_000):
                    recorder.submit(
                        actor={"userId": "usr_latency"},
                        action="customer.pii.view",
                        result="success",
                    )
                    due = begun + number / 1_000
                    time.sleep(max(0.0, due - time.perf_counter()))
            time.sleep(1)
            stop.set()
            thread.join()
        row = self._admin.execute(
            "select percentile_disc(array[0.5, 0.99]) within group (order by"
            " l.recorded_us - (extract(epoch from (convert_from(event, 'UTF8')::jsonb"
            " #>> array['$source', 'receivedAt'])::timestamptz) * 1e6)::bigint)"
            " from prooftrail.log l where actor = 'usr_latency'"
        ).fetchone()
        assert row is not None
        p50, p99 = (microseconds / 1000 for microseconds in row[0])
        note = f"durable to sealed: p50 {p50:.0f} ms, p99 {p99:.0f} ms"
        self._add("sealing what comes in, 1,000/s", 1_000, "", note)

    def verification(self) -> None:
        row = self._admin.execute("select count(*) from prooftrail.log").fetchone()
        assert row is not None
        count = int(row[0])
        self._admin.execute("vacuum (analyze, freeze) prooftrail.log")
        code, _, seconds, peak = self._run("verify", "--unrecorded")
        assert code == 0, code
        note = f"{count:,} entries in {seconds:.1f} s, {peak:.0f} MB with all processes"
        self._add("verified", count / seconds, "bare COPY", note)
        self._edit_one(count // 2)
        code, told, seconds, _ = self._run("verify", "--unrecorded")
        assert code == 1, code
        assert f"seq {count // 2}" in told, told
        note = f"one edited entry of {count:,} named in {seconds:.1f} s"
        self._add("verified, one entry edited", count / seconds, "bare COPY", note)

    def auditchain(self) -> None:
        from auditchain import AuditLog, PostgresBackend  # noqa: PLC0415

        count = 2_000
        meta = {"ip": "203.0.113.42", "role": "support"}

        async def one_by_one() -> tuple[float, float, float]:
            async with AuditLog(PostgresBackend(self.url)) as log:
                begun = time.perf_counter()
                for number in range(count):
                    await log.append(
                        "usr_1", "customer.pii.view", f"cust_{number}", metadata=meta
                    )
                single = count / (time.perf_counter() - begun)
                items = [
                    ("usr_1", "customer.pii.view", f"cust_{number}", meta)
                    for number in range(20 * count)
                ]
                begun = time.perf_counter()
                await log.append_many(items)
                many = 20 * count / (time.perf_counter() - begun)
                begun = time.perf_counter()
                report = await log.verify()
                assert report.ok
                return single, many, 21 * count / (time.perf_counter() - begun)

        single, many, checked = asyncio.run(one_by_one())
        self._add("auditchain append()", single, "bare INSERT", "one chain, one writer")
        self._add("auditchain append_many()", many, "bare COPY", "one index, one batch")
        self._add("auditchain verify()", checked, "bare COPY", "whole log in memory")

    def _run(self, *words: str) -> tuple[int, str, float, float]:
        """Run a command of the product, from start to end."""
        command = [sys.executable, "-m", "prooftrail", *words]
        return memory.run(command, {**os.environ, "PROOFTRAIL_DSN": self.url})

    def _sealer(self) -> _Closing:
        return _Closing(
            Sealer(
                lambda: connect.connect("sealer", dsn=self.url),
                clock=now_us,
                random=os.urandom,
            )
        )

    def _edit_one(self, seq: int) -> None:
        tables = ["prooftrail.log"]
        tables += [
            str(row[0])
            for row in self._admin.execute(
                "select inhrelid::regclass::text from pg_inherits"
                " where inhparent = 'prooftrail.log'::regclass"
            )
        ]
        for table in tables:
            self._admin.execute(f"alter table {table} disable trigger all")
        self._admin.execute("alter table prooftrail.log drop constraint body_is_hash")
        self._admin.execute(
            "update prooftrail.log set event = event || ' ' where seq = %s", (seq,)
        )


class _Closing:
    """Closes a sealer."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def __enter__(self) -> Sealer:
        return self._sealer

    def __exit__(self, *_: object) -> None:
        self._sealer.close()
