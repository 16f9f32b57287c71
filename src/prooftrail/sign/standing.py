"""What stands wrong with a stream: looked at anew, and told, once a minute at most.

Guarantees: what was put rests for the wait that was given, then is looked at again;
it stands until it is cleared, told or not. A clock that was set back ends the rest.
"""

from __future__ import annotations


def waited(now_us: int, since_us: int, wait_us: int) -> bool:
    """Return whether the wait is over, or the clock was set back.

    A clock that was set back must not silence the signer until it has caught up.
    """
    return not since_us <= now_us < since_us + wait_us


class Standing:
    """Texts by stream number, and when each was told."""

    def __init__(self, wait_us: int) -> None:
        self._wait_us = wait_us
        self._told: dict[int, tuple[str, int]] = {}

    def rests(self, number: int, now_us: int) -> bool:
        """Return whether it was told less than the wait ago."""
        told = self._told.get(number)
        return told is not None and not waited(now_us, told[1], self._wait_us)

    def put(self, number: int, text: str, now_us: int) -> None:
        """Note that it is told now."""
        self._told[number] = (text, now_us)

    def clear(self, number: int) -> None:
        """Forget it: it is well again."""
        self._told.pop(number, None)

    def texts(self) -> list[str]:
        """Return what stands, by stream number."""
        return [text for _, (text, _) in sorted(self._told.items())]
