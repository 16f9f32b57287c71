"""From prepared events to rows of the log: headers, leaves, links. Pure.

Guarantees: rows continue the head without a gap, `recorded_us` never decreases, each
leaf is the SHA-256 of its header and each body salted afresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import entry, events, ids, jcs, projection, statement
from prooftrail.store.sealing import Head, LogRow, SubjectRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prooftrail.core.jcs import Value
    from prooftrail.store.streams import Stream


class Body(NamedTuple):
    """What one entry will hold."""

    kind: int
    event: bytes  # the event bytes
    projection: projection.Projection
    subjects: list[str]


class Linked(NamedTuple):
    """A stream's part of a batch."""

    rows: list[LogRow]
    subjects: list[SubjectRow]
    head: Head


def link(
    stream: Stream,
    head: Head,
    bodies: Iterable[Body],
    *,
    recorded_us: int,
    random: Callable[[int], bytes],
) -> Linked:
    """Chain `bodies` to `head`.

    Args:
        stream: the stream, for the header.
        head: as locked.
        bodies: in the order they are to stand.
        recorded_us: the batch's time; not before the head's.
        random: gives n random bytes, for the salts.
    """
    number, stream_id = stream.number, stream.stream_id
    prev, seq = head.leaf, head.seq
    rows: list[LogRow] = []
    touched: list[SubjectRow] = []
    contents = list(bodies)
    salts = random(entry.SALT_BYTES * len(contents))  # one call: each gives way
    for at, (kind, event, found, subjects) in enumerate(contents):
        seq += 1
        salt = salts[at * entry.SALT_BYTES : (at + 1) * entry.SALT_BYTES]
        body = entry.body(salt, event)
        leaf = entry.leaf(kind, stream_id, prev, seq, recorded_us, body)
        rows.append(
            LogRow(
                number, seq, recorded_us, kind, stream_id, prev, body, leaf, salt,
                event, found,
            )
        )  # fmt: skip
        touched.extend(
            SubjectRow(number, seq, subject, found.occurred_us, recorded_us)
            for subject in subjects
        )
        prev = leaf
    return Linked(rows, touched, Head(number, seq, prev, recorded_us))


def state(
    action: str,
    stream: Stream,
    details: Mapping[str, Value],
    *,
    at_us: int,
    random: Callable[[int], bytes],
) -> Body:
    """Return a trail statement, ready to be chained."""
    value = statement.statement(
        action,
        stream=stream.name,
        details=details,
        event_id=ids.uuid7(at_us, random(8)),
        at_us=at_us,
    )
    data = jcs.canonical(value)
    event = events.decode(data)
    return Body(entry.STATEMENT, data, projection.project(event), [])
