"""A histogram as bars: counts over time, drawn by the server.

Guarantees: the bars together have all that was counted; a bucket with anything in it
has a bar that can be seen; there is a text that says the same, for whoever sees none.

Does not: count; whoever calls gives the counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import instants

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 1_000, 96  # of the drawing, in its own units
LEAST = 2  # height of the smallest bar
GAP = 0.18  # of a bar's place
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US


class Counted(NamedTuple):
    """What happened in a span of time."""

    from_us: int
    to_us: int
    success: int
    failure: int
    denied: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.success + self.failure + self.denied


class Part(NamedTuple):
    """A part of a bar, of one result."""

    result: str
    y: float
    height: float


class Bar(NamedTuple):
    """A span of time in the drawing."""

    x: float
    width: float
    place: float  # where its whole place begins
    room: float  # and how wide that is
    parts: tuple[Part, ...]
    label: str  # "2026-02-17: 14 events, 2 failed"
    begins: str  # the span, as a search writes it
    ends: str
    total: int


class Drawing(NamedTuple):
    """The histogram."""

    bars: tuple[Bar, ...]
    most: int  # the highest bar's count
    first: str  # the labels of the axis
    last: str
    width: int = WIDTH
    height: int = HEIGHT


def draw(buckets: Sequence[Counted]) -> Drawing | None:
    """Return the drawing; None where there is nothing to draw."""
    most = max((one.total for one in buckets), default=0)
    if most == 0:
        return None
    room = WIDTH / len(buckets)
    bars = tuple(_bar(one, at * room, room, most) for at, one in enumerate(buckets))
    whole = buckets[0].to_us - buckets[0].from_us >= _DAY_US
    first = _label(buckets[0].from_us, whole_days=whole)
    last = _label(buckets[-1].to_us - 1, whole_days=whole)
    return Drawing(bars, most, first, last)


def _bar(one: Counted, place: float, room: float, most: int) -> Bar:
    height = 0.0 if one.total == 0 else max(HEIGHT * one.total / most, LEAST)
    parts, top = [], HEIGHT - height
    for result, count in (
        ("denied", one.denied),
        ("failure", one.failure),
        ("success", one.success),
    ):
        if count:
            share = height * count / one.total
            parts.append(Part(result, round(top, 2), round(share, 2)))
            top += share
    gap = room * GAP
    return Bar(
        x=round(place + gap / 2, 2),
        width=round(room - gap, 2),
        place=round(place, 2),
        room=round(room, 2),
        parts=tuple(parts),
        label=_told(one),
        begins=_written(one.from_us),
        ends=_written(one.to_us),
        total=one.total,
    )


def _told(one: Counted) -> str:
    label = _label(one.from_us, whole_days=one.to_us - one.from_us >= _DAY_US)
    if one.to_us - one.from_us > _DAY_US:
        label += f" to {_label(one.to_us - 1, whole_days=True)}"
    told = f"{label}: {one.total:,} event{'' if one.total == 1 else 's'}"
    for count, name in ((one.failure, "failed"), (one.denied, "denied")):
        if count:
            told += f", {count:,} {name}"
    return told


def _label(us: int, *, whole_days: bool) -> str:
    text = instants.text(us)
    return text[:10] if whole_days else f"{text[:10]} {text[11:16]}"


def _written(us: int) -> str:
    """Return a time as short as it may be written."""
    text = instants.text(us)
    return text[:10] if us % _DAY_US == 0 else text
