"""How high the rows of a long table are, where that is told without setting them.

Guarantees: a height that is told is never lower than what the row takes, whatever its
cells say. None is told where letters beyond Latin are in it, or a word that is wider
than its column and may break. Such a row Typst sets twice, to find out how high it is,
and that is what many rows cost most.

A line is broken here where Unicode allows it for sure (between words, and where
`lettering` marks a place), and by Typst wherever it is allowed: it needs as many lines
or fewer.

Source: UAX #14 (LB8, LB18, LB23, LB28); the fonts' own widths (`hmtx`). A test holds
both against what Typst measures.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prooftrail.reports.document import Column, Table

MANY: Final = 100  # rows of a table for which this is worth while
UPRIGHT: Final = 174 * 72 / 25.4  # points: A4 without its margins
ACROSS: Final = 261 * 72 / 25.4  # where listings are
_INSET: Final = (1.6 * 72 / 25.4, 1.1 * 72 / 25.4)  # of a cell, as in tables.typ
_LEADING: Final = 3.8  # points between two lines
_SPARE: Final = 0.98  # of a line: kerning may widen a text
_BREAKS: Final = re.compile("(\u200b|(?<=[\\w,.;:]) (?=\\w))")
_LATIN: Final = re.compile("[ -~\u00a1-\u017f\u200b]*")
_BEYOND: Final = 1_000  # of any letter beyond ASCII; the widest has 985


class _Face(NamedTuple):
    """Letters of one font and size."""

    size: float  # points
    widths: tuple[int, ...]  # of U+0020 to U+007E, thousandths of the size

    @property
    def line(self) -> float:
        """How high a line is, from its baseline to the top of capitals."""
        return 0.698 * self.size


_SANS: Final = _Face(
    7.6,
    (
        236, 284, 419, 713, 598, 927, 694, 242, 335, 335, 450, 600, 272, 399, 272, 383,
        600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 292, 292, 600, 600, 600, 477,
        891, 641, 653, 621, 671, 583, 559, 695, 707, 400, 510, 634, 501, 812, 707, 708,
        606, 708, 640, 581, 572, 678, 609, 891, 613, 593, 580, 317, 383, 317, 600, 565,
        600, 534, 580, 503, 580, 549, 324, 528, 568, 250, 250, 527, 272, 873, 568, 560,
        580, 580, 367, 487, 351, 568, 492, 768, 507, 499, 464, 343, 314, 343, 600,
    ),
)  # fmt: skip
_MONO: Final = _Face(6.6, (600,) * 95)


def widths(columns: Sequence[Column], whole: float) -> list[float]:
    """Return how wide each column of a table is, in points.

    Args:
        columns: of the table.
        whole: how wide they are together.
    """
    shares = sum(one.share for one in columns)
    return [whole * one.share / shares for one in columns]


def heights(table: Table, whole: float) -> list[float | None]:
    """Return how high each row of a table is, in points; None: not told.

    Args:
        table: its texts as they are set (`lettering`).
        whole: how wide it is, in points.
    """
    measures = [
        # rows share many of their texts
        cache(partial(_tall, face=face, room=(wide - 2 * _INSET[0]) * _SPARE))
        for one, wide in zip(table.columns, widths(table.columns, whole), strict=True)
        for face in [_MONO if one.of in {"code", "time"} else _SANS]
    ]
    return [_height(row, measures) for row in table.rows]


def _height(
    row: Sequence[str], measures: Sequence[Callable[[str], float | None]]
) -> float | None:
    highest = 0.0
    for text, measure in zip(row, measures, strict=True):
        tall = measure(text)
        if tall is None:
            return None
        highest = max(highest, tall)
    return round(highest + 2 * _INSET[1] + 0.005, 2)


def _tall(text: str, *, face: _Face, room: float) -> float | None:
    """Return how high a text is at most; None: that cannot be told."""
    count = _lines(text, face, room)
    return None if count is None else count * face.line + (count - 1) * _LEADING


def _lines(text: str, face: _Face, room: float) -> int | None:
    """Return how many lines a text takes at most; None: that cannot be told."""
    if not _LATIN.fullmatch(text):
        return None
    if _wide(text, face) <= room:
        return 1
    first, *rest = _BREAKS.split(text)
    count, taken = 1, _wide(first, face)
    if taken > room and not first.isalnum():
        return None
    for between, word in zip(rest[::2], rest[1::2], strict=True):
        wide = _wide(word, face)
        if wide > room and not word.isalnum():
            return None
        more = _wide(between, face) + wide
        if taken + more <= room:
            taken += more
        else:
            count, taken = count + 1, wide
    return count


def _wide(text: str, face: _Face) -> float:
    """Return how wide a text is, in points, or more."""
    known = _by_letter(face)
    return sum([known.get(one, _BEYOND) for one in text]) * face.size / 1_000


@cache
def _by_letter(face: _Face) -> dict[str, int]:
    return {chr(0x20 + at): wide for at, wide in enumerate(face.widths)} | {"\u200b": 0}
