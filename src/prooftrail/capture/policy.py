"""Failure policies: what an event's call waits for, and what was counted of it.

    closed      the call ends when the event is committed, or fails
    spool       it ends when the event is committed, or, while the database is away,
                when it is in the spool; fails where neither can be
    background  it ends at once; what cannot be written is counted as lost

Guarantees: a call is counted once where it ends, under a lock. How many are lost is
told to the logger `prooftrail`, at once, then every ten seconds and at the end; what
they said never is.

Does not: know of a call that `record` refused (EventError) before it was handed over.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Literal, NamedTuple, TypeAlias

_log = logging.getLogger("prooftrail")
_TELL_EVERY = 10.0  # seconds

Name: TypeAlias = Literal["recorded", "spooled", "replayed", "lost", "failed"]


class Counts(NamedTuple):
    """Calls, each of one event, since this process's recorder began."""

    recorded: int  # committed, not by way of the spool
    spooled: int  # written to the spool, fsynced
    replayed: int  # moved from the spool to the database, other processes' included
    waiting_in_spool: int  # in the spool now, as far as this process replays it
    lost: int  # acknowledged, or background, and not to be had any more
    failed: int  # not durable, and the caller was told


class Counting:
    """The counters of one recorder; safe to be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Name, int] = {
            "recorded": 0,
            "spooled": 0,
            "replayed": 0,
            "lost": 0,
            "failed": 0,
        }
        self._told_at: float | None = None
        self._untold = 0

    def add(self, name: Name, count: int = 1) -> None:
        """Count calls that have ended so."""
        with self._lock:
            self._counts[name] += count

    def lose(self, count: int, why: str) -> None:
        """Count events that are lost, and tell of them."""
        with self._lock:
            self._counts["lost"] += count
            self._untold += count
            now = time.monotonic()
            if self._told_at is not None and now - self._told_at < _TELL_EVERY:
                return
            self._told_at = now
            told, self._untold = self._untold, 0
        _log.error("%d audit events are lost: %s", told, why)

    def tell_rest(self) -> None:
        """Tell of what was lost since it was last told."""
        with self._lock:
            told, self._untold = self._untold, 0
        if told:
            _log.error("%d more audit events are lost", told)

    def counts(self, waiting_in_spool: int) -> Counts:
        """Return all counters as of now."""
        with self._lock:
            return Counts(**self._counts, waiting_in_spool=waiting_in_spool)
