"""What the service knows of its own state, told by those who look.

Guarantees: asking costs nothing and reaches for nothing; a failed verification turns
reading and never writing, so that a log under suspicion still takes events in. What a
problem says holds no DSN, no personal data and no event. What was found well stays so
only for a while: if nobody looks any more, that is the problem.

Does not: look by itself (`pulse` and `watching` do), or know of other processes.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Part: TypeAlias = Literal["inbox", "database", "integrity"]

_WRITING: tuple[Part, ...] = ("inbox",)
_READING: tuple[Part, ...] = ("database", "integrity")


class DutyState(NamedTuple):
    """One duty, as its supervisor sees it."""

    up: bool
    restarts: int
    told: str | None  # what it could not do, in its own words, while that lasts


class _Known(NamedTuple):
    problem: str | None
    until: float  # on the monotonic clock


class Health:
    """The present state.

    Args:
        monotonic: seconds, never going back.

    Safe to be shared by threads.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[Part, _Known] = {}
        self._duties: dict[str, tuple[DutyState, float]] = {}
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether the service is about to end: what goes on and on ends now."""
        return self._stopping

    def stop(self) -> None:
        """Say that the service is about to end."""
        self._stopping = True

    @property
    def writing_problem(self) -> str | None:
        """Why no event can be taken in at present; None if one can."""
        return self._problem(_WRITING)

    @property
    def reading_problem(self) -> str | None:
        """Why what is read should not be relied on at present; None if it can."""
        return self._problem(_READING)

    @property
    def duties(self) -> Mapping[str, DutyState]:
        """The duties that this process supervises, by name."""
        now = self._monotonic()
        with self._lock:
            return {
                name: state if now < until else state._replace(told=None)
                for name, (state, until) in self._duties.items()
            }

    def report(
        self, part: Part, problem: str | None, *, lasts: float = float("inf")
    ) -> bool:
        """Say how a part fares; return whether that is news.

        Args:
            part: which.
            problem: what is wrong with it; None if nothing is.
            lasts: seconds for which this is worth something.
        """
        with self._lock:
            before = self._known.get(part)
            self._known[part] = _Known(problem, self._monotonic() + lasts)
        had = before is not None and before.problem is not None
        return had != (problem is not None)

    def report_duty(
        self, name: str, state: DutyState, *, lasts: float = float("inf")
    ) -> None:
        """Say how a duty fares; what it told is forgotten after `lasts` seconds."""
        with self._lock:
            self._duties[name] = (state, self._monotonic() + lasts)

    def _problem(self, parts: tuple[Part, ...]) -> str | None:
        now = self._monotonic()
        with self._lock:
            found = [(part, self._known.get(part)) for part in parts]
        for part, known in found:
            if known is not None and known.until < now:
                return f"nobody could look at the {part} for too long: does it hang?"
            if known is not None and known.problem is not None:
                return known.problem
        return None
