"""Keeping a sealer running: reconnect as often as it takes, stop when told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.errors import UnavailableError
from prooftrail.seal.sealer import POLL

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from prooftrail.seal.sealer import Sealed, Sealer

LONGEST_PAUSE = 5.0  # seconds between tries to reach the database


def keep_sealing(
    open_sealer: Callable[[], Sealer],
    stop: threading.Event,
    told: Callable[[Sealed], None],
    warn: Callable[[str], None],
) -> None:
    """Run a sealer until `stop` is set, reconnecting as often as it takes.

    Args:
        open_sealer: connects.
        stop: ends the loop after the present batch.
        told: called after each turn that did something.
        warn: called with one line when the database is away.

    Raises:
        SealError: the log does not fit; waiting would not help.
    """
    pause = POLL
    while not stop.is_set():
        try:
            sealer = open_sealer()
        except UnavailableError as error:
            warn(str(error))
            stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            continue
        try:
            sealer.run(stop, told)
        except UnavailableError as error:
            warn(str(error))
            stop.wait(pause)
        finally:
            sealer.close()
        pause = POLL
