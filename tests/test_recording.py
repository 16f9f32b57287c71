from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import prooftrail
from prooftrail import Actor, Event, EventError, Recorder, RecordError, Resource
from prooftrail.errors import (
    ConfigurationError,
    DatabaseError,
    UnavailableError,
)
from prooftrail.store import connect, inbox
from tests.recording import event, recorder, seal, sealed, waiting
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail


@contextmanager
def locked(trail: Trail) -> Iterator[None]:
    """Hold the inbox, so that every writer waits."""
    with psycopg.connect(trail.dsn) as holding:
        holding.execute("lock table prooftrail.inbox in access exclusive mode")
        yield
        holding.rollback()


def test_a_recorded_event_is_in_the_inbox_when_the_call_returns(trail: Trail) -> None:
    with recorder(trail) as made:
        first = made.record(event())
        assert waiting(trail) == [first]
        second = made.record(
            Event(
                actor=Actor(user_id="u"),
                action="auth.logout",
                resource=Resource(type="session"),
                result="success",
            )
        )
        third = made.record(
            actor={"type": "anonymous"}, action="auth.login.failure", result="failure"
        )
        assert waiting(trail) == [first, second, third]
    assert seal(trail).events == 3
    assert sealed(trail) == [first, second, third]


def test_recording_the_same_event_again_is_one_entry(trail: Trail) -> None:
    stated = event(
        eventId="0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
        timestamp="2026-02-17T14:23:01.445Z",
        subjects=[f"cust_{n}" for n in range(2_500)],
    )
    with recorder(trail) as made:
        made.record(stated)
        made.record(stated)
        assert seal(trail).events == 3
        made.record(stated)
    done = seal(trail)
    assert (done.events, done.duplicates, done.quarantined) == (0, 3, 0)


def test_every_subject_of_a_large_export_finds_it(trail: Trail) -> None:
    trail.stream("eu")
    with recorder(trail, stream="eu") as made:
        of = made.record(event(subjects=[f"cust_{n}" for n in range(10_000)]))
    assert seal(trail).events == 10
    found = (
        trail.superuser()
        .execute(
            "select count(distinct subject), count(distinct seq)"
            " from prooftrail.subject where stream = %s",
            (trail.made["eu"].number,),
        )
        .fetchone()
    )
    assert found == (10_000, 10)
    assert sealed(trail)[0] == of


def test_threads_share_commits(trail: Trail) -> None:
    with recorder(trail) as made, ThreadPoolExecutor(16) as pool:

        def fifty(thread: int) -> list[str]:
            return [made.record(event(details={"n": [thread, n]})) for n in range(50)]

        recorded = [one for many in pool.map(fifty, range(16)) for one in many]
    assert sorted(waiting(trail)) == sorted(recorded)
    assert len(set(recorded)) == 800
    row = trail.superuser().execute(
        "select count(distinct xmin::text) from prooftrail.inbox"
    )
    assert (row.fetchone() or (800,))[0] < 400


def test_no_acknowledged_event_is_lost_when_connections_are_killed(
    trail: Trail,
) -> None:
    stop = threading.Event()
    kills = 0

    def storm() -> None:
        nonlocal kills
        with psycopg.connect(trail.dsn, autocommit=True) as killer:
            while not stop.wait(0.03):
                kills += len(
                    killer.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where usename = 'prooftrail_writer'"
                        " and datname = current_database()"
                    ).fetchall()
                )

    killing = threading.Thread(target=storm)
    killing.start()
    try:
        with recorder(trail) as made, ThreadPoolExecutor(8) as pool:

            def many(thread: int) -> list[str]:
                return [
                    made.record(event(details={"n": [thread, n]})) for n in range(60)
                ]

            recorded = [one for ids in pool.map(many, range(8)) for one in ids]
    finally:
        stop.set()
        killing.join()
    assert kills > 3
    assert len(set(recorded)) == 480
    seal(trail)
    assert sorted(sealed(trail)) == sorted(recorded)


def test_one_event_that_the_database_refuses_spoils_no_other(trail: Trail) -> None:
    trail.superuser().execute(
        "alter table prooftrail.inbox add constraint no_poison"
        " check (event not like '%poison%')"
    )
    with recorder(trail) as made:
        with locked(trail):
            futures = [
                made.submit(event(details={"n": "poison" if n in (3, 37) else n}))
                for n in range(100)
            ]
        for n, future in enumerate(futures):
            if n in (3, 37):
                with pytest.raises(EventError, match="no_poison"):
                    future.result(20)
            else:
                future.result(20)
        kept = [future.result() for n, future in enumerate(futures) if n not in (3, 37)]
        assert waiting(trail) == kept


