"""From prepared events to rows of the log: headers, leaves, links. Pure.

Guarantees: rows continue the head without a gap, `recorded_us` never decreases, each
leaf is the SHA-256 of its header and each body salted afresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

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
    stream_uuid = UUID(bytes=stream_id)
    prev, seq = head.leaf, head.seq
    rows: list[LogRow] = []
    touched: list[SubjectRow] = []
    for kind, event, found, subjects in bodies:
        seq += 1
        salt = random(entry.SALT_BYTES)
        body = entry.body(salt, event)
        leaf = entry.Header(kind, stream_id, prev, seq, recorded_us, body).leaf()
        rows.append(
            LogRow(
                number,
                seq,
                recorded_us,
                kind,
                stream_uuid,
                prev,
                body,
                leaf,
                salt,
                event,
                UUID(bytes=found.event_id),
                found.occurred_us,
                found.actor,
                found.role,
                found.action,
                found.resource_type,
                found.resource_id,
                found.result,
                found.ip,
                found.pii,
            )
        )
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
