"""Pictures with a palette show what they showed."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from tests import palette

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT = 40, 30


def picture(colours: int, kind: int) -> bytes:
    """Return a PNG of so many colours, each row filtered by one of the five filters."""
    size = {2: 3, 6: 4}[kind]
    rows, above = [], bytes(WIDTH * size)
    for y in range(HEIGHT):
        row = b"".join(
            bytes((c % 256, c // 256 * 40, 7, 255)[:size])
            for c in ((x + y * WIDTH) % colours for x in range(WIDTH))
        )
        rows.append(bytes([y % 5]) + filtered(y % 5, row, above, size))
        above = row
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, kind, 0, 0, 0)
    return (
        palette._BEGIN
        + palette._chunk(b"IHDR", head)
        + palette._chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + palette._chunk(b"IEND", b"")
    )


def filtered(kind: int, row: bytes, above: bytes, size: int) -> bytes:
    def guess(at: int) -> int:
        left = row[at - size] if at >= size else 0
        corner = above[at - size] if at >= size else 0
        return (
            0,
            left,
            above[at],
            (left + above[at]) // 2,
            palette._paeth(left, above[at], corner),
        )[kind]

    return bytes((one - guess(at)) & 0xFF for at, one in enumerate(row))


@pytest.mark.parametrize("kind", [2, 6])
def test_few_colours_stay_as_they_are(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture(200, kind))
    before = palette.read(path.read_bytes())
    assert before.pixels[:3] == [b"\x00\x00\x07", b"\x01\x00\x07", b"\x02\x00\x07"]
    palette.shrink(path)
    assert palette.read(path.read_bytes()) == before


def test_many_become_the_nearest_of_the_frequent(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture(700, 2))
    before = palette.read(path.read_bytes())
    palette.shrink(path)
    after = palette.read(path.read_bytes())
    assert (after.width, after.height) == (before.width, before.height)
    assert len(set(after.pixels)) == palette.MOST
    far = max(map(palette._far, before.pixels, after.pixels))
    assert 0 < far <= 2 * 40**2 + 256**2
