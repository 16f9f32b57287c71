"""The connections of the login `access`, which alone lets people in.

Guarantees: whatever runs inside `transaction` is kept as a whole or not at all. When
the pool is empty for `PATIENCE` seconds, the asker is told to come again; no statement
and no lock is waited for longer.

Source: psycopg_pool.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from prooftrail.errors import UnavailableError
from prooftrail.store import connect
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prooftrail.store.connect import Connection

SIZE = 4  # connections at most
WAITING = 256  # askers that may wait for one
PATIENCE = 5.0  # seconds they wait at most
_LIMITS = "set local statement_timeout = '5s'; set local lock_timeout = '5s'"

_Plain: TypeAlias = psycopg.Connection[tuple[object, ...]]


class Access:
    """A pool of them, safe to be shared by threads.

    Args:
        dsn: of that login; by default from the environment.
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
        given, own = connect.parameters("access", dsn=dsn, env=env)

        def configure(connection: _Plain) -> None:
            connect.prepare(connection, None if own else "access")

        self._pool = ConnectionPool(
            make_conninfo("", **given),
            kwargs={"autocommit": True},
            min_size=0,
            max_size=size,
            max_waiting=WAITING,
            timeout=PATIENCE,
            configure=configure,
            check=ConnectionPool.check_connection,
            name="prooftrail access",
            open=True,
        )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection in a transaction: all of it is kept, or nothing.

        Raises:
            UnavailableError: nobody answers, or all connections are busy.
        """
        try:
            with (
                self._pool.connection() as connection,
                driver_errors(),
                connection.transaction(),
            ):
                connection.execute(_LIMITS)
                yield connection
        except (PoolTimeout, TooManyRequests) as error:
            raise UnavailableError(
                "no database connection is free or none answers: try again in a "
                "moment (prooftrail doctor says what holds it up)"
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
