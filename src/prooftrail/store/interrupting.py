"""Ending what another thread waits for on a connection.

Guarantees: whoever waits in `using` is told that the database is away, within
`CANCEL_SECONDS` or so, where the server hangs and answers nobody, too; the server ends
the statement, if it still listens.

Does not: close connections (who opened one does), or touch those that are not in use.

Source: libpq, canceling queries in progress.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.store.connect import Connection

CANCEL_SECONDS = 2.0  # that the server may take to hear of it


class Interrupting:
    """What is in use, and its end. Safe to be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: list[Connection] = []

    @contextmanager
    def using(self, connection: Connection) -> Iterator[Connection]:
        """Wait for answers on a connection; close it outside of this."""
        with self._lock:
            self._used.append(connection)
        try:
            yield connection
        finally:
            with self._lock:  # an interrupt must not meet another's file of that number
                self._used.remove(connection)

    def interrupt(self) -> bool:
        """End what is waited for; return whether there was anything."""
        with self._lock:
            for connection in self._used:
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=CANCEL_SECONDS)
                # also where nobody listens at the other end
                with suppress(psycopg.Error, OSError):
                    made = socket.socket(fileno=os.dup(connection.fileno()))
                    with closing(made):
                        made.shutdown(socket.SHUT_RDWR)
            return bool(self._used)
