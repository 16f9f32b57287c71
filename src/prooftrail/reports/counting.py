"""What reports count of events: bounded, whatever somebody wrote into them.

Guarantees: one pass, in whatever order events come. Of a kind at most `KEPT` different
ones are told apart; of further ones nothing is counted but their totals, and `cut` says
so. A text is cut at `LONGEST` characters, and nothing else is done to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

KEPT: Final = 20_000  # different ones of a kind
LONGEST: Final = 200  # characters of a text
SHORT: Final = 60  # of a name in a printed cell


class Counting:
    """Counts events as they are shown."""

    def __init__(self) -> None:
        self.events = 0
        self.spans: dict[str, tuple[int, int]] = {}  # first and last seq, by stream
        self.cut = False

    def see(self, item: Mapping[str, Any]) -> tuple[str, int]:
        """Count an event; return its stream and seq."""
        self.events += 1
        stream, seq = str(item["stream"]), int(item["seq"])
        first, last = self.spans.get(stream, (seq, seq))
        self.spans[stream] = min(first, seq), max(last, seq)
        return stream, seq

    def count(self, counts: Counter[Any], one: object) -> None:
        """Count one of a kind."""
        if one in counts or len(counts) < KEPT:
            counts[one] += 1
        else:
            self.cut = True


def ranked(counts: Mapping[Any, int], most: int) -> list[tuple[Any, int]]:
    """Return the largest counts; equal ones by their name.

    >>> ranked({"b": 2, "a": 2, "c": 1}, 2)
    [('a', 2), ('b', 2)]
    """
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:most]


def text(value: object) -> str | None:
    """Return a text of an event; None where there is none."""
    return value[:LONGEST] or None if isinstance(value, str) else None


def short(name: str, most: int = SHORT) -> str:
    """Cut a name where a page has no room for it; the rows have more of it.

    >>> short("x" * 61) == "x" * 60 + "…"
    True
    """
    return name if len(name) <= most else f"{name[:most]}…"
