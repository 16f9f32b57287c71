"""A damaged database stops the sealer; no event is poison because of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from prooftrail.errors import DatabaseError, PoisonError
from tests.sealing import event, insert, seal, sealer
from tests.trail import now_us

if TYPE_CHECKING:
    from tests.trail import Trail


def months_from_now(count: int) -> str:
    now = datetime.fromtimestamp(now_us() / 1_000_000, UTC)
    year, month = divmod(now.year * 12 + now.month - 1 + count, 12)
    return f"{year:04d}{month + 1:02d}"


def counted(trail: Trail, table: str) -> int:
    row = trail.superuser().execute(f"select count(*) from prooftrail.{table}")
    (found,) = row.fetchone() or (-1,)
    return int(found)


def test_a_missing_partition_stops_the_sealer_and_poisons_no_event(
    trail: Trail,
) -> None:
    seal(trail)
    part = f"prooftrail_part.subject_{months_from_now(0)}"
    trail.superuser().execute(f"alter table prooftrail.subject detach partition {part}")
    insert(trail, event(subjects=["cust_2"]))
    with pytest.raises(DatabaseError, match="no partition") as told:
        seal(trail)
    assert not isinstance(told.value, PoisonError)
    assert (counted(trail, "inbox"), counted(trail, "quarantine")) == (1, 0)


def test_a_partition_that_was_rolled_back_is_made_again(trail: Trail) -> None:
    seal(trail)
    admin = trail.superuser()
    ahead = months_from_now(3)
    admin.execute(
        f"drop table prooftrail_part.log_{ahead}, prooftrail_part.subject_{ahead}"
    )
    admin.execute(
        "alter table prooftrail.log add constraint poison check (actor <> 'poison')"
    )
    insert(trail, event(), event(actor={"userId": "poison"}))
    with sealer(trail) as made:
        done = made.drain()
    assert (done.events, done.quarantined) == (1, 1)
    there = admin.execute(
        "select to_regclass(%s) is not null", (f"prooftrail_part.log_{ahead}",)
    ).fetchone()
    assert there == (True,)
