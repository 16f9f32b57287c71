"""What doctor asks the database: one function a question, read-only.

Guarantees: works as the verifier, who may read the catalogs, the inbox's ids and
times, and quarantine without its texts. Answers are rows; judging them is `doctor`'s.

Does not: see what the statistics views hide from a login without pg_read_all_stats
(since when somebody else's transaction runs); how old its snapshot is, it does see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, NamedTuple

from prooftrail.store import files
from prooftrail.store.connect import driver_errors
from prooftrail.store.roles import GRANT_OPTIONS_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.connect import Connection


class Server(NamedTuple):
    """The server, and how this session reached it."""

    version: str
    encoding: str
    login: str
    role: str
    database: str
    way: str  # socket, loopback or network, as the server sees it
    tls: str  # the protocol's version; empty without TLS
    standby: bool


class Setting(NamedTuple):
    """A setting on which durability rests."""

    name: str
    scope: str  # the server, or a login or database
    value: str


class Holder(NamedTuple):
    """Somebody who holds an old snapshot."""

    kind: str
    who: str
    seconds: int | None
    transactions: int  # begun in the cluster since then


class Quarantined(NamedTuple):
    """Rows in quarantine for one reason."""

    stream: str
    reason: str
    rows: int


class Signed(NamedTuple):
    """A stream's head beside its newest checkpoint."""

    stream: str
    entries: int | None  # None: the head row is gone
    size: int | None  # None: no checkpoint yet
    signed_us: int | None


class Login(NamedTuple):
    """What one of the trail's logins may do on the database itself."""

    role: str
    connect: bool
    temporary: bool


class Power(NamedTuple):
    """A login that could do more than the privilege table says."""

    power: str
    login: str
    through: str  # the roles that have it, comma-separated; the login itself or others


def begin(connection: Connection) -> None:
    """Make the session refuse to write."""
    with driver_errors():
        connection.execute("set default_transaction_read_only = on")


def clock_us(connection: Connection) -> int:
    """Return the database's clock, microseconds since the epoch, UTC."""
    with driver_errors():
        row = connection.execute(
            "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"
        ).fetchone()
    return int(str(row[0])) if row is not None else 0


def server(connection: Connection) -> Server:
    """Return the server and the way to it."""
    return Server(*_rows(connection, "doctor_server")[0])  # type: ignore[arg-type]


def settings(connection: Connection) -> list[Setting]:
    """Return the settings on which durability rests."""
    rows = _rows(connection, "doctor_settings")
    return [Setting(*row) for row in rows]  # type: ignore[arg-type]


def migrations(connection: Connection) -> dict[int, str]:
    """Return version and digest of the migrations that were applied."""
    with driver_errors():
        rows = connection.execute("select version, digest from prooftrail.migration")
        return {int(str(version)): str(digest) for version, digest in rows}


def waiting(connection: Connection) -> tuple[int, int]:
    """Return how many events wait in the inbox, and the oldest's age in microseconds.

    Raises:
        DatabaseError: among others, where an update took the verifier's right.
    """
    count, age = _rows(connection, "doctor_inbox")[0]
    return int(str(count)), int(str(age))


def holders(connection: Connection, *, seconds: int, transactions: int) -> list[Holder]:
    """Return who holds a snapshot older than either limit."""
    rows = _rows(
        connection,
        "doctor_snapshots",
        {"seconds": seconds, "transactions": transactions},
    )
    return [Holder(*row) for row in rows]  # type: ignore[arg-type]


class Adrift(NamedTuple):
    """An entry that continues no event of its stream."""

    stream: str
    seq: int
    entries: int  # such ones, in all


def adrift(connection: Connection) -> list[Adrift]:
    """Return the first entries that claim to continue an event, and do not."""
    return [
        Adrift(str(stream), int(str(seq)), int(str(entries)))
        for stream, seq, entries in _rows(connection, "doctor_adrift")
    ]


def quarantined(connection: Connection) -> list[Quarantined]:
    """Return what is in quarantine and why, the most frequent reason first."""
    rows = _rows(connection, "doctor_quarantine")
    return [Quarantined(*row) for row in rows]  # type: ignore[arg-type]


def checkpoints(connection: Connection) -> list[Signed]:
    """Return each stream's head and newest checkpoint."""
    rows = _rows(connection, "doctor_checkpoints")
    return [Signed(*row) for row in rows]  # type: ignore[arg-type]


def logins(connection: Connection, prefix: str) -> list[Login]:
    """Return the logins' rights on the database."""
    rows = _rows(connection, "doctor_logins", {"roles": _logins(prefix)})
    return [Login(*row) for row in rows]  # type: ignore[arg-type]


def applications(connection: Connection, prefix: str) -> list[str]:
    """Return the roles that may write events besides the trail's own and superusers."""
    with driver_errors():
        found = connection.execute(
            "select c.oid from pg_class c join pg_namespace n on n.oid = relnamespace"
            " where n.nspname = 'prooftrail' and c.relname = 'inbox'"
        ).fetchone()
    if found is None:
        return []
    roles = [*_logins(prefix), files.role_name(prefix, files.OWNER)]
    rows = _rows(connection, "doctor_applications", {"roles": roles, "inbox": found[0]})
    return [str(row[0]) for row in rows]


def powers(connection: Connection, prefix: str) -> list[Power]:
    """Return who could do more than the privilege table says."""
    options = connection.info.server_version >= GRANT_OPTIONS_VERSION
    rows = _rows(
        connection,
        "doctor_powers",
        {
            "act": "SET" if options else "MEMBER",
            "owner": files.role_name(prefix, files.OWNER),
            "logins": _logins(prefix),
        },
    )
    return [Power(*row) for row in rows]  # type: ignore[arg-type]


def event_triggers(connection: Connection) -> list[str]:
    """Return the event triggers of the database."""
    with driver_errors():
        rows = connection.execute("select evtname from pg_event_trigger order by 1")
        return [str(row[0]) for row in rows]


def _logins(prefix: str) -> list[str]:
    return [files.role_name(prefix, login) for login in files.LOGINS]


def _rows(
    connection: Connection,
    name: LiteralString,
    values: Mapping[str, object] | None = None,
) -> list[tuple[object, ...]]:
    with driver_errors():
        return connection.execute(files.query(name), values).fetchall()
