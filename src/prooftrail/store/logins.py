"""The trail's logins: passwords and DSNs, for programs that run as one of them each.

Guarantees: a password is 192 random bits and goes to the server as a SCRAM verifier,
so that no statement log has it; a DSN leads where the administrator's connection led,
without the administrator's own name, password or certificate.

Does not: keep passwords; whoever calls this writes them down, once.

Source: RFC 5802; PostgreSQL, libpq, connection URIs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from prooftrail.store import files, roles
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.store.connect import Connection

PASSWORD_BYTES = 24

# The administrator's own: what identifies him, and what `connect` sets by itself.
_NOT_OURS = frozenset(
    {"user", "password", "passfile", "service", "servicefile", "sslcert", "sslkey"}
    | {"sslpassword", "application_name", "connect_timeout", "options", "dbname"}
)


def passwords(random: Callable[[int], bytes]) -> dict[str, str]:
    """Return a fresh password for each login."""
    return {login: random(PASSWORD_BYTES).hex() for login in files.LOGINS}


def dsn(connection: Connection, prefix: str, login: str, password: str) -> str:
    """Return the URL by which a login reaches this database."""
    with driver_errors():
        info = connection.info
        where = {
            name: value
            for name, value in info.get_parameters().items()
            if name not in _NOT_OURS
        }
        database = info.dbname
    user = quote(files.role_name(prefix, login), safe="")
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in where.items())
    url = f"postgresql://{user}:{password}@/{quote(database, safe='')}"
    return f"{url}?{query}" if query else url


def set_passwords(connection: Connection, prefix: str, given: dict[str, str]) -> None:
    """Give the logins these passwords, all or none.

    Args:
        connection: the administrator's, in autocommit.
        prefix: of the role names.
        given: login to password.
    """
    with driver_errors(), connection.transaction():
        verifiers = {
            login: connection.pgconn.encrypt_password(
                password.encode(),
                files.role_name(prefix, login).encode(),
                b"scram-sha-256",
            ).decode()
            for login, password in given.items()
        }
        roles.set_passwords(connection, prefix, verifiers)


def may_record(connection: Connection, role: str) -> bool:
    """Return whether a login may write events already."""
    with driver_errors():
        row = connection.execute(
            "select has_column_privilege(r.oid, c.oid, 'event', 'INSERT')"
            " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " cross join pg_roles r"
            " where n.nspname = 'prooftrail' and c.relname = 'inbox'"
            " and r.rolname = %s",
            (role,),
        ).fetchone()
    return bool(row and row[0])
