from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from prooftrail import Actor, Event, Recorder, Resource
from prooftrail.store import connect, inbox
from tests.recording import event, locked, recorder, seal, sealed, waiting
from tests.trail import now_us

if TYPE_CHECKING:
    from tests.trail import Trail


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
