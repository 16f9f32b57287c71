"""Roles: one a login, and the owner that nobody logs in as.

Guarantees: a role is made once; a login that is no superuser gets the right to act as
each login (on PostgreSQL 16 and newer without inheriting its rights), and acts as the
owner only inside `as_owner`.

What stands against a CREATEROLE login that grants itself the owner: nothing in the
database. `doctor` names who could, and checkpoints kept elsewhere tell.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg import sql

from prooftrail.errors import ConfigurationError
from prooftrail.store import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prooftrail.store.connect import Connection

GRANT_OPTIONS_VERSION = 160000  # GRANT ... WITH INHERIT, SET came with 16


def make(connection: Connection, prefix: str, *, fresh: bool) -> list[str]:
    """Make the missing roles; return their names.

    Args:
        connection: the administrator's, inside a transaction.
        prefix: of the names.
        fresh: whether this database has no trail yet; roles are cluster-wide, so
            any that exist then belong to another one.

    Raises:
        ConfigurationError: the names are taken.
    """
    owner = files.role_name(prefix, files.OWNER)
    logins = [files.role_name(prefix, login) for login in files.LOGINS]
    rows = connection.execute(
        "select rolname from pg_roles where rolname = any(%s)", ([owner, *logins],)
    )
    found = {str(row[0]) for row in rows}
    if fresh and found:
        raise ConfigurationError(
            f"the roles {prefix}_* exist in this cluster already: another database "
            "here has a trail. Choose other names: --prefix NAME (or drop the roles "
            "if that trail is gone)"
        )
    made = [name for name in (owner, *logins) if name not in found]
    for name in made:
        # a login without a password: nobody gets in before one is set
        kind = sql.SQL("nologin" if name == owner else "login noinherit")
        connection.execute(
            sql.SQL("create role {} {}").format(sql.Identifier(name), kind)
        )
    for name in logins:
        _let_act_as(connection, name)
    return made


@contextmanager
def as_owner(connection: Connection, prefix: str) -> Iterator[None]:
    """Act as the owner within a transaction, and be its member no longer after."""
    owner = files.role_name(prefix, files.OWNER)
    granted = _let_act_as(connection, owner)
    for schema in ("prooftrail", "prooftrail_part"):
        there = connection.execute(
            "select 1 from pg_namespace where nspname = %s", (schema,)
        ).fetchone()
        if there is None:
            connection.execute(
                sql.SQL("create schema {} authorization {}").format(
                    sql.Identifier(schema), sql.Identifier(owner)
                )
            )
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(owner)))
    yield
    connection.execute("set local role none")
    if granted:
        connection.execute(
            sql.SQL("revoke {} from current_user").format(sql.Identifier(owner))
        )


@contextmanager
def as_login(connection: Connection, prefix: str, login: str) -> Iterator[None]:
    """Act as one of the logins within a transaction, as `init` let the present one."""
    role = sql.Identifier(files.role_name(prefix, login))
    connection.execute(sql.SQL("set local role {}").format(role))
    yield
    connection.execute("set local role none")


def set_passwords(
    connection: Connection, prefix: str, passwords: Mapping[str, str]
) -> None:
    """Set the logins' passwords; the server stores them as its own settings say."""
    for login, password in passwords.items():
        role = sql.Identifier(files.role_name(prefix, login))
        connection.execute(
            sql.SQL("alter role {} password {}").format(role, sql.Literal(password))
        )


def _let_act_as(connection: Connection, role: str) -> bool:
    """Grant `role` to the present login unless it may act as it; tell if granted."""
    options = connection.info.server_version >= GRANT_OPTIONS_VERSION
    row = connection.execute(
        "select pg_has_role(current_user, %s, %s)",
        (role, "SET" if options else "MEMBER"),
    ).fetchone()
    if row is not None and row[0]:
        return False
    extra = sql.SQL(" with inherit false, set true" if options else "")
    connection.execute(
        sql.SQL("grant {} to current_user{}").format(sql.Identifier(role), extra)
    )
    return True
