"""What the verifier reads: segments, heads, checkpoints, rollup.

Guarantees: reading needs SELECT only and holds no lock that anybody waits for; a
segment streams through in constant memory. Values come as the format has them, ids and
addresses as the bytes that the server sends (`wire.address`). What a superuser put into
a column of another type, or into a text that is no UTF-8, comes as bytes or as None:
the checker names it. Only what the server cannot do with such a type (give a UUID's
bytes) is an error, which a failure that was found outranks.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from psycopg.types.string import ByteaBinaryLoader, TextBinaryLoader

from prooftrail.integrity.diagnosis import Row
from prooftrail.integrity.stored import Repeated, StoredCheckpoint, StreamState
from prooftrail.store import files
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import LiteralString

    from psycopg import Cursor
    from psycopg.abc import Buffer

    from prooftrail.integrity.diagnosis import Raw
    from prooftrail.integrity.segment import DayKey
    from prooftrail.store.connect import Connection

# Rows that come together: with few, both what the server sends and what the checker
# looks at stay in the CPU's cache.
_CHUNK = 128
_TEXTS = {"text", "varchar"}
_TYPES = {"int2", "int4", "int8", "bool", "bytea"} | _TEXTS


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Read everything inside as of one moment; ends without a trace."""
    with driver_errors():
        connection.execute("begin isolation level repeatable read read only")
        try:
            yield
        finally:
            connection.execute("rollback")


@contextmanager
def apart(connection: Connection | None) -> Iterator[None]:
    """Read something that may be refused: what else is read as of that moment goes on.

    Raises:
        DatabaseError: it was refused.
    """
    with driver_errors():
        if connection is None:
            yield
            return
        with connection.transaction():  # a savepoint
            yield


def states(connection: Connection) -> list[StreamState]:
    """Return every stream that the database knows or holds entries of."""
    return [
        StreamState._make(
            _typed(row, int, str, bytes, str, int, list, int, bytes, int, int)
        )
        for row in _rows(connection, files.query("read_streams"))
    ]


def entries(
    connection: Connection, stream: int, start: int, stop: int, *, lenient: bool = False
) -> Iterator[Raw]:
    """Yield the stored entries start to stop - 1 of a stream, in order of seq.

    Raises:
        UnicodeDecodeError: a text is no UTF-8; read again, lenient and slower.
    """
    return _streamed(connection, "read_entries", stream, start, stop, lenient=lenient)


def entry(connection: Connection, stream: int, seq: int) -> Row | None:
    """Return the stored entry of a seq, None if there is none."""
    found = list(entries(connection, stream, seq, seq + 1, lenient=True))
    return Row.of(found[0]) if found else None


def subjects(
    connection: Connection, stream: int, start: int, stop: int, *, lenient: bool = False
) -> Iterator[tuple[Any, ...]]:
    """Yield the stored subject rows of entries start to stop - 1.

    Each has the fields of a `SubjectRow`; null where constraints were dropped.

    Raises:
        UnicodeDecodeError: a text is no UTF-8; read again, lenient and slower.
    """
    return _streamed(connection, "read_subjects", stream, start, stop, lenient=lenient)


def headers(
    connection: Connection, stream: int, start: int, stop: int
) -> Iterator[Row]:
    """Yield the headers of entries start to stop - 1; the rest of each is empty."""
    for found in _streamed(connection, "read_headers", stream, start, stop):
        yield Row.of((*found, None, None))


def _streamed(
    connection: Connection,
    name: str,
    stream: int,
    start: int,
    stop: int,
    *,
    lenient: bool = False,
) -> Iterator[Raw]:
    bounds = {"stream": stream, "start": start, "stop": stop}
    with driver_errors(), connection.cursor(binary=True) as cursor:
        _take_bytes(cursor, lenient=lenient)
        yield from cursor.stream(files.query(name), bounds, size=_CHUNK)


class _Lenient(TextBinaryLoader):
    """Gives a text, or its bytes where they are no UTF-8: the server never looked."""

    def load(self, data: Buffer) -> str | bytes:
        try:
            return super().load(data)
        except UnicodeDecodeError:
            return bytes(data)


