"""Keeping a duty at work across restarts of the database.

Guarantees: while nobody answers, or what answers soon fails, it waits and connects
anew, longer each time up to `LONGEST_PAUSE`; what does not get better by waiting (a log
that does not fit) ends it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from prooftrail.errors import UnavailableError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

Done_co = TypeVar("Done_co", covariant=True)

FIRST_PAUSE = 0.05  # seconds between tries to reach the database
LONGEST_PAUSE = 5.0  # and a duty that ran longer than this had worked


class Duty(Protocol[Done_co]):
    """A sealer or a signer, connected."""

    def run(self, stop: threading.Event, told: Callable[[Done_co], None]) -> None:
        """Work until `stop` is set; tell what each turn did."""

    def close(self) -> None:
        """Disconnect."""


def keep(
    connect: Callable[[], Duty[Done_co]],
    stop: threading.Event,
    told: Callable[[Done_co], None],
    warn: Callable[[str], None],
) -> None:
    """Run a duty until `stop` is set, reconnecting as often as it takes.

    Args:
        connect: connects the duty.
        stop: ends it after the present turn.
        told: called after each turn that has something to say.
        warn: called with one line when the database is away.

    Raises:
        SealError: or SignError: a log does not fit; waiting would not help.
    """
    pause = FIRST_PAUSE
    while not stop.is_set():
        connected = float("inf")
        try:
            duty = connect()
            connected = time.monotonic()
            try:
                duty.run(stop, told)
            finally:
                duty.close()
        except UnavailableError as error:
            warn(str(error))
            # A connection alone proves nothing: a full disk is met only at work.
            if time.monotonic() - connected > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
