"""What a writer may send is bounded: no row that would exhaust the sealer comes in."""

from __future__ import annotations

import json
from random import Random  # noqa: TID251  seeded: text that no page compresses
from typing import TYPE_CHECKING

import psycopg
import pytest

from prooftrail.errors import PoisonError
from prooftrail.seal.intake import BYTES
from prooftrail.store import connect, inbox, waiting
from tests.sealing import event, insert, seal

if TYPE_CHECKING:
    from tests.trail import Trail

MIB = 1_048_576
LONGEST = {"stream": 63, "event": 16 * MIB, "envelope": MIB}


def send(trail: Trail, column: str, length: int) -> None:
    """Insert a row, one column of which the server fills to a length."""
    value = "convert_to(repeat('x', %(length)s), 'UTF8')"
    if column != "envelope":
        value = "repeat('x', %(length)s)"
    others = {"stream": "'main'", "event": "%(event)s", "envelope": "null"}
    row = ", ".join((others | {column: value}).values())
    trail.login("writer").execute(
        f"insert into prooftrail.inbox (stream, event, envelope) values ({row})",
        {"length": length, "event": json.dumps(event())},
    )


@pytest.mark.parametrize("column", LONGEST)
def test_the_inbox_refuses_what_is_too_long_by_name(trail: Trail, column: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match=f"{column}_at_most"):
        send(trail, column, LONGEST[column] + 1)
    send(trail, column, LONGEST[column])
    # an envelope is the keeper's to judge; neither stream nor event is one
    done = seal(trail)
    assert (done.events, done.quarantined) == ((1, 0), (0, 1))[column != "envelope"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (inbox.Row("x" * 64, "{}"), "stream's name is longer than 63 bytes"),
        (inbox.Row("main", "x" * 16 * MIB + "x"), "event is longer than 16 MiB"),
        (inbox.Row("main", "{}", b"x" * MIB + b"x"), "envelope .* longer than 1 MiB"),
    ],
    ids=LONGEST,
)
def test_the_recorder_says_what_is_too_long(
    trail: Trail, row: inbox.Row, told: str
) -> None:
    writer = connect.connect("writer", dsn=trail.dsn)
    try:
        with pytest.raises(PoisonError, match=told):
            inbox.insert_all(writer, [inbox.Row("main", "{}"), row])
    finally:
        writer.close()


def test_a_batch_is_bounded_by_events_and_envelopes(trail: Trail) -> None:
    count = 3 * BYTES // MIB
    for _ in range(count):
        send(trail, "envelope", MIB)
    insert(trail, event())
    reading = connect.connect("sealer", dsn=trail.dsn, autocommit=True)
    try:
        rows = waiting.fetch(reading, floor=None, rows=2_000, size=BYTES)
    finally:
        reading.close()
    assert sum(len(row.envelope or b"") for row in rows) <= BYTES + MIB
    assert seal(trail).events == count + 1


def test_the_widest_event_fits_every_index(trail: Trail) -> None:
    """A row of an index has a third of a page, and no event may stop sealing."""
    random = Random(3)

    def wide() -> str:
        """Four bytes a character, and nothing that could be compressed."""
        return "".join(chr(random.randrange(0x10000, 0x2FFFF)) for _ in range(200))

    letters = "abcdefghijklmnopqrstuvwxyz0123456789_-"
    insert(
        trail,
        event(
            actor={"userId": wide(), "role": wide(), "ipAddress": "2001:db8::7:8"},
            resource={"type": wide(), "id": wide()},
            action="a." + "".join(random.choice(letters) for _ in range(198)),
            subjects=[wide() for _ in range(3)],
            result="denied",
        ),
    )
    seal(trail)
    sealed = "select count(*) from prooftrail.log where kind = 0"
    assert trail.superuser().execute(sealed).fetchone() == (1,)
