"""Pictures of pages made smaller: the colours that matter, in a palette.

Guarantees: size and place of everything stay; a colour that is not among the 256 most
frequent becomes the nearest of these.

Does not: read any other PNG than Chromium's, 8 bits a channel, not interlaced.

Source: PNG, W3C recommendation, sections 9 and 11.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BEGIN = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}  # by colour type
MOST = 256


class Picture(NamedTuple):
    """What a file shows."""

    width: int
    height: int
    pixels: list[bytes]  # red, green and blue of each, row by row


def shrink(path: Path) -> None:
    """Write a picture anew with a palette."""
    found = read(path.read_bytes())
    counted = Counter(found.pixels)
    kept = [colour for colour, _ in counted.most_common(MOST)]
    place = {colour: at for at, colour in enumerate(kept)}
    for colour in counted.keys() - place.keys():
        place[colour] = min(range(len(kept)), key=lambda at: _far(colour, kept[at]))
    flat = bytes(map(place.__getitem__, found.pixels))
    rows = b"".join(
        b"\x00" + flat[at : at + found.width] for at in range(0, len(flat), found.width)
    )
    head = struct.pack(">IIBBBBB", found.width, found.height, 8, 3, 0, 0, 0)
    path.write_bytes(
        _BEGIN
        + _chunk(b"IHDR", head)
        + _chunk(b"PLTE", b"".join(kept))
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def read(data: bytes) -> Picture:
    """Return what a file shows."""
    chunks = list(_chunks(data))
    width, height, depth, kind, *_, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (depth, interlaced) == (8, 0)
    packed = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    if kind == 3:
        colours = next(body for name, body in chunks if name == b"PLTE")
        flat = b"".join(_rows(packed, width, 1))
        return Picture(width, height, [colours[3 * one : 3 * one + 3] for one in flat])
    size = _CHANNELS[kind]
    flat = b"".join(_rows(packed, width * size, size))
    pixels = [flat[at : at + 3] for at in range(0, len(flat), size)]
    return Picture(width, height, pixels)


def _far(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_BEGIN)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _rows(packed: bytes, length: int, size: int) -> Iterator[bytes]:
    """Undo the filters of rows."""
    above = bytes(length)
    for at in range(0, len(packed), length + 1):
        row = bytearray(packed[at + 1 : at + 1 + length])
        _unfilter(packed[at], row, above, size)
        above = bytes(row)
        yield above


def _unfilter(kind: int, row: bytearray, above: bytes, size: int) -> None:
    if kind == 0:
        return
    for at in range(len(row)):
        left = row[at - size] if at >= size else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[at]
        elif kind == 3:
            guess = (left + above[at]) // 2
        else:
            corner = above[at - size] if at >= size else 0
            guess = _paeth(left, above[at], corner)
        row[at] = (row[at] + guess) & 0xFF


def _paeth(left: int, up: int, corner: int) -> int:
    about = left + up - corner
    far = (abs(about - left), abs(about - up), abs(about - corner))
    return (left, up, corner)[far.index(min(far))]
