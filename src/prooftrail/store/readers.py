"""Reading for many askers at once: a pool of the reader's connections.

Guarantees: whatever runs inside `reading` sees what the token's key may see, as of one
moment, and can write nothing: row-level security asks the token that the transaction
states, and without one there is nothing to see. A token that opens nothing at that
moment is an error, for an empty answer would be a false one. A statement that takes too
long is ended and told as such. When the pool is empty for `PATIENCE` seconds, the asker
is told to come again; nobody waits without end. Whose token it is, is asked on
connections apart: readers who hold all others keep nobody from being known.

Source: PostgreSQL, row security policies; psycopg_pool.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from prooftrail.errors import DatabaseError, EndedError, UnavailableError
from prooftrail.store import connect
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from prooftrail.store import keys, people
    from prooftrail.store.connect import Connection

    Role: TypeAlias = keys.Role | people.Role

SIZE = 8  # connections at most
WAITING = 256  # askers that may wait for one
PATIENCE = 5.0  # seconds they wait at most
STATEMENT_MS = 30_000
KEYS = 2  # connections that look up keys
KEY_MS = 5_000  # a statement of theirs


class Holder(NamedTuple):
    """Whose token it is, an API key's or a person's session's, and what it opens."""

    key_id: int  # of the key or the person
    name: str
    role: Role
    streams: dict[str, int]  # by name: their numbers
    expires_at: datetime
    all_streams: bool
    from_us: int
    to_us: int
    kind: Literal["key", "person"] = "key"

    @property
    def user_id(self) -> str:
        """Who this is in events."""
        return f"{self.kind}:{self.key_id}"


# No JSON, no UTF-8, and U+0000 in what a statement parses: no sealed event is either.
_NO_EVENT = frozenset({"22P02", "22021", "22P05"})

_Pool: TypeAlias = ConnectionPool[psycopg.Connection[tuple[object, ...]]]


class Load(NamedTuple):
    """How busy a pool is."""

    connections: int  # open
    idle: int  # of these
    waiting: int  # askers


def _opens(connection: Connection) -> bool:
    """Return whether the transaction's token is good.

    What it may read is asked first, as each statement's policies do: its plan is kept.
    That is nothing for a key that writes, too, and where there is no stream.
    """
    asked = (
        "select from prooftrail.token_grant() limit 1",
        "select from prooftrail.my_key",
    )
    return any(connection.execute(one).rowcount for one in asked)


class Readers:
    """The pool.

    Args:
        dsn: of the reader; by default from the environment.
        env: where the settings stand.
        size: connections at most.
    """

    def __init__(
        self,
        dsn: str | None = None,
        *,
        env: Mapping[str, str] | None = None,
        size: int = SIZE,
    ) -> None:
        given, own = connect.parameters("reader", dsn=dsn, env=env)

        def configure(connection: psycopg.Connection[tuple[object, ...]]) -> None:
            connect.prepare(connection, None if own else "reader")

        def pool(size: int, name: str) -> _Pool:
            return ConnectionPool(
                make_conninfo("", **given),
                kwargs={"autocommit": True},
                min_size=0,
                max_size=size,
                max_waiting=WAITING,
                timeout=PATIENCE,
                configure=configure,
                check=ConnectionPool.check_connection,
                name=name,
                open=True,
            )

        self._pool = pool(size, "prooftrail readers")
        self._keys = pool(min(size, KEYS), "prooftrail keys")

    def reading(self, token: str | None) -> AbstractContextManager[Connection]:
        """Give a connection that reads as the holder of `token`, as of one moment.

        Raises:
            EndedError: the token opens nothing at that moment, nor does it write.
            UnavailableError: nobody answers, or all connections are busy.
        """
        return self._granted(token)

    @contextmanager
    def _granted(self, token: str | None) -> Iterator[Connection]:
        with self._reading(self._pool, token, STATEMENT_MS) as connection:
            if token and not _opens(connection):
                raise EndedError(
                    "this key or session opens nothing any more: it was revoked, or "
                    "has expired"
                )
            try:
                yield connection
            except psycopg.DataError as error:
                if error.sqlstate not in _NO_EVENT:
                    raise
                raise DatabaseError(
                    "an entry that this looks into holds bytes that are no event: the "
                    "log was altered. Verify it (prooftrail verify), and go by "
                    "docs/how-to/when-verification-fails.md"
                ) from None  # the driver's text quotes them

    @contextmanager
    def _reading(
        self, pool: _Pool, token: str | None, milliseconds: int
    ) -> Iterator[Connection]:
        try:
            with pool.connection() as connection, driver_errors():
                connection.execute("begin isolation level repeatable read read only")
                try:
                    connection.execute(
                        sql.SQL(
                            "set local statement_timeout = {};"
                            " select set_config('prooftrail.token', {}, true)"
                        ).format(milliseconds, token or "")
                    )
                    yield connection
                finally:
                    if not connection.closed:
                        connection.execute("rollback")
        except (PoolTimeout, TooManyRequests) as error:
            raise UnavailableError(
                "no database connection is free or none answers: try again in a "
                "moment (prooftrail doctor says what holds it up)"
            ) from error

    def holder(self, token: str) -> Holder | None:
        """Return whose token it is, or None if it opens nothing."""
        with self._reading(self._keys, token, KEY_MS) as connection:
            row = connection.execute(
                "select id, name, role, names, streams, all_streams, from_us, to_us,"
                " expires_at, kind"
                " from prooftrail.my_key"
            ).fetchone()
        if row is None:
            return None
        key_id, name, role, names, numbers, every, from_us, to_us, ends, kind = row
        streams = zip(cast("list[str]", names), cast("list[int]", numbers), strict=True)
        return Holder(
            int(str(key_id)),
            str(name),
            cast("Role", role),
            dict(streams),
            cast("datetime", ends),
            bool(every),
            int(str(from_us)),
            int(str(to_us)),
            "person" if kind == "person" else "key",
        )

    def load(self) -> Load:
        """Return how busy the pool is at present."""
        found = self._pool.get_stats()
        return Load(
            found.get("pool_size", 0),
            found.get("pool_available", 0),
            found.get("requests_waiting", 0),
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
        self._keys.close()
