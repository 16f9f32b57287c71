"""Recording within the caller's own transaction, on the connection that he passes.

Guarantees: the event commits or rolls back with the change that it describes; one
INSERT, nothing committed, no result of the caller's cursor touched. psycopg,
SQLAlchemy (Core and ORM) and Django connections are known by their classes, so that
none of them is imported here before the caller did.

What the database refuses of an event is told as `record` tells it without a
connection, and without the driver's words: these show the row.

Does not: speak to asynchronous connections (there is no second copy of this code for
them: their own bridges are named in the message), or hide the driver's other errors,
which belong to the caller's transaction and to his retries.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from prooftrail.errors import ConfigurationError, DatabaseError, EventError
from prooftrail.store import files, inbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.store.inbox import Row

Family: TypeAlias = Literal["psycopg", "sqlalchemy", "django", "asynchronous"]

# The names of the classes of connections, cursors and sessions, or of their modules.
_NAMES: tuple[tuple[str, Family], ...] = (
    ("psycopg.AsyncConnection", "asynchronous"),
    ("psycopg.AsyncCursor", "asynchronous"),
    ("sqlalchemy.ext.asyncio", "asynchronous"),
    ("asyncpg", "asynchronous"),
    ("psycopg.Connection", "psycopg"),
    ("psycopg.Cursor", "psycopg"),
    ("sqlalchemy.engine.base", "sqlalchemy"),
    ("sqlalchemy.orm.session", "sqlalchemy"),
    ("sqlalchemy.orm.scoping", "sqlalchemy"),
    ("django.utils.connection", "django"),
    ("django.db.backends", "django"),
)
_NOT_INSTALLED = {"3F000", "42P01"}  # no such schema, no such table
_NOT_ALLOWED = "42501"
_READ_ONLY = "25006"
_VALUES = ("22", "54000", "23514")  # data, too long for the server, a CHECK


class Statement(NamedTuple):
    """An INSERT for a driver with ``%(name)s`` parameters: ``execute(*statement)``."""

    sql: str
    parameters: dict[str, Any]

    @property
    def event_id(self) -> str:
        """The id of the event that it inserts."""
        return str(json.loads(self.parameters["events"][0])["eventId"])


def statement(rows: Sequence[Row]) -> Statement:
    """Return the INSERT of one event's rows, to be executed by any driver."""
    return Statement(files.query("record_within"), _parameters(rows))


def insert_within(connection: object, rows: Sequence[Row]) -> None:
    """Insert one event's rows on the caller's connection.

    Args:
        connection: a psycopg Connection or Cursor, a SQLAlchemy Connection or
            Session, Django's `connection`.
        rows: of one event and one stream.

    Raises:
        ConfigurationError: no connection that is known.
        EventError: the database refuses the event's values; the caller's transaction
            has failed with it, as with any statement, and can only be rolled back.
        DatabaseError: no trail in its database, its login may not record, or it can
            only read.
    """
    family = _family(connection)
    if family is None or family == "asynchronous":
        raise ConfigurationError(_refusal(connection, family))
    try:
        if family == "psycopg":
            _by_psycopg(connection, statement(rows))
        elif family == "sqlalchemy":
            _by_sqlalchemy(connection, rows)
        else:
            _by_django(connection, statement(rows))
    except Exception as error:
        _explain(error)
        raise


def _family(connection: object) -> Family | None:
    for kind in type(connection).__mro__:
        name = f"{kind.__module__}.{kind.__qualname__}"
        for known, family in _NAMES:
            if name == known or name.startswith(f"{known}."):
                return family
    return None


def _by_psycopg(connection: Any, made: Statement) -> None:  # noqa: ANN401
    import psycopg  # noqa: PLC0415  the caller imported it

    own = connection
    if not isinstance(own, psycopg.Connection):
        own = connection.connection  # of a cursor, whose result stays as it is
    # The plain cursor class: the connection's own may spell parameters otherwise.
    with psycopg.Cursor(own) as cursor:
        cursor.execute(files.query("record_within"), made.parameters, prepare=False)


def _by_sqlalchemy(connection: Any, rows: Sequence[Row]) -> None:  # noqa: ANN401
    if not hasattr(connection, "execute"):
        raise ConfigurationError(
            f"a SQLAlchemy {type(connection).__name__} has no transaction to ride: "
            "pass the Connection or Session in which the change is made"
        )
    from sqlalchemy import text  # noqa: PLC0415  an application's own, not ours

    connection.execute(text(files.query("record_within_named")), _parameters(rows))


def _by_django(connection: Any, made: Statement) -> None:  # noqa: ANN401
    own = getattr(connection, "db", connection)  # of a cursor
    vendor = getattr(own, "vendor", None)
    if vendor != "postgresql":
        raise ConfigurationError(
            f"this Django connection speaks to {vendor}: pass the one of the "
            "PostgreSQL that holds the trail, such as connections['audit']"
        )
    with own.cursor() as cursor:
        cursor.execute(*made)


def _parameters(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "stream": rows[0].stream,
        "events": [row.event for row in rows],
        "envelopes": [row.envelope for row in rows],
    }


def _refusal(connection: object, family: Family | None) -> str:
    kind = type(connection)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if family != "asynchronous":
        return (
            f"cannot record on a {name}: pass a psycopg Connection or Cursor, a "
            "SQLAlchemy Connection or Session, or Django's connection. For any other "
            "driver: cursor.execute(*prooftrail.statement(event))"
        )
    if kind.__module__.startswith("sqlalchemy."):
        return (
            f"a {name} is asynchronous: await session.run_sync(lambda s: "
            "prooftrail.record(event, connection=s))"
        )
    return (
        f"a {name} is asynchronous: "
        "await connection.execute(*prooftrail.statement(event))"
    )


def _explain(error: Exception) -> None:
    """Say what to do where an event is refused, or nothing installed or writable.

    None of it is raised from the driver's error: SQLAlchemy's show the parameters, and
    a CHECK's DETAIL the row.

    Raises:
        EventError: its values are refused.
        DatabaseError: no trail, no right, or no writing; anything else is the caller's
            to handle.
    """
    driver = getattr(error, "orig", None) or error.__cause__ or error
    state = getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None) or ""
    if state.startswith(_VALUES):
        raise EventError(f"{inbox.REFUSED}: {_refused(driver, state)}") from None
    if state in _NOT_INSTALLED:
        raise DatabaseError(
            "the database of this connection has no trail: run prooftrail init there, "
            "or record without connection="
        ) from None
    if state == _NOT_ALLOWED:
        raise DatabaseError(
            "the login of this connection may not record: run "
            "prooftrail init --app-role NAME with its name"
        ) from None
    if state == _READ_ONLY:
        raise DatabaseError(
            "this connection can only read (a standby, or a read-only transaction): "
            "record on the primary server, in a transaction that may write"
        ) from None


def _refused(driver: object, state: str) -> str:
    """Say what is refused, without the row, whichever driver it was."""
    diagnosis = getattr(driver, "diag", None)  # psycopg and psycopg2
    if told := inbox.too_long(getattr(diagnosis, "constraint_name", None)):
        return told
    said = str(getattr(diagnosis, "message_primary", None) or f"SQLSTATE {state}")
    return f"the database refused: {said.splitlines()[0]}"
