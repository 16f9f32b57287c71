"""What a report reads: all that answers, one by one, page after page."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from prooftrail.reports.desk import answered
from tests.desk_rig import sitting
from tests.sealing import event, insert, seal
from tests.searched import asker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.reports.desk import Desk
    from prooftrail.store.connect import Connection
    from tests.trail import Trail

TOKEN = "of a test"


@contextmanager
def at_desk(trail: Trail, count: int) -> Iterator[tuple[Desk, Connection]]:
    """Let somebody sit before a log of so many events."""
    insert(trail, *(event(action=f"test.{n}") for n in range(count)))
    seal(trail)
    with asker(trail, TOKEN) as readers:
        desk = sitting(readers, TOKEN, [("q", "action:test.*")])
        with desk.reading() as connection:
            yield desk, connection


@pytest.mark.parametrize("count", [0, 1, 3, 7])
def test_all_of_it_is_read_once(trail: Trail, count: int) -> None:
    with at_desk(trail, count) as (desk, connection):
        read = [str(item["action"]) for item, _ in answered(connection, desk, 3)]
        assert sorted(read) == sorted(f"test.{n}" for n in range(count))


def test_something_else_may_be_asked_meanwhile(trail: Trail) -> None:
    with at_desk(trail, 9) as (desk, connection):
        for n, _ in enumerate(answered(connection, desk, 2)):
            assert connection.execute("select %s::int", (n,)).fetchone() == (n,)
        assert n == 8


def test_who_stops_leaves_the_connection_as_it_was(trail: Trail) -> None:
    with at_desk(trail, 9) as (desk, connection):
        found = answered(connection, desk, 2)
        assert len(list(itertools.islice(found, 3))) == 3
        found.close()  # type: ignore[attr-defined]
        assert connection.execute("select 1").fetchone() == (1,)
        assert len(list(answered(connection, desk, 2))) == 9
