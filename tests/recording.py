"""What the tests of recording share: recorders, events, and looking into the inbox."""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from prooftrail import Recorder
from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect, inbox
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.seal.sealed import Sealed
    from tests.trail import Trail


def event(**more: Any) -> dict[str, Any]:
    return {
        "actor": {"userId": "usr_a1b2c3"},
        "action": "customer.pii.export",
        "resource": {"type": "customer", "id": "cust_x7y8z9"},
        "result": "success",
        **more,
    }


@contextmanager
def recorder(trail: Trail, **options: Any) -> Iterator[Recorder]:
    """Give a recorder that connects as the writer's real login."""
    dsn = trail.login_dsn("writer")
    given: dict[str, Any] = {
        "clock": now_us,
        "random": os.urandom,
        "patience": 15.0,
    } | options
    made = Recorder(lambda: inbox.open_writer(dsn), **given)
    try:
        yield made
    finally:
        made.close()


def waiting(trail: Trail) -> list[str]:
    """Return the ids of the events in the inbox, in order."""
    rows = trail.superuser().execute("select event from prooftrail.inbox order by id")
    return [json.loads(event)["eventId"] for (event,) in rows]


def seal(trail: Trail) -> Sealed:
    def open_sealer() -> connect.Connection:
        return connect.connect("sealer", dsn=trail.dsn)

    sealer = Sealer(open_sealer, clock=now_us, random=os.urandom)
    try:
        return sealer.drain()
    finally:
        sealer.close()


def sealed(trail: Trail) -> list[str]:
    """Return the ids of the events in the log (no trail statements), in order."""
    rows = trail.superuser().execute(
        "select event_id from prooftrail.log where kind = 0 order by stream, seq"
    )
    return [str(event_id) for (event_id,) in rows]


@contextmanager
def locked(trail: Trail) -> Iterator[None]:
    """Hold the inbox, so that every writer waits."""
    with psycopg.connect(trail.dsn) as holding:
        holding.execute("lock table prooftrail.inbox in access exclusive mode")
        yield
        holding.rollback()


def until_the_writer_waits(trail: Trail) -> None:
    """Wait until a writer stands before the locked inbox."""
    looking = trail.superuser()
    for _ in range(1_000):
        row = looking.execute(
            "select exists (select from pg_locks l join pg_database d"
            " on d.oid = l.database where d.datname = current_database()"
            " and not l.granted)"
        ).fetchone()
        if row == (True,):
            return
        time.sleep(0.01)
    raise AssertionError("no writer came")