def test_a_full_queue_holds_the_caller_and_then_refuses(trail: Trail) -> None:
    with recorder(trail, queue_size=2, patience=0.4) as made:
        with locked(trail):
            futures = [made.submit(event())]
            time.sleep(0.2)  # the writer took it, and waits for the table
            futures += [made.submit(event()), made.submit(event())]
            begun = time.monotonic()
            with pytest.raises(RecordError, match=r"2 events wait.*NOT recorded"):
                made.submit(event())
            assert 0.3 < time.monotonic() - begun < 5
        assert waiting(trail) == [future.result(10) for future in futures]


def test_a_queue_with_room_again_lets_the_caller_go_on(trail: Trail) -> None:
    with recorder(trail, queue_size=1) as made, ThreadPoolExecutor(1) as pool:
        with locked(trail):
            made.submit(event())
            time.sleep(0.2)
            made.submit(event())
            third = pool.submit(made.record, event())
            time.sleep(0.2)
            assert not third.done()
        assert third.result(10) == waiting(trail)[2]


def test_a_connection_that_hangs_does_not_hold_the_caller_for_ever(
    trail: Trail,
) -> None:
    with (
        recorder(trail, patience=0.2) as made,
        locked(trail),
        pytest.raises(RecordError, match="not known to be durable"),
    ):
        made.record(event())


def test_a_database_that_is_away_fails_after_the_patience(trail: Trail) -> None:
    options = {"clock": lambda: 0, "random": lambda n: b"\0" * n}
    made = prooftrail.Recorder(
        lambda: inbox.open_writer("postgresql://127.0.0.1:1/nowhere"),
        patience=0.3,
        **options,  # type: ignore[arg-type]
    )
    begun = time.monotonic()
    with pytest.raises(RecordError, match="same eventId") as told:
        made.record(event())
    assert 0.2 < time.monotonic() - begun < 5
    assert isinstance(told.value.__cause__, UnavailableError)
    made.close()
    with pytest.raises(RecordError, match="closed"):
        made.record(event())
    assert trail.dsn not in str(told.value)


def test_a_login_without_the_right_is_told_at_once(trail: Trail) -> None:
    dsn = trail.login_dsn("reader")
    made = prooftrail.open_recorder(dsn)
    with pytest.raises(DatabaseError, match="permission denied"):
        made.record(event())
    made.close()


def test_no_dsn_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROOFTRAIL_DSN", raising=False)
    monkeypatch.delenv("PROOFTRAIL_WRITER_DSN", raising=False)
    made = prooftrail.open_recorder()
    with pytest.raises(ConfigurationError, match="PROOFTRAIL_WRITER_DSN"):
        made.record(event())
    made.close()


def test_a_broken_dsn_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFTRAIL_WRITER_DSN", "postgresql://u:se%cret@h:x/db")
    with pytest.raises(ConfigurationError, match="PROOFTRAIL_WRITER_DSN") as told:
        inbox.open_writer()
    assert "cret" not in str(told.value)


def test_a_stream_name_that_cannot_be_is_refused(trail: Trail) -> None:
    with recorder(trail) as made:
        with pytest.raises(ConfigurationError, match="no stream is named"):
            made.record(event(), stream="Main Stream")
        assert waiting(trail) == []


def test_closing_writes_what_waits(trail: Trail) -> None:
    with recorder(trail) as made:
        futures = [made.submit(event()) for _ in range(500)]
    assert waiting(trail) == [future.result(0) for future in futures]


def test_async_code_awaits_and_a_cancelled_wait_still_records(trail: Trail) -> None:
    with recorder(trail) as made:

        async def run() -> None:
            waits = [asyncio.wrap_future(made.submit(event())) for _ in range(20)]
            assert await asyncio.gather(*waits) == waiting(trail)
            with locked(trail):
                given_up = asyncio.wrap_future(made.submit(event()))
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(given_up, 0.1)

        asyncio.run(run())
    assert len(waiting(trail)) == 21


def test_commits_are_on_disk_whatever_the_default_says(trail: Trail) -> None:
    trail.superuser().execute(
        f"alter database {trail.database} set synchronous_commit = off"
    )
    with inbox.open_writer(trail.login_dsn("writer")) as writing:
        assert writing.execute("show synchronous_commit").fetchone() == ("on",)


def test_a_standby_after_a_failover_is_left_again(trail: Trail) -> None:
    with inbox.open_writer(trail.login_dsn("writer")) as writing:
        writing.execute("set default_transaction_read_only = on")
        with pytest.raises(UnavailableError, match="read-only"):
            inbox.insert_all(writing, [inbox.Row("main", "{}")])


