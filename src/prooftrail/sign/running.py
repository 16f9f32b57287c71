"""Running a signer for as long as it takes, across restarts of the database.

Guarantees: while nobody answers, the signer waits and connects anew; what does not get
better by waiting (a log that does not fit) ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.errors import UnavailableError
from prooftrail.sign.signer import POLL

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from prooftrail.sign.signed import Signed
    from prooftrail.sign.signer import Signer

LONGEST_PAUSE = 5.0  # seconds between tries to reach the database


def keep_signing(
    open_signer: Callable[[], Signer],
    stop: threading.Event,
    told: Callable[[Signed], None],
    warn: Callable[[str], None],
) -> None:
    """Run a signer until `stop` is set, reconnecting as often as it takes.

    Args:
        open_signer: connects.
        stop: ends the loop after the present turn.
        told: called after each turn that has something to say.
        warn: called with one line when the database is away.

    Raises:
        SignError: a log does not fit; waiting would not help.
    """
    pause = POLL
    while not stop.is_set():
        try:
            signer = open_signer()
        except UnavailableError as error:
            warn(str(error))
            stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            continue
        try:
            signer.run(stop, told)
        except UnavailableError as error:
            warn(str(error))
            stop.wait(pause)
        finally:
            signer.close()
        pause = POLL
