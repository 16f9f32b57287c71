"""What the sealer does in the database; its transaction is all or nothing.

Guarantees: a batch's entries, subjects, quarantined rows and the deletion of its
inbox rows commit together or not at all; only the holder of all heads gets that far;
the database's own trigger is the fence behind it.

Measured: `docs/adr/0005` (binary COPY into a temporary table, then one INSERT).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import psycopg
from psycopg import sql

from prooftrail.errors import PoisonError
from prooftrail.store import files, wire
from prooftrail.store.connect import driver_errors
from prooftrail.store.fence import fenced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from prooftrail.core.projection import Projection
    from prooftrail.store.connect import Connection


class Head(NamedTuple):
    """A stream's head, as locked."""

    stream: int
    seq: int
    leaf: bytes
    recorded_us: int


class Tail(NamedTuple):
    """What a head names, as it stands in registry and log now; None if it is gone."""

    registered: bytes | None  # the stream's id
    leaf: bytes | None  # of the entry
    stream_id: bytes | None  # as the entry has it


class Newest(NamedTuple):
    """A stream's newest checkpoint in the database."""

    size: int
    signed_us: int
    note: str
    peaks: bytes
    leaf: bytes | None  # of entry size - 1 as it stands in the log now


class Mismatch(NamedTuple):
    """What the keeper found, to be stated."""

    id: int
    stream: int
    event_id: UUID
    reason: str  # one of few


class LogRow(NamedTuple):
    """One entry, as it is inserted."""

    stream: int
    seq: int
    recorded_us: int
    kind: int
    stream_id: bytes
    prev: bytes
    body: bytes
    leaf: bytes
    salt: bytes
    event: bytes
    found: Projection


class SubjectRow(NamedTuple):
    """One row of the subject table."""

    stream: int
    seq: int
    subject: str
    occurred_us: int
    recorded_us: int


def commit(connection: Connection) -> None:
    """Commit the open transaction."""
    with driver_errors():
        connection.commit()


def roll_back(connection: Connection) -> None:
    """Roll the open transaction back, if there is one and the server still answers."""
    with suppress(psycopg.Error):
        connection.rollback()


def open_tables(connection: Connection) -> None:
    """Make the session's temporary tables."""
    with driver_errors():
        connection.execute(files.query("seal_temp"))
        connection.commit()


def known(
    connection: Connection, ids: Sequence[bytes], since_us: int
) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield (stream, event id, event bytes) of ids that stand in the log already."""
    # an array in one text: the driver would spell a list item by item
    spelled = ",".join([event_id.hex() for event_id in ids])
    with driver_errors():
        rows = connection.execute(
            files.query("seal_known"),
            {"ids": f"{{{spelled}}}", "since": since_us},
            binary=True,
        ).fetchall()
    yield from cast("list[Any]", rows)


def clock(connection: Connection) -> int:
    """Return the database's clock, microseconds since the epoch, UTC."""
    with driver_errors():
        row = connection.execute(
            "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"
        ).fetchone()
    return int(str(row[0])) if row is not None else 0


def lock_heads(connection: Connection) -> list[Head]:
    """Lock those heads that no other sealer holds, and return them.

    Args:
        connection: inside a transaction, which holds the locks to its end.
    """
    with driver_errors():
        rows = connection.execute(files.query("seal_lock"), binary=True).fetchall()
    return [Head(*row) for row in rows]  # type: ignore[arg-type]


def count_heads(connection: Connection) -> int:
    """Return how many heads there are, whoever holds them."""
    with driver_errors():
        row = connection.execute("select count(*) from prooftrail.head").fetchone()
    return int(str(row[0])) if row is not None else 0


def tails(connection: Connection) -> dict[int, Tail]:
    """Return what the heads name, by stream number."""
    with driver_errors():
        rows = connection.execute(files.query("seal_tails"), binary=True).fetchall()
    return {int(str(row[0])): Tail(*row[1:]) for row in rows}  # type: ignore[arg-type]


def beyond(connection: Connection) -> dict[int, int]:
    """Return the lowest seq beyond its head, of each stream that has any."""
    with driver_errors():
        rows = connection.execute(files.query("seal_beyond")).fetchall()
    return {int(str(row[0])): int(str(row[1])) for row in rows if row[1] is not None}