FORKING = """
import os, sys, threading, prooftrail

def some(name, n):
    for i in range(n):
        one = prooftrail.record(actor={"userId": name}, action="system.job.run",
                                result="success", details={"n": i})
        os.write(1, one.encode() + b"\\n")  # whole lines, whoever writes

some("before", 3)
busy = threading.Thread(target=some, args=("thread", 150))
busy.start()
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        some(f"child {number}", 20)
        prooftrail.submit(actor={"userId": "exit"}, action="system.job.run",
                          result="success")  # drained at exit
        sys.exit(0)
    children.append(child)
some("parent", 20)
busy.join()
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
some("after", 3)
"""


def test_forked_workers_record_on_connections_of_their_own(trail: Trail) -> None:
    env = trail.env | {"PROOFTRAIL_WRITER_DSN": trail.login_dsn("writer")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.split()
    there = waiting(trail)
    assert len(told) == 3 + 150 + 80 + 20 + 3
    assert set(told) <= set(there)
    assert len(there) == len(set(there)) == len(told) + 4


KILLED = """
import sys, threading, prooftrail
lock = threading.Lock()
def go(n):
    while True:
        one = prooftrail.record(actor={"userId": "u"}, action="system.job.run",
                                result="success")
        with lock:
            sys.stdout.write(one + "\\n"); sys.stdout.flush()
for n in range(8):
    threading.Thread(target=go, args=(n,)).start()
"""


def test_kill_9_loses_no_acknowledged_event(trail: Trail) -> None:
    told: list[str] = []
    for seconds in (0.5, 0.63, 0.71):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED],
            env=trail.env,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            told.append(process.stdout.readline().strip())
            time.sleep(seconds)
            process.kill()
            lines = process.stdout.read().split("\n")
        told += lines[:-1]  # the last one may be torn
    assert len(told) > 50
    seal(trail)
    there = sealed(trail)
    assert set(told) <= set(there)
    assert len(there) == len(set(there))


def test_the_default_recorder_acts_as_the_writer(trail: Trail) -> None:
    code = (
        "import prooftrail; print(prooftrail.record(actor=prooftrail.Actor("
        "user_id='u'), action='auth.logout', result='success'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=trail.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert waiting(trail) == [done.stdout.strip()]


def test_importing_the_package_loads_no_driver() -> None:
    code = (
        "import sys, prooftrail; "
        "print([m for m in ('psycopg', 'msgspec', 'orjson', 'click') "
        "if m in sys.modules]); "
        "print(all(hasattr(prooftrail, n) for n in prooftrail.__all__)); "
        "print(hasattr(prooftrail, 'nothing'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:3] == ["[]", "True", "False"]


def test_a_writer_may_do_nothing_but_insert(trail: Trail) -> None:
    writing = trail.login("writer")
    for statement in (
        "insert into prooftrail.inbox (event) values ('{}') returning id",
        "insert into prooftrail.inbox (event, login) values ('{}', 'x')",
        "insert into prooftrail.inbox (event, id) overriding system value values ('{}', 1)",
        "insert into prooftrail.inbox (event, channel) values ('{}', 'x')",
        "insert into prooftrail.inbox (event, received_at) values ('{}', now())",
        "select event from prooftrail.inbox",
        "update prooftrail.inbox set event = ''",
        "delete from prooftrail.inbox",
        "truncate prooftrail.inbox",
    ):
        with pytest.raises(
            psycopg.errors.InsufficientPrivilege,
            match=r"permission denied for table inbox",
        ):
            writing.execute(statement.encode())


def test_plain_inserts_from_any_language_are_sealed(trail: Trail) -> None:
    writing = trail.login("writer")
    text = json.dumps(event())
    writing.execute(
        "insert into prooftrail.inbox (stream, event) values (%s, %s)", ("main", text)
    )
    writing.execute("insert into prooftrail.inbox (event) values (%s)", (text,))
    writing.execute(
        "insert into prooftrail.inbox (event) values (%s) on conflict do nothing",
        (text,),
    )
    with writing.cursor().copy("copy prooftrail.inbox (event) from stdin") as copy:
        copy.write_row((text,))
    done = seal(trail)
    assert (done.events, done.quarantined) == (4, 0)
    row: Any = (
        trail.superuser()
        .execute(
            "select convert_from(event, 'UTF8') from prooftrail.log where kind = 0"
        )
        .fetchone()
    )
    assert json.loads(row[0])["$source"]["login"] == "prooftrail_writer"


def test_a_connection_that_is_not_in_autocommit_is_durable_all_the_same(
    trail: Trail,
) -> None:
    made = Recorder(
        lambda: connect.connect("writer", dsn=trail.dsn),
        clock=now_us,
        random=os.urandom,
    )
    with made:
        made.record(actor={"userId": "usr_1"}, action="a.b", result="success")
        found = trail.superuser().execute("select count(*) from prooftrail.inbox")
        assert found.fetchone() == (1,)
