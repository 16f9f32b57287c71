"""A log in memory, as the checker reads it: rows and subject rows."""

from __future__ import annotations

import random  # noqa: TID251  seeded
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.core import entry, jcs, projection
from prooftrail.core.projection import Projection
from prooftrail.integrity.check import Check
from prooftrail.integrity.diagnosis import Row
from prooftrail.integrity.segment import Before
from prooftrail.integrity.subjects import SubjectRow
from prooftrail.seal import chain
from prooftrail.store import wire
from prooftrail.store.sealing import Head
from prooftrail.store.streams import Stream

if TYPE_CHECKING:
    from prooftrail.integrity.segment import Segment

STREAM = Stream(1, "main", b"s" * 16, "test.example", 1, ())
COLUMNS = len(Projection._fields)
BEGUN_US = 1_790_000_000_000_000


class Log(NamedTuple):
    rows: list[Row]
    subjects: list[SubjectRow]


def event(source: random.Random, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "eventId": f"{source.getrandbits(32):08x}-0000-4000-8000-{number:012x}",
        "timestamp": f"2026-02-{source.randrange(1, 28):02d}T10:00:00Z",
        "actor": {"userId": f"usr_{source.randrange(5)}"},
        "action": source.choice(["auth.logout", "customer.pii.view", "a.b"]),
        "result": source.choice(["success", "failure", "denied"]),
    }
    if source.random() < 0.5:
        found["actor"] |= {"role": "Admin", "ipAddress": "2001:db8::7"}
    if source.random() < 0.5:
        found["resource"] = {"type": "customer", "id": f"cust_{number}"}
        found["subjects"] = [f"cust_{number + step}" for step in range(3)]
    if source.random() < 0.3:
        of = f"0190a5a0-0000-7000-8000-{source.randrange(number):012x}"
        found["part"] = {"of": of, "n": source.randrange(1, 4), "total": 3}
    return found


def make(entries: int, seed: int) -> Log:
    """Seal so many entries, the first one stating the stream."""
    source = random.Random(seed)
    head = Head(1, -1, entry.genesis(STREAM.stream_id), 0)
    log = Log([], [])
    for number in range(entries):
        at = max(head.recorded_us, BEGUN_US) + source.randrange(3)
        if number == 0:
            body = chain.state(
                "trail.stream.create", STREAM, {}, at_us=at, random=source.randbytes
            )
        else:
            data = jcs.canonical(event(source, number))
            found, subjects = projection.read(data)
            body = chain.Body(entry.EVENT, data, found, subjects)
        linked = chain.link(
            STREAM, head, [body], recorded_us=at, random=source.randbytes
        )
        head = linked.head
        log.rows.extend(_row(row, body) for row in linked.rows)
        log.subjects.extend(SubjectRow(*one[1:]) for one in linked.subjects)
    return log


def _row(row: Any, body: chain.Body) -> Row:
    return Row(
        row.seq,
        row.recorded_us,
        row.kind,
        row.stream_id,
        row.prev,
        row.body,
        row.leaf,
        row.salt,
        row.event,
        *body.projection._replace(ip=wire.address(body.projection.ip)),
    )


def check(
    log: Log, stop: int, *, start: int = 0, before: Row | None = None, **how: Any
) -> Segment:
    """Check what a database would give of this log: in order, up to the end."""
    rows = sorted((row for row in log.rows if row.seq < stop), key=lambda row: row[:2])
    subjects = sorted(
        (row for row in log.subjects if row.seq < stop),
        key=lambda row: (row.seq, row.subject or ""),
    )
    begun = Before.of(before) if start else Before.genesis(STREAM.stream_id)
    checker = Check(
        STREAM.name, STREAM.stream_id, start, stop, before=begun, address=wire.address
    )
    return checker.run(
        (row for row in rows if row.seq >= start or not start),
        (row for row in subjects if row.seq >= start or not start),
        **how,
    )


def flipped(data: bytes, bit: int) -> bytes:
    made = bytearray(data)
    made[bit // 8 % len(made)] ^= 1 << bit % 8
    return bytes(made)


def spoil(row: Row, name: str, bit: int) -> Row:
    """Flip a bit of a field."""
    value: Any = getattr(row, name)
    if isinstance(value, int):
        width = 15 if name == "kind" else 62
        value ^= 1 << bit % width
    else:
        value = flipped(value, bit)
    changed: dict[str, Any] = {name: value}
    return row._replace(**changed)


def spoil_column(row: Row, column: int, bit: int) -> Row:
    """Alter a projection, or fill one that is null."""
    name = Projection._fields[column]
    value: Any = getattr(row, name)
    if isinstance(value, bool):
        value = not value
    elif isinstance(value, int):
        value ^= 1 << bit % 62
    elif isinstance(value, bytes):
        value = flipped(value, bit)
    else:
        value = "x" if value is None else value[1:] or None
    changed: dict[str, Any] = {name: value}
    return row._replace(**changed)


def spoil_subject(log: Log, at: int, bit: int) -> None:
    """Alter, drop or double a subject row, or add one where there is none."""
    if not log.subjects:
        log.subjects.append(SubjectRow(at % len(log.rows), "x", 0, 0))
        return
    at %= len(log.subjects)
    row = log.subjects[at]
    log.subjects[at : at + 1] = (
        [],
        [row, row],
        [row._replace(seq=row.seq + 1)],
        [row._replace(subject=None)],
    )[bit % 4]
