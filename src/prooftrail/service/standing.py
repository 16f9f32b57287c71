"""The failures that stand: told when they are new, and once a day while they last."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from prooftrail.integrity.findings import Kind, Weight

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.integrity.findings import Finding

MOST = 10_000  # failures that are told apart; the others count as known

_Key: TypeAlias = tuple[Kind, str, int | None]


class Standing:
    """What was found and not cleared. Not safe to be shared by threads.

    Args:
        again: seconds after which a failure that lasts is told anew.
    """

    def __init__(self, again: float) -> None:
        self._again = again
        self._told: dict[_Key, float] = {}  # when, on the monotonic clock
        self.seen = 0.0  # when one was found last, told or not

    def __len__(self) -> int:
        return len(self._told)

    def news(self, findings: Iterable[Finding], now: float) -> list[Finding]:
        """Return the failures that are to be told now, and take them as told."""
        found = []
        for one in findings:
            key = (one.kind, one.stream, one.seq)
            if one.weight is not Weight.FAILURE:
                continue
            self.seen = now
            if not self._is_due(key, now):
                continue
            self._told[key] = now
            found.append(one)
        return found

    def clear(self) -> None:
        """Forget all: a whole verification found none of them."""
        self._told.clear()

    def _is_due(self, key: _Key, now: float) -> bool:
        told = self._told.get(key)
        if told is None:
            return len(self._told) < MOST
        return now - told >= self._again
