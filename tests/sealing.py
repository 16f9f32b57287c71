"""Helpers of the tests that seal: a sealer on a trail, and events to seal."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect, sealing
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail.seal.sealed import Sealed
    from tests.trail import Trail


@contextmanager
def database_clock(behind_us: int) -> Iterator[None]:
    """Let sealers read a clock of the database that is so far behind the real one.

    Its trigger keeps the real one, and looks only at what is ahead.
    """
    real = sealing.clock
    sealing.clock = lambda connection: real(connection) - behind_us
    try:
        yield
    finally:
        sealing.clock = real


@contextmanager
def sealer(
    trail: Trail, *, clock: Callable[[], int] = now_us, rows: int = 2_000
) -> Iterator[Sealer]:
    made = Sealer(
        lambda: connect.connect("sealer", dsn=trail.dsn),
        clock=clock,
        random=os.urandom,
        rows=rows,
    )
    try:
        yield made
    finally:
        made.close()


def seal(trail: Trail, **options: Any) -> Sealed:
    with sealer(trail, **options) as made:
        return made.drain()


def event(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "eventId": str(uuid4()),
        "timestamp": "2026-02-17T14:23:01.445Z",
        "actor": {"userId": "usr_1", "role": "Admin", "ipAddress": "203.0.113.42"},
        "action": "customer.pii.view",
        "resource": {"type": "customer", "id": "cust_1"},
        "result": "success",
    }
    found.update(changes)
    return {key: item for key, item in found.items() if item is not None}


def insert(trail: Trail, *events: object, stream: str = "main") -> None:
    """Insert events as the writer login; a text goes in as it is."""
    writer = trail.login("writer")
    with writer.cursor() as cursor:
        cursor.executemany(
            "insert into prooftrail.inbox (stream, event) values (%s, %s)",
            [
                (stream, item if isinstance(item, str) else json.dumps(item))
                for item in events
            ],
        )


def log(trail: Trail, stream: str = "main") -> list[dict[str, Any]]:
    """Return the sealed events of a stream, in order, without entry 0."""
    rows = trail.superuser().execute(
        "select convert_from(event, 'UTF8') from prooftrail.log"
        " where stream = %s and seq > 0 order by seq",
        (trail.made[stream].number,),
    )
    return [json.loads(row[0]) for row in rows]
