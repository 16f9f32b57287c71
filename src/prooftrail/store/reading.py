"""What the verifier reads: segments as binary COPY, heads, checkpoints, rollup.

Guarantees: reading needs SELECT only and holds no lock that anybody waits for; a
segment streams through in constant memory. Projection columns stay as the bytes that
the server sends, and `wire.Wire` writes a projection the same way, so that all
columns of an entry compare at once.

Source: PostgreSQL documentation, COPY, "Binary Format".
"""

from __future__ import annotations

import struct
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import psycopg
from psycopg import pq, sql

from prooftrail.integrity.diagnosis import Row
from prooftrail.integrity.segment import Before, DayKey, SubjectRow
from prooftrail.store import files, wire
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.store.connect import Connection

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00"
_HEADER_BYTES = len(_SIGNATURE) + 8
_FIELDS = 19
_LENGTHS = (8, 8, 2, 16, 32, 32, 32)
# number of fields, then length and value of seq, recorded_us, kind, stream id, prev,
# body and leaf, then the length of the salt
_FIXED = struct.Struct(">h iq iq ih i16s i32s i32s i32s i")
_SUBJECT_HEAD = struct.Struct(">h iq i")
_TWO_TIMES = struct.Struct(">iqiq")
_TRAILER = b"\xff\xff"


class StreamState(NamedTuple):
    """A stream as the database has it: registry, head and end of the log."""

    number: int
    name: str | None  # None: not in the registry
    stream_id: bytes | None
    base: str | None
    incarnation: int | None
    keys: list[str] | None
    head_seq: int | None  # None: no head row
    head_leaf: bytes | None
    head_recorded_us: int | None
    last_seq: int | None  # None: no entries


class StoredCheckpoint(NamedTuple):
    """A checkpoint row."""

    size: int
    signed_us: int
    note: str
    peaks: bytes


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Read everything inside as of one moment; ends without a trace."""
    with driver_errors():
        connection.execute("begin isolation level repeatable read read only")
        try:
            yield
        finally:
            connection.execute("rollback")


def states(connection: Connection) -> list[StreamState]:
    """Return every stream that the database knows or holds entries of."""
    with driver_errors():
        rows = connection.execute(files.query("read_streams"), binary=True).fetchall()
    return [StreamState(*cast("Any", row)) for row in rows]


def entries(
    connection: Connection, stream: int, start: int, stop: int
) -> Iterator[Row]:
    """Yield the stored entries start to stop - 1 of a stream, in order of seq."""
    bounds = {"stream": stream, "start": start, "stop": stop}
    unpack, size = _FIXED.unpack_from, _FIXED.size
    for data in _copied(connection, "read_entries", bounds):
        found = unpack(data)
        (fields, n0, seq, n1, recorded_us, n2, kind, n3, stream_id, n4, prev,
         n5, body, n6, leaf, salt_size) = found  # fmt: skip
        if fields != _FIELDS or (n0, n1, n2, n3, n4, n5, n6) != _LENGTHS:
            yield wire.odd(data)
            continue
        at = size
        salt = event = None
        if salt_size >= 0:
            salt = data[at : at + salt_size]
            at += salt_size
        (length,) = wire.LENGTH.unpack_from(data, at)
        at += 4
        if length >= 0:
            event = data[at : at + length]
            at += length
        yield Row(
            seq, recorded_us, kind, stream_id, prev, body, leaf, salt, event, data[at:]
        )


def subjects(
    connection: Connection, stream: int, start: int, stop: int
) -> Iterator[SubjectRow]:
    """Yield the stored subject rows of entries start to stop - 1."""
    bounds = {"stream": stream, "start": start, "stop": stop}
    for data in _copied(connection, "read_subjects", bounds):
        _, _, seq, length = _SUBJECT_HEAD.unpack_from(data)
        at = _SUBJECT_HEAD.size
        subject = data[at : at + length].decode()
        _, occurred_us, _, recorded_us = _TWO_TIMES.unpack_from(data, at + length)
        yield SubjectRow(seq, subject, occurred_us, recorded_us)


def before(connection: Connection, stream: int, seq: int) -> Before | None:
    """Return the stored entry `seq`, as what a segment after it begins from."""
    with driver_errors():
        row = connection.execute(
            "select leaf, recorded_us from prooftrail.log"
            " where stream = %s and seq = %s order by recorded_us limit 1",
            (stream, seq),
            binary=True,
        ).fetchone()
    return None if row is None else Before(*cast("Any", row))


def first_since(connection: Connection, stream: int, recorded_us: int) -> int | None:
    """Return the lowest seq recorded at or after a time, None if there is none."""
    with driver_errors():
        row = connection.execute(
            "select min(seq) from prooftrail.log"
            " where stream = %s and recorded_us >= %s",
            (stream, recorded_us),
        ).fetchone()
    return None if row is None or row[0] is None else int(str(row[0]))


def days(connection: Connection, stream: int) -> dict[DayKey, int]:
    """Return the stored daily rollup of a stream."""
    with driver_errors():
        rows = connection.execute(
            "select day, action, role, result, pii, n from prooftrail.daily"
            " where stream = %s",
            (stream,),
        ).fetchall()
    return {cast("DayKey", tuple(row[:5])): int(str(row[5])) for row in rows}


def leaves(
    connection: Connection, stream: int, start: int, stop: int
) -> Iterator[tuple[int, bytes]]:
    """Yield (seq, leaf) of entries start to stop - 1, as stored."""
    with driver_errors(), connection.cursor(binary=True) as cursor:
        yield from cast(
            "Any",
            cursor.stream(
                "select seq, leaf from prooftrail.log"
                " where stream = %s and seq >= %s and seq < %s"
                " order by seq, recorded_us",
                (stream, start, stop),
                size=1_000,
            ),
        )


def checkpoints(connection: Connection, stream: int) -> Iterator[StoredCheckpoint]:
    """Yield a stream's checkpoints, by size and time."""
    with driver_errors(), connection.cursor(binary=True) as cursor:
        for row in cursor.stream(
            "select size, signed_us, note, peaks from prooftrail.checkpoint"
            " where stream = %s order by size, signed_us",
            (stream,),
            size=1_000,
        ):
            yield StoredCheckpoint(*cast("Any", row))