def _take_bytes(cursor: Cursor[Any], *, lenient: bool) -> None:
    """Have all values as bytes but those of the format's own types.

    A superuser may have given a column another type, with values that the driver
    refuses to read: such bytes are for the checker to name.
    """
    for info in cursor.adapters.types:
        if info.name not in _TYPES:
            cursor.adapters.register_loader(info.oid, ByteaBinaryLoader)
        elif lenient and info.name in _TEXTS:
            cursor.adapters.register_loader(info.oid, _Lenient)
        if info.array_oid and info.name not in _TEXTS:
            cursor.adapters.register_loader(info.array_oid, ByteaBinaryLoader)


def _rows(
    connection: Connection, query: LiteralString, values: tuple[int, ...] = ()
) -> list[Raw]:
    with driver_errors(), connection.cursor(binary=True) as cursor:
        _take_bytes(cursor, lenient=True)
        return cursor.execute(query, values or None).fetchall()


def _typed(row: Raw, *types: type) -> Raw:
    """Return a row with None for what is of another type than the format's."""
    return tuple(
        one if type(one) is kind else None for one, kind in zip(row, types, strict=True)
    )


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


def previous_seq(connection: Connection, stream: int, seq: int) -> int | None:
    """Return the highest seq below one, None if there is none."""
    return _number(
        connection,
        "select max(seq) from prooftrail.log where stream = %s and seq < %s",
        (stream, seq),
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


def newest_us(connection: Connection) -> int:
    """Return when the newest entry of all streams was recorded, by their heads."""
    found = _number(connection, "select max(recorded_us) from prooftrail.head", ())
    return found or 0


def days(connection: Connection, stream: int) -> tuple[Counter[DayKey], int]:
    """Return the stored daily rollup of a stream, and how many odd rows it has.

    A row is odd that no sealer writes: without a positive number, or of a key that
    stands twice.
    """
    rows = _rows(
        connection,
        "select day, action, role, result, pii, n from prooftrail.daily"
        " where stream = %s",
        (stream,),
    )
    found: Counter[DayKey] = Counter()
    odd = 0
    for row in rows:
        typed = _typed(row, int, str, str, str, bool, int)
        if typed != row:  # nothing can be counted by it
            odd += 1
            continue
        key, count = cast("DayKey", typed[:5]), typed[5] or 0
        odd += count <= 0 or key in found
        found[key] += count
    return found, odd


def checkpoints(connection: Connection, stream: int) -> Iterator[StoredCheckpoint]:
    """Yield a stream's checkpoints, by size and time."""
    with driver_errors(), connection.cursor(binary=True) as cursor:
        _take_bytes(cursor, lenient=True)
        for row in cursor.stream(
            "select size, signed_us, note, peaks from prooftrail.checkpoint"
            " where stream = %s order by size, signed_us",
            (stream,),
            size=1_000,
        ):
            yield StoredCheckpoint._make(_typed(row, int, int, str, bytes))


def checkpoints_near(
    connection: Connection, stream: int, start: int, stop: int, limit: int
) -> list[StoredCheckpoint]:
    """Return what a look at entries start to stop - 1 needs, by size and time.

    The newest checkpoints, those around the part and those within; of each at most
    `limit`.
    """
    bounds = {"stream": stream, "start": start, "stop": stop, "limit": limit}
    with driver_errors(), connection.cursor(binary=True) as cursor:
        _take_bytes(cursor, lenient=True)
        rows = cursor.execute(files.query("read_near"), bounds).fetchall()
    return [StoredCheckpoint._make(_typed(row, int, int, str, bytes)) for row in rows]


def repeated_ids(connection: Connection) -> list[Repeated]:
    """Return the entries of event ids that stand in a stream more than once."""
    with driver_errors():
        rows = connection.execute(files.query("read_repeated"), binary=True).fetchall()
    return [Repeated(*cast("Any", row)) for row in rows]


def waiting(connection: Connection) -> tuple[int, float]:
    """Return how many events wait in the inbox and the oldest one's age, seconds."""
    with driver_errors():
        # Both by the index: the table keeps the pages of all that ever waited in it.
        row = connection.execute(
            "select (select count(*) from prooftrail.inbox),"
            " coalesce(extract(epoch from clock_timestamp() - ("
            "   select received_at from prooftrail.inbox order by id limit 1"
            " )), 0)::float8"
        ).fetchone()
    return (int(str(row[0])), float(str(row[1]))) if row is not None else (0, 0.0)


def quarantined(connection: Connection) -> int:
    """Return how many rows stand in quarantine."""
    with driver_errors():
        row = connection.execute(
            "select count(id) from prooftrail.quarantine"
        ).fetchone()
    return int(str(row[0])) if row is not None else 0
