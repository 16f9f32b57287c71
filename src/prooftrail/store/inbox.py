"""The inbox: how events get in, by the recorder or within the caller's transaction.

Guarantees: `insert_all` is one statement, so its rows commit together or not at all,
in one round trip; it needs INSERT and nothing else. `open_writer` gives a connection
that notices a dead peer within seconds and whose commits are on disk.

Does not: look at events (`capture` states them, the sealer prepares them), or know
whether a stream exists (a writer can read nothing; an unknown one is quarantined).
"""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import DiagnosticField, ExecStatus, Format

from prooftrail.errors import (
    DatabaseError,
    PoisonError,
    UnavailableError,
)
from prooftrail.store import connect, files
from prooftrail.store.connect import driver_errors
from prooftrail.store.sealing import poisoned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.store.connect import Connection

LOGIN = "writer"
# How long sent bytes may stay unacknowledged before the connection counts as lost;
# without it a vanished peer would hold the writer for a quarter of an hour.
_DEAD_AFTER_MS = 10_000

_TEXT, _BYTEA = 25, 17  # the types' ids, which are fixed (pg_type.dat)
_NULL = pack("!i", -1)
_SQLSTATE = DiagnosticField.SQLSTATE

# What the table refuses, by the name of its constraint.
_TOO_LONG = {
    "stream_at_most_63_bytes": "the stream's name is longer than 63 bytes",
    "event_at_most_16_mib": "the event is longer than 16 MiB",
    "envelope_at_most_1_mib": "the envelope of personal values is longer than 1 MiB",
}


# What is told of the refusal when one event is at stake.
REFUSED = "the database refuses the values of this event"


class Row(NamedTuple):
    """One row to be inserted."""

    stream: str
    event: str  # canonical JSON
    envelope: bytes | None = None  # personal values, encrypted to the keeper


def open_writer(
    dsn: str | None = None, *, env: Mapping[str, str] | None = None
) -> Connection:
    """Open a connection for recording, in autocommit.

    Args:
        dsn: of a login that may INSERT; by default `PROOFTRAIL_WRITER_DSN`, or
            `PROOFTRAIL_DSN` acting as the writer.
        env: where the settings stand.

    Raises:
        ConfigurationError: no DSN, or one that cannot be read.
        DatabaseError: as `connect.connect`.
    """
    own = True
    if dsn is None:
        dsn, own = connect.dsn_of(LOGIN, env)
    name = connect.name_of(LOGIN if own else None)
    given = connect.settings(dsn, name)
    settings = {"tcp_user_timeout": _DEAD_AFTER_MS, "keepalives_idle": 30} | given
    made = make_conninfo("", **settings)
    connection = connect.connect(LOGIN, autocommit=True, env={name: made})
    # a pooler between would not know a statement that another connection prepared
    connection.prepare_threshold = None
    try:
        with driver_errors():
            connection.execute(files.query("record_durable"))
    except DatabaseError:
        connection.close()
        raise
    return connection


def refusal(connection: Connection) -> str | None:
    """Say why the inbox would take nothing in at present; None if it would.

    Waits for a lock on it, as an INSERT does: have the connection bound its statements.

    Raises:
        DatabaseError: as for any statement.
    """
    with driver_errors():
        row = connection.execute(files.query("record_ready")).fetchone()
    if row is None or row[0] is None:
        return "this database has no inbox that this login may see: run prooftrail init"
    may, read_only = row
    if not may:
        return "this login may not write to the inbox: see prooftrail doctor"
    if read_only:
        return "the database takes no writes at present (a standby?)"
    try:
        connection.execute(files.query("record_begins"))
    except psycopg.errors.QueryCanceled:
        return (
            "nothing gets into the inbox: it is locked, or the database hangs "
            "(prooftrail doctor and pg_locks say what holds it up)"
        )
    except psycopg.Error:
        with driver_errors():
            raise
    return None


def insert_all(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert rows by one statement.

    Args:
        connection: as `open_writer` gives it; set to autocommit, since what is
            acknowledged must be committed.
        rows: in the order in which they are to be sealed.

    Raises:
        PoisonError: the database refuses the values of some row.
        UnavailableError: try again on another connection; the rows may be there.
        DatabaseError: the database refuses all of it.
    """
    try:
        with poisoned(), driver_errors():
            if not connection.autocommit:
                connection.autocommit = True
            _send(connection, rows)
    except PoisonError as error:
        cause = error.__cause__
        name = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
        # not from the driver's error: its DETAIL shows the row
        raise PoisonError(too_long(name) or str(error)) from None
    except DatabaseError as error:
        if isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction):
            # a failover left us at the standby: the next connection finds the primary
            raise UnavailableError(str(error)) from error
        raise


def _send(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert rows by libpq itself.

    A cursor of the driver takes three times the processor time for a single row, and
    an application's request waits for it.
    """
    streams, events, envelopes = zip(*rows, strict=True)
    link = connection.pgconn
    with connection.lock:
        result = link.exec_params(
            files.query("record_batch").encode(),
            [
                _array(_TEXT, [stream.encode() for stream in streams]),
                _array(_TEXT, [event.encode() for event in events]),
                _array(_BYTEA, envelopes),
            ],
            None,
            [Format.BINARY] * 3,
        )
    if result.status == ExecStatus.COMMAND_OK:
        return
    if not result.error_field(_SQLSTATE):
        # said by libpq itself, which may not have marked the connection bad by now
        raise psycopg.OperationalError(result.get_error_message())
    raise psycopg.errors.error_from_result(result)


def _array(kind: int, items: Sequence[bytes | None]) -> bytes:
    """Return a one-dimensional array in PostgreSQL's binary format."""
    found = [pack("!iiIii", 1, 1, kind, len(items), 1)]
    for item in items:
        if item is None:
            found.append(_NULL)
        else:
            found += (pack("!i", len(item)), item)
    return b"".join(found)


def too_long(constraint: str | None) -> str | None:
    """Say what is too long, by the constraint that refused it; None for any other."""
    told = _TOO_LONG.get(constraint or "")
    return f"{told}: it cannot be recorded" if told else None
