"""Figures of the installation, for whoever watches it.

Guarantees: works as the verifier, reads only, and needs no look at the log itself:
what it costs does not grow with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.store import reading, survey

if TYPE_CHECKING:
    from prooftrail.store.connect import Connection
    from prooftrail.store.survey import Signed


class Facts(NamedTuple):
    """What was found."""

    waiting: int  # events in the inbox
    oldest_seconds: float  # age of the oldest of them
    quarantined: int  # rows
    streams: tuple[Signed, ...]


def read(connection: Connection) -> Facts:
    """Return the present figures.

    Raises:
        DatabaseError: the database is away, or refuses.
    """
    waiting, oldest = reading.waiting(connection)
    return Facts(
        waiting,
        oldest,
        reading.quarantined(connection),
        tuple(survey.checkpoints(connection)),
    )
