"""Clocks: when a sealer stops, what it states, and that no event suffers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prooftrail.core import ids
from prooftrail.errors import DatabaseError, SealError
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.sealing import database_clock, event, insert, log, seal, sealer
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.trail import Trail

SECOND = 1_000_000
HOUR = 3_600 * SECOND


def untimed() -> dict[str, object]:
    """An event to which the time of receipt is given, and another that is just made."""
    return event(eventId=ids.uuid7(now_us(), b"12345678"), timestamp=None)


def counted(trail: Trail, table: str) -> int:
    row = trail.superuser().execute(f"select count(*) from prooftrail.{table}")
    (found,) = row.fetchone() or (-1,)
    return int(found)


def wrong_once(off_us: int) -> Callable[[], int]:
    """Return a clock that is set right between its first and its second reading."""
    left = [off_us]
    return lambda: now_us() + (left.pop() if left else 0)


@pytest.mark.parametrize(
    ("off_us", "told"), [(6 * SECOND, "ahead of"), (-301 * SECOND, "behind")]
)
def test_a_sealer_whose_clock_is_apart_stops_and_no_event_suffers(
    trail: Trail, off_us: int, told: str
) -> None:
    seal(trail)
    off = off_us
    with sealer(trail, clock=lambda: now_us() + off) as made:
        insert(trail, untimed())
        for _ in range(2):
            with pytest.raises(SealError, match=f"5 s {told} the database's"):
                made.drain()
        assert (counted(trail, "inbox"), counted(trail, "quarantine")) == (1, 0)
        off = 0
        assert made.drain().events == 1


@pytest.mark.parametrize("off_us", [-6 * SECOND, 6 * SECOND])
def test_a_stream_is_not_created_by_a_clock_that_is_apart(
    trail: Trail, off_us: int
) -> None:
    with pytest.raises(SealError, match=r"5 s (ahead of|behind) the database's"):
        seal(trail, clock=lambda: now_us() + off_us)
    assert counted(trail, "log") == 0


@pytest.mark.parametrize("off_us", [-301 * SECOND, 301 * SECOND])
def test_the_clock_that_counts_is_the_one_by_which_the_batch_was_made(
    trail: Trail, off_us: int
) -> None:
    seal(trail)
    insert(trail, untimed())
    with sealer(trail, clock=wrong_once(off_us)) as made:
        with pytest.raises(SealError, match=r"5 s (ahead of|behind) the database's"):
            made.drain()
        assert made.drain().events == 1
    (recorded,) = trail.superuser().execute(
        "select max(recorded_us) from prooftrail.log"
    ).fetchone() or (0,)
    assert now_us() - 60 * SECOND < recorded <= now_us()
    assert counted(trail, "quarantine") == 0


def test_a_clock_that_steps_back_is_stated_once_and_time_never_decreases(
    trail: Trail,
) -> None:
    insert(trail, event())
    seal(trail)
    with database_clock(HOUR), sealer(trail, clock=lambda: now_us() - HOUR) as made:
        for _ in range(3):
            insert(trail, event())
            made.drain()
    actions = [item["action"] for item in log(trail)]
    assert actions.count("trail.clock") == 1
    times = [
        int(row[0])
        for row in trail.superuser().execute(
            "select recorded_us from prooftrail.log order by seq"
        )
    ]
    assert times == sorted(times)
    assert Run(Asked(), dsn=trail.dsn).run().verdict.exit_code == 0


def test_a_step_back_is_stated_once_by_batches_that_overlap(trail: Trail) -> None:
    insert(trail, event())
    seal(trail)
    insert(trail, *(event() for _ in range(10)))
    with database_clock(HOUR):
        done = seal(trail, clock=lambda: now_us() - HOUR, rows=2)
    assert (done.events, done.statements) == (10, 1)


def test_a_step_back_is_stated_though_its_batch_was_divided(trail: Trail) -> None:
    insert(trail, event())
    seal(trail)
    trail.superuser().execute(
        "alter table prooftrail.log add constraint poison check (actor <> 'poison')"
    )
    insert(trail, event(actor={"userId": "poison"}), event())
    with database_clock(HOUR):
        done = seal(trail, clock=lambda: now_us() - HOUR)
    assert (done.events, done.quarantined) == (1, 1)
    actions = [item["action"] for item in log(trail)]
    assert actions.count("trail.clock") == 1


def test_the_database_refuses_a_new_time_far_ahead_of_its_clock(trail: Trail) -> None:
    seal(trail)
    insert(trail, event())
    ahead = 301 * SECOND
    told = r"time of entries 1 to 1, .* 5 minutes ahead of the database's clock"
    with database_clock(-ahead), pytest.raises(DatabaseError, match=told):
        seal(trail, clock=lambda: now_us() + ahead)
    assert seal(trail).events == 1
