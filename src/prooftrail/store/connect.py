"""Connections: each under the least role that it needs.

Guarantees: a login with a DSN of its own (``PROOFTRAIL_SEALER_DSN``) connects by it;
otherwise ``PROOFTRAIL_DSN`` connects and takes the login's role on. Every session
speaks UTC, finds only pg_catalog by search_path, and never waits for ever inside an
idle transaction. No message contains a DSN: it holds a password.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from prooftrail.errors import ConfigurationError, DatabaseError, UnavailableError
from prooftrail.store import files, outage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

DSN = "PROOFTRAIL_DSN"

# What a DSN's parts look like that were told apart as whoever wrote it meant.
_SHAPES = {
    "host": re.compile(r"/[^@]*|@?[^@\s]*"),  # the first two are sockets
    "hostaddr": re.compile(r"[0-9a-fA-F.:,%a-z]*"),
    "port": re.compile(r"[0-9,]*"),
    "dbname": re.compile(r"(?!.*(@|://)).*", re.DOTALL),
}

# What a database, a role or an environment may have set otherwise, and what would then
# be read or written another way: client_encoding, for instance, spells texts in COPY.
# To compile any of our statements takes longer than it does.
_SESSION = sql.SQL(
    "set search_path = pg_catalog, pg_temp; set client_encoding = 'UTF8';"
    " set timezone = 'UTC'; set datestyle = 'ISO'; set bytea_output = 'hex';"
    " set intervalstyle = 'postgres'; set row_security = on;"
    " set statement_timeout = 0; set transform_null_equals = off; set jit = off;"
    " set default_transaction_isolation = 'read committed';"
    " set idle_in_transaction_session_timeout = '30s'"
)


# Of who waits for an answer, while nothing is sent: seconds, and how many are lost.
_KEEP_ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}


def dsn_of(login: str | None, env: Mapping[str, str] | None = None) -> tuple[str, bool]:
    """Return the DSN for a login, and whether it is the login's own.

    Args:
        login: writer, sealer, ...; None for the administrator.
        env: the environment; the process's own by default.

    Raises:
        ConfigurationError: no DSN is set.
    """
    env = os.environ if env is None else env
    if login is not None and (own := env.get(name_of(login))):
        return own, True
    if found := env.get(DSN):
        return found, False
    names = DSN if login is None else f"{name_of(login)} or {DSN}"
    raise ConfigurationError(
        f"no database is named: set {names}, such as postgresql://user@host/db, or "
        'try one at once: eval "$(prooftrail db start --env)"'
    )


def name_of(login: str | None) -> str:
    """Return the variable in which a login's own DSN stands."""
    return DSN if login is None else f"PROOFTRAIL_{login.upper()}_DSN"


def settings(dsn: str, name: str) -> dict[str, Any]:
    """Read a DSN.

    A password that is not percent-encoded moves the borders between a URL's parts:
    what then stands for host, port or database holds pieces of it, and the driver's
    messages show these. So they are looked at before anything connects.

    Args:
        dsn: a URL, or keywords and values.
        name: what a message calls it.

    Raises:
        ConfigurationError: it cannot be read; the message shows nothing of it.
    """
    try:
        found = conninfo_to_dict(dsn)
    except psycopg.Error:
        found = None
    if found is None or not all(
        shape.fullmatch(str(found.get(part) or "")) for part, shape in _SHAPES.items()
    ):
        raise ConfigurationError(
            f"{name} is no connection URL: write postgresql://user@host/database, "
            "with special characters of the password percent-encoded"
        ) from None
    return found


def connect(
    login: str | None,
    *,
    dsn: str | None = None,
    autocommit: bool = False,
    env: Mapping[str, str] | None = None,
    milliseconds: int = 0,
) -> Connection:
    """Open a connection that acts as `login`.

    Args:
        login: the role to act as; None stays whom the DSN names (the administrator).
        dsn: used in place of `PROOFTRAIL_DSN`.
        autocommit: whether each statement is a transaction.
        env: where the settings stand.
        milliseconds: that a statement may take, and a peer that is not there any more
            be waited for, about; 0: as long as it takes.

    Raises:
        ConfigurationError: no DSN, or none that can be read; or the trail is not
            installed there.
        UnavailableError: nobody answers, or no connection is to be had.
        DatabaseError: the server refuses.
    """
    given, own = parameters(login, dsn=dsn, env=env)
    if milliseconds:
        given = _KEEP_ALIVE | {"tcp_user_timeout": milliseconds} | given
    with driver_errors():
        connection = psycopg.connect(make_conninfo("", **given), autocommit=True)
    try:
        prepare(connection, None if own else login)
        if milliseconds:
            bound(connection, milliseconds)
        connection.autocommit = autocommit
    except BaseException:
        connection.close()
        raise
    return connection


def bound(connection: Connection, milliseconds: int) -> None:
    """Have the server end a statement that takes longer."""
    with driver_errors():
        connection.execute(
            "select set_config('statement_timeout', %s, false)", (str(milliseconds),)
        )


def parameters(
    login: str | None,
    *,
    dsn: str | None = None,
    env: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], bool]:
    """Return how to connect for `login`, and whether that is the login's own DSN.

    Takes what `connect` takes, and raises ConfigurationError as it does.
    """
    own = False
    name = "the DSN that was given"
    if dsn is None:
        dsn, own = dsn_of(login, env)
        name = name_of(login if own else None)
    return settings(dsn, name) | {
        "application_name": f"prooftrail {login or 'admin'}",
        "connect_timeout": 10,
    }, own


def prepare(connection: Connection, login: str | None) -> None:
    """Make a new connection, in autocommit, speak as all do and act as `login`.

    Raises:
        ConfigurationError: or DatabaseError: as `connect`.
    """
    with driver_errors():
        connection.execute(_SESSION)
        if login is not None:
            _act_as(connection, login)


def installed_prefix(connection: Connection) -> str | None:
    """Return the prefix of the installation in this database, or None."""
    row = connection.execute(
        "select pg_get_userbyid(nspowner) from pg_namespace"
        " where nspname = 'prooftrail'"
    ).fetchone()
    if row is None:
        return None
    return str(row[0]).removesuffix(f"_{files.OWNER}")


def _act_as(connection: Connection, login: str) -> None:
    prefix = installed_prefix(connection)
    if prefix is None:
        raise ConfigurationError("this database has no trail yet: run prooftrail init")
    role = files.role_name(prefix, login)
    try:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"this login may not act as {role}: set {name_of(login)} to "
            f"that login's own DSN, or run prooftrail init again as the administrator"
        ) from error


@contextmanager
def driver_errors() -> Iterator[None]:
    """Turn the driver's errors into ours.

    Raises:
        UnavailableError: the connection is lost or was never there, or the server
            cannot do its work at present (`outage` says which).
        DatabaseError: the server refused a statement.
    """
    try:
        yield
    except psycopg.Error as error:
        if outage.is_outage(error):
            raise UnavailableError(outage.told(error)) from error
        raise DatabaseError(f"the database refused: {_told(error)}") from error


def _told(error: psycopg.Error) -> str:
    hint = error.diag.message_hint
    return outage.first_line(error) + (f" ({hint})" if hint else "")
