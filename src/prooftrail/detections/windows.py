"""A sliding window: the events of one key that are not older than its width.

Guarantees: an event is held for exactly `width` microseconds of event time, both ends
included; what is counted of those that are held is always at hand, so that an event
costs the same however many are held. A late event takes its own place among them.
"""

from __future__ import annotations

import bisect
from collections import deque
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from prooftrail.detections.seen import Order, Seen


class Held(msgspec.Struct, frozen=True, gc=False):
    """An event in a window."""

    order: Order
    members: tuple[str, ...]  # what is told apart: accounts, names, data subjects
    event: Seen


class Window:
    """The events held, oldest first, and how often each member is among them.

    Args:
        width: in microseconds.
        leveled: whether it is asked for, too, how many members occur how often.
    """

    __slots__ = ("counts", "entries", "leveled", "levels", "width")

    def __init__(self, width: int, *, leveled: bool = False) -> None:
        self.width = width
        self.leveled = leveled
        self.entries: deque[Held] = deque()
        self.counts: dict[str, int] = {}
        self.levels: dict[int, int] = {}  # how many members occur so often

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, held: Held) -> None:
        """Hold an event."""
        entries, counts = self.entries, self.counts
        if entries and held.order < entries[-1].order:
            entries.insert(bisect.bisect(entries, held.order, key=_order), held)
        else:
            entries.append(held)
        for one in held.members:
            count = counts[one] = counts.get(one, 0) + 1
            if self.leveled:
                self._move(count - 1, count)

    def expire(self, now_us: int) -> None:
        """Let go of what is older than the window is wide."""
        entries, counts = self.entries, self.counts
        since = now_us - self.width
        while entries and entries[0].order[0] < since:
            for one in entries.popleft().members:
                count = counts[one] - 1
                if count:
                    counts[one] = count
                else:
                    del counts[one]
                if self.leveled:
                    self._move(count + 1, count)

    def within(self, microseconds: int, count: int) -> bool:
        """Whether the newest `count` events lie within a time."""
        if len(self.entries) < count:
            return False
        return self.entries[-1].order[0] - self.entries[-count].order[0] <= microseconds

    def as_of(self, order: Order) -> Window:
        """Return the window as it was at a moment before the newest event."""
        found = Window(self.width, leveled=self.leveled)
        for held in self.entries:
            if order[0] - self.width <= held.order[0] and held.order <= order:
                found.add(held)
        return found

    def _move(self, before: int, after: int) -> None:
        levels = self.levels
        if after:
            levels[after] = levels.get(after, 0) + 1
        if before and levels[before] > 1:
            levels[before] -= 1
        elif before:
            del levels[before]


def _order(held: Held) -> Order:
    return held.order
