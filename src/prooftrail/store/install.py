"""Installation: roles, schema, rights; idempotent, in one transaction.

Guarantees: works for a superuser and for a plain login with CREATEROLE and CREATE on
the database; a prefix keeps two installations of one cluster apart; migrations are
applied in order, once each, and an applied one whose files differ from this release
is refused as drift. At the end nobody is a member of the owner who was not before.
What migrations wrote anew is vacuumed once they are committed, if the login may: only
for pages that are known to be visible to all do indexes alone answer.

Does not: create the database, nor set passwords (`store.logins` does).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from prooftrail.errors import ConfigurationError, DatabaseError
from prooftrail.store import files, roles
from prooftrail.store.connect import driver_errors, installed_prefix

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

    from prooftrail.store.connect import Connection

MIN_VERSION = 150000
MONTHS_AHEAD = 3

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,40}")
_LOCK = 0x70726F6F66  # "proof": one init at a time in a database


@dataclass
class Installed:
    """What `install` found and did."""

    prefix: str
    version: int
    roles_made: list[str] = field(default_factory=list)
    migrations_applied: list[str] = field(default_factory=list)
    app_roles: list[str] = field(default_factory=list)
    vacuumed: bool = True  # False: it was needed, and the login may not


def install(
    connection: Connection,
    *,
    prefix: str | None = None,
    app_roles: tuple[str, ...] = (),
    now_us: int,
) -> Installed:
    """Make or complete the installation in this database.

    Args:
        connection: the administrator's, in autocommit.
        prefix: of the role names; kept once installed.
        app_roles: existing logins that are to write events.
        now_us: the present; partitions are made from its month on.

    Raises:
        ConfigurationError: an unusable prefix or database, roles of another
            installation, drift.
        DatabaseError: the login may not do what is needed.
    """
    with driver_errors(), connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        there = installed_prefix(connection)
        prefix = _check(connection, prefix, there)
        done = Installed(prefix, connection.info.server_version)
        done.roles_made = roles.make(connection, prefix, fresh=there is None)
        with roles.as_owner(connection, prefix):
            _migrate(connection, done)
            ensure_partitions(connection, now_us)
            for role in app_roles:
                grant_application(connection, role)
                done.app_roles.append(role)
    if there is not None and done.migrations_applied:
        done.vacuumed = _vacuum(connection)
    return done


def ensure_partitions(connection: Connection, now_us: int) -> None:
    """Make the partitions of this month and the next ones where they are missing."""
    moment = datetime.fromtimestamp(now_us / 1_000_000, UTC)
    for ahead in range(MONTHS_AHEAD + 1):
        month = moment.month - 1 + ahead
        day = f"{moment.year + month // 12:04d}-{month % 12 + 1:02d}-01"
        connection.execute("select prooftrail.ensure_partition(%s::date)", (day,))


def grant_application(connection: Connection, role: str) -> None:
    """Let a login write events: INSERT into three columns, nothing else.

    The grant is direct, since a NOINHERIT login gets nothing from membership.
    """
    row = connection.execute("select 1 from pg_roles where rolname = %s", (role,))
    if row.fetchone() is None:
        raise ConfigurationError(
            f"--app-role {role}: there is no such role; create the "
            "application's login first"
        )
    name = sql.Identifier(role)
    connection.execute(sql.SQL("grant usage on schema prooftrail to {}").format(name))
    connection.execute(
        sql.SQL(
            "grant insert (stream, event, envelope) on prooftrail.inbox to {}"
        ).format(name)
    )


def _vacuum(connection: Connection) -> bool:
    """Vacuum the log; return whether the login may. Some servers only warn."""
    warnings: list[str] = []

    def note(told: Diagnostic) -> None:
        if told.severity_nonlocalized == "WARNING":
            warnings.append(told.message_primary or "")

    connection.add_notice_handler(note)
    try:
        with driver_errors():
            connection.execute("vacuum (analyze) prooftrail.log")
    except DatabaseError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        return False
    finally:
        connection.remove_notice_handler(note)
    return not warnings


def _check(connection: Connection, wanted: str | None, there: str | None) -> str:
    if connection.info.server_version < MIN_VERSION:
        raise ConfigurationError(
            "PostgreSQL 15 or newer is needed: upgrade the server, or try the "
            "embedded one: prooftrail db start"
        )
    row = connection.execute("show server_encoding").fetchone()
    if row is None or row[0] != "UTF8":
        raise ConfigurationError(
            "the database's encoding is not UTF8: create one with ENCODING 'UTF8'"
        )
    if there is not None and wanted not in (None, there):
        raise ConfigurationError(
            f"this database is installed with the prefix {there!r}: leave --prefix out"
        )
    prefix = there or wanted or "prooftrail"
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(
            f"prefix {prefix!r}: use lower-case letters, digits and '_', at most 41"
        )
    return prefix


def _migrate(connection: Connection, done: Installed) -> None:
    row = connection.execute("select to_regclass('prooftrail.migration')").fetchone()
    applied: dict[int, str] = {}
    if row and row[0] is not None:
        applied = {
            int(str(version)): str(digest)
            for version, digest in connection.execute(
                "select version, digest from prooftrail.migration"
            )
        }
    known = {step.version for step in files.migrations()}
    if ahead := sorted(applied.keys() - known):
        raise ConfigurationError(
            f"the schema is at migration {ahead[-1]}, newer than this release knows: "
            "upgrade prooftrail"
        )
    for step in files.migrations():
        if step.version in applied:
            if applied[step.version] != step.digest:
                raise DatabaseError(
                    f"drift: migration {step.version} was applied from other files "
                    "than this release has. Install that release, or run "
                    "prooftrail doctor to see what differs"
                )
            continue
        for text in step.texts:
            connection.execute(files.with_roles(text, done.prefix))
        connection.execute(
            "insert into prooftrail.migration (version, name, digest)"
            " values (%s, %s, %s)",
            (step.version, step.name, step.digest),
        )
        done.migrations_applied.append(f"{step.version:04d}_{step.name}")