def newest_checkpoints(connection: Connection) -> dict[int, Newest]:
    """Return each stream's newest checkpoint, by stream number."""
    with driver_errors():
        rows = connection.execute(
            files.query("seal_checkpoints"), binary=True
        ).fetchall()
    return {int(str(row[0])): Newest(*row[1:]) for row in rows}  # type: ignore[arg-type]


def copy_in(
    connection: Connection,
    spelling: wire.Wire,
    entries: Sequence[LogRow],
    subjects: Sequence[SubjectRow],
) -> None:
    """Copy a batch into the session's temporary tables.

    Raises:
        PoisonError: the values of some row do not fit.
    """
    with poisoned(), driver_errors(), connection.cursor() as cursor:
        with cursor.copy("copy incoming from stdin (format binary)") as copy:
            copy.write(wire.file(spelling.entry(*entry) for entry in entries))
        if subjects:
            with cursor.copy(
                "copy incoming_subject from stdin (format binary)"
            ) as copy:
                copy.write(wire.file(wire.subject(*subject) for subject in subjects))


def seal(connection: Connection, ids: Sequence[int]) -> int:
    """Insert what was copied in, delete the inbox rows; return how many were there.

    Raises:
        PoisonError: the values of some row do not fit the table.
        ChainError: the entries of some stream do not continue its chain.
    """
    statement = sql.SQL(files.query("seal_insert")) + sql.SQL(
        "delete from prooftrail.inbox where id = any({}::bigint[])"
    ).format(sql.Literal(f"{{{','.join(map(str, ids))}}}"))
    with poisoned(), fenced(), driver_errors(), connection.cursor() as cursor:
        cursor.execute(statement)
        while cursor.nextset():
            continue
        return cursor.rowcount


def insert_envelopes(
    connection: Connection, envelopes: Sequence[tuple[int, UUID, bytes]]
) -> None:
    """Hand sealed events' envelopes to the keeper."""
    with driver_errors(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into prooftrail.envelope (stream, event_id, envelope)"
            " values (%s, %s, %s) on conflict do nothing",
            envelopes,
        )


def mismatches(
    connection: Connection, streams: Sequence[int], rows: int
) -> list[Mismatch]:
    """Return what the keeper found in these streams and nobody stated yet."""
    with driver_errors():
        found = connection.execute(
            files.query("seal_mismatches"),
            {"streams": list(streams), "rows": rows},
            binary=True,
        ).fetchall()
    return [Mismatch(*row) for row in cast("list[Any]", found)]


def forget_mismatches(connection: Connection, ids: Sequence[int]) -> int:
    """Delete what is stated in this transaction; return how many were there."""
    with driver_errors():
        done = connection.execute(
            "delete from prooftrail.mismatch where id = any(%s::bigint[])", (list(ids),)
        )
    return done.rowcount


def quarantine(connection: Connection, inbox_id: int, stream: int, told: str) -> None:
    """Keep a row's text in quarantine.

    Raises:
        ChainError: there is no such stream any more.
    """
    with fenced(), driver_errors():
        connection.execute(
            files.query("seal_quarantine"),
            {"stream": stream, "reason": told, "id": inbox_id},
        )


def digest(connection: Connection, inbox_id: int) -> bytes:
    """Return the SHA-256 of a row's text, as the log states it."""
    with driver_errors():
        row = connection.execute(
            "select sha256(convert_to(event, 'UTF8')) from prooftrail.inbox"
            " where id = %s",
            (inbox_id,),
            binary=True,
        ).fetchone()
    return bytes(row[0]) if row is not None else b""  # type: ignore[call-overload]


def ensure_partition(connection: Connection, day: str) -> None:
    """Make the partition of the month that `day` (YYYY-MM-DD) lies in."""
    with driver_errors():
        connection.execute("select prooftrail.ensure_partition(%s::date)", (day,))


class poisoned:  # noqa: N801  reads as a statement: with poisoned()
    """Turn an error about a row's values into `PoisonError`."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, tb: object) -> None:
        """Look at what the driver said."""
        cause = error.__cause__ if error is not None else None
        if isinstance(cause, psycopg.Error) and _is_about_values(cause):
            raise PoisonError(str(error)) from cause


def _is_about_values(cause: psycopg.Error) -> bool:
    if isinstance(cause, psycopg.errors.CheckViolation):
        # "no partition for the row" has the same SQLSTATE, and names no constraint
        return cause.diag.constraint_name is not None
    return isinstance(cause, psycopg.DataError | psycopg.errors.ProgramLimitExceeded)
