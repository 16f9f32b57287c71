"""Which characters the fonts of reports have: `python -m tests.fonts_reference`."""

from __future__ import annotations

from pathlib import Path

from fontTools.ttLib import TTFont

import prooftrail.reports

FONTS = Path(prooftrail.reports.__path__[0]) / "fonts"


def coverage() -> str:
    """Return the ranges of characters that one of the fonts has, a line each."""
    codes: set[int] = set()
    for path in sorted(FONTS.glob("*.ttf")):
        with TTFont(path, lazy=True) as font:
            codes |= set(font.getBestCmap())
    ranges: list[list[int]] = []
    for code in sorted(codes):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{first:04X}-{last:04X}\n" for first, last in ranges)


if __name__ == "__main__":
    (FONTS / "coverage.txt").write_text(coverage(), "ascii")