def repeated_ids(connection: Connection, limit: int = 100) -> list[tuple[int, int]]:
    """Return (stream, seq of the second) of event ids that stand in a stream twice."""
    with driver_errors():
        rows = connection.execute(
            "select stream, max(seq) from prooftrail.log"
            " group by stream, event_id having count(*) > 1 limit %s",
            (limit,),
        ).fetchall()
    return [(int(str(number)), int(str(seq))) for number, seq in rows]


def waiting(connection: Connection) -> tuple[int, float]:
    """Return how many events wait in the inbox and the oldest one's age, seconds."""
    with driver_errors():
        row = connection.execute(
            "select count(*), coalesce(extract(epoch from clock_timestamp()"
            " - min(received_at)), 0)::float8 from prooftrail.inbox"
        ).fetchone()
    return (int(str(row[0])), float(str(row[1]))) if row is not None else (0, 0.0)


def quarantined(connection: Connection) -> int:
    """Return how many rows stand in quarantine."""
    with driver_errors():
        row = connection.execute(
            "select count(id) from prooftrail.quarantine"
        ).fetchone()
    return int(str(row[0])) if row is not None else 0


def _copied(
    connection: Connection, name: str, bounds: dict[str, int]
) -> Iterator[bytes]:
    """Yield the tuples of a binary COPY, one by one.

    Straight from libpq, a row a call: `cursor.copy` waits on the socket for each row
    and made verification a third slower.
    """
    literals = {key: sql.Literal(value) for key, value in bounds.items()}
    query = sql.SQL(files.query(name)).format(**literals).as_bytes(connection)
    libpq = connection.pgconn
    with driver_errors():
        result = libpq.exec_(query)
        if result.status != pq.ExecStatus.COPY_OUT:
            raise psycopg.errors.error_from_result(result)
        skip = _HEADER_BYTES
        try:
            while (found := libpq.get_copy_data(0))[0] >= 0:
                data = bytes(found[1])[skip:]
                skip = 0
                if data and data[:2] != _TRAILER:
                    yield data
        except GeneratorExit:
            # the caller has seen enough: leave the connection usable
            connection.cancel()
            while libpq.get_copy_data(0)[0] >= 0:
                continue
            with suppress(psycopg.errors.QueryCanceled):
                _end_copy(connection)
            raise
        _end_copy(connection)


def _end_copy(connection: Connection) -> None:
    error = None
    while (result := connection.pgconn.get_result()) is not None:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            error = psycopg.errors.error_from_result(result)
    if error is not None:
        raise error
