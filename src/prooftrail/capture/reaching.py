"""Reaching the database: connects in a thread of its own.

Guarantees: nobody waits for a host that does not answer; one attempt at a time; a
connection that comes after it was given up is closed.

Does not: decide when to try again.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.store.connect import Connection


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
        threading.Thread(
            target=self._run, name="prooftrail-connect", daemon=True
        ).start()

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
