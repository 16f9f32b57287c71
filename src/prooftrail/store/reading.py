"""What the verifier reads: segments as binary COPY, heads, checkpoints, rollup.

Guarantees: reading needs SELECT only and holds no lock that anybody waits for; a
segment streams through in constant memory. Projection columns stay as the bytes that
the server sends, and `wire.Wire` writes a projection the same way, so that all
columns of an entry compare at once.

Source: PostgreSQL documentation, COPY, "Binary Format".
"""

from __future__ import annotations

import struct
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import psycopg
from psycopg import pq, sql

from prooftrail.integrity.diagnosis import Row
from prooftrail.integrity.subjects import SubjectRow
from prooftrail.store import files, wire
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import LiteralString

    from prooftrail.integrity.segment import DayKey
    from prooftrail.store.connect import Connection

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00"
_HEADER_BYTES = len(_SIGNATURE) + 8
_FIELDS = 19
_WIDTHS = (8, 8, 2, 16, 32, 32, 32, 16)
# number of fields, then width and value of seq, recorded_us, kind, stream id, prev,
# body, leaf and salt, then the width of the event
_FIXED = struct.Struct(">h iq iq ih i16s i32s i32s i32s i16s i")
_SUBJECT_FIELDS = 4
_SUBJECT = struct.Struct(">h iq i")  # number of fields, seq, width of the subject
_TIMES = struct.Struct(">iq iq")
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
    """A checkpoint row; null only where constraints were dropped."""

    size: int | None
    signed_us: int | None
    note: str | None
    peaks: bytes | None


class Repeated(NamedTuple):
    """An entry whose event id stands in its stream more than once."""

    number: int
    event_id: bytes
    seq: int
    event: bytes | None


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
    unpack, size, make = _FIXED.unpack_from, _FIXED.size, Row._make
    for data in _copied(connection, "read_entries", bounds):
        if len(data) < size:
            yield wire.odd(data)
            continue
        found = unpack(data)
        end = size + found[17]
        # widths stand at the odd places, values at the even ones
        if found[0] != _FIELDS or found[1:16:2] != _WIDTHS or end < size:
            yield wire.odd(data)
        else:
            yield make((*found[2:17:2], data[size:end], data[end:]))


def entry(connection: Connection, stream: int, seq: int) -> Row | None:
    """Return the stored entry of a seq, None if there is none."""
    found = list(entries(connection, stream, seq, seq + 1))
    return found[0] if found else None


def subjects(
    connection: Connection, stream: int, start: int, stop: int
) -> Iterator[SubjectRow]:
    """Yield the stored subject rows of entries start to stop - 1."""
    bounds = {"stream": stream, "start": start, "stop": stop}
    for data in _copied(connection, "read_subjects", bounds):
        found = _subject(data)
        if found is not None:
            yield found
            continue
        seq, subject, occurred_us, recorded_us = wire.fields(data[2:], _SUBJECT_FIELDS)
        yield SubjectRow(
            int.from_bytes(seq or b"", "big", signed=True),
            None if subject is None else subject.decode(),
            _integer(occurred_us),
            _integer(recorded_us),
        )


def _subject(data: bytes) -> SubjectRow | None:
    """Read a subject row of the format's widths; None if it has others, or a null."""
    if len(data) < _SUBJECT.size + _TIMES.size:
        return None
    count, width, seq, length = _SUBJECT.unpack_from(data)
    end = _SUBJECT.size + length
    if (count, width, end) != (_SUBJECT_FIELDS, 8, len(data) - _TIMES.size):
        return None
    one, occurred_us, other, recorded_us = _TIMES.unpack_from(data, end)
    if one != 8 or other != 8:  # noqa: PLR2004
        return None
    return SubjectRow(seq, data[_SUBJECT.size : end].decode(), occurred_us, recorded_us)


def _integer(data: bytes | None) -> int | None:
    return None if data is None else int.from_bytes(data, "big", signed=True)


def first_since(connection: Connection, stream: int, recorded_us: int) -> int | None:
    """Return the lowest seq recorded at or after a time, None if there is none."""
    return _number(
        connection,
        "select min(seq) from prooftrail.log where stream = %s and recorded_us >= %s",
        (stream, recorded_us),
    )


def last_before(connection: Connection, stream: int, recorded_us: int) -> int | None:
    """Return the highest seq recorded before a time, None if there is none."""
    return _number(
        connection,
        "select max(seq) from prooftrail.log where stream = %s and recorded_us < %s",
        (stream, recorded_us),
    )


def next_seq(connection: Connection, stream: int, seq: int) -> int | None:
    """Return the lowest seq at or after one, None if there is none."""
    return _number(
        connection,
        "select min(seq) from prooftrail.log where stream = %s and seq >= %s",
        (stream, seq),
    )


def size(connection: Connection, stream: int) -> int:
    """Return one more than the highest seq of a stream, as of now."""
    last = _number(
        connection, "select max(seq) from prooftrail.log where stream = %s", (stream,)
    )
    return 0 if last is None else last + 1


def beyond(connection: Connection, stream: int, seq: int) -> tuple[int, list[int]]:
    """Return how many seqs lie beyond one, and the lowest hundred of them."""
    with driver_errors():
        row = connection.execute(
            files.query("read_beyond"), {"stream": stream, "seq": seq}
        ).fetchone()
    return (0, []) if row is None else (int(str(row[0])), cast("Any", row[1]) or [])


def strays(connection: Connection, stream: int) -> list[int | None]:
    """Return the seqs of subject rows beyond the log's end, at most a hundred."""
    with driver_errors():
        rows = connection.execute(
            files.query("read_strays"), {"stream": stream}
        ).fetchall()
    return [cast("int | None", row[0]) for row in rows]


def _number(
    connection: Connection, query: LiteralString, values: tuple[int, ...]
) -> int | None:
    with driver_errors():
        row = connection.execute(query, values).fetchone()
    return None if row is None or row[0] is None else int(str(row[0]))


def days(connection: Connection, stream: int) -> tuple[Counter[DayKey], int]:
    """Return the stored daily rollup of a stream, and how many odd rows it has.

    A row is odd that no sealer writes: without a positive number, or of a key that
    stands twice.
    """
    with driver_errors():
        rows = connection.execute(
            "select day, action, role, result, pii, n from prooftrail.daily"
            " where stream = %s",
            (stream,),
        ).fetchall()
    found: Counter[DayKey] = Counter()
    odd = 0
    for row in rows:
        key, count = cast("DayKey", tuple(row[:5])), cast("int | None", row[5])
        odd += count is None or count <= 0 or key in found
        found[key] += count or 0
    return found, odd


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


def repeated_ids(connection: Connection) -> list[Repeated]:
    """Return the entries of event ids that stand in a stream more than once."""
    with driver_errors():
        rows = connection.execute(files.query("read_repeated"), binary=True).fetchall()
    return [Repeated(*cast("Any", row)) for row in rows]


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
