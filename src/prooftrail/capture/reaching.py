"""Reaching the database: connects in a thread of its own.

Guarantees: nobody waits for a host that does not answer; one attempt at a time; a
connection that comes after it was given up is closed. At the interpreter's end, where
Python 3.12 starts no thread, it connects in the caller's.

Does not: decide when to try again.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.store.connect import Connection


def started(target: Callable[[], None], name: str) -> threading.Thread | None:
    """Start a daemon thread; None where the interpreter's end does not let one begin.

    Python 3.12 starts none once the main thread has ended, and runs the functions of
    atexit after that.
    """
    thread = threading.Thread(target=target, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


class Reaching:
    """An attempt to connect, which has begun.

    Args:
        connect: opens a connection.
        wake: notified when the outcome is set, under its lock.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        wake: threading.Condition,
    ) -> None:
        self._connect = connect
        self._wake = wake
        self._given_up = False
        self.begun_at = time.monotonic()
        self.outcome: Connection | BaseException | None = None
        if not started(self._run, "prooftrail-connect"):
            self._run()

    def give_up(self) -> None:
        """Want nothing of it any more."""
        with self._wake:
            self._given_up = True
            outcome = self.outcome
        if outcome is not None and not isinstance(outcome, BaseException):
            outcome.close()

    def _run(self) -> None:
        outcome: Connection | BaseException
        try:
            outcome = self._connect()
        except BaseException as error:  # noqa: BLE001  the writer thread raises it
            outcome = error
        with self._wake:
            if not self._given_up:
                self.outcome = outcome
                self._wake.notify_all()
                return
        if not isinstance(outcome, BaseException):
            outcome.close()
