"""Splitting files of JSON records, as a stream and without parsing them.

Guarantees: `split` gives the bytes of each record of ``{"Records": [...]}`` (the key
may stand anywhere), of a top-level array, or of objects one after another (JSON
lines), in order. One record at a time is in memory: `MAX_RECORD` bytes and a chunk,
whatever the file's size, depth or compression. What stands where a record should, is
too long, or is cut off by the end of the file, is a `Problem` in its place.

Does not: check that a record is JSON (its parser does): only brackets and strings
are followed here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prooftrail.importers.imported import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_RECORD: Final = 1024 * 1024  # bytes; an event has at most 256 KiB

# A whole string, a bracket, what stands between, or the quote of an unfinished string.
_PIECE = re.compile(
    rb'"(?:[^"\\]++|\\.)*"|[{}\[\]]|[^"{}\[\]]++|(")',
    re.DOTALL,
)
_RECORDS = b'"Records"'
_SEPARATOR = re.compile(rb"[,\r\n]")


def split(chunks: Iterable[bytes]) -> Iterator[bytes | Problem]:
    """Split the chunks of one file into the bytes of its records."""
    splitter = _Splitter()
    for piece in _pieces(chunks):
        yield from splitter.take(piece)
    if splitter.depth or splitter.parts is not None:
        yield Problem("the file ends before its last bracket: it is cut off here")


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the chunks into pieces; an unfinished string waits for the next chunk."""
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        rest = b""
        for found in _PIECE.finditer(data):
            if found[1] is None:
                yield found[0]
                continue
            rest = data[found.start() :]
            break
        if len(rest) > MAX_RECORD:
            # Its record is too long in any case. Its begin is let go; a new quote, and
            # a backslash that still waits for its character, stand for it.
            body = rest.rstrip(b"\\")
            yield b'"' + bytes(MAX_RECORD) + b'"'
            rest = b'"' + b"\\" * ((len(rest) - len(body)) % 2)
    if rest:
        yield rest


class _Splitter:
    """Follows the brackets and puts the pieces of each record together."""

    def __init__(self) -> None:
        self.depth = 0
        self.parts: list[bytes] | None = None  # of the record in hand
        self._size = 0
        self._level = 0  # the depth at which records stand
        self._behind = False  # behind `Records`, inside the object that holds it
        self._last = b""  # the last string directly inside the file's object

    def take(self, piece: bytes) -> Iterator[bytes | Problem]:
        found: bytes | Problem | None = None
        if piece in (b"{", b"["):
            found = self._open(piece)
        elif piece in (b"}", b"]"):
            found = self._close(piece)
        else:
            yield from self._other(piece)
        if found is not None:
            yield found

    def _other(self, piece: bytes) -> Iterator[Problem]:
        if self.depth == 1 and piece[:1] == b'"':
            self._last = piece
        if self.parts is not None:
            self._add(piece)
        elif not self._behind:
            for part in [piece] if piece[:1] == b'"' else _SEPARATOR.split(piece):
                if part.strip():
                    yield Problem(f"{_shown(part)} stands where a record should")

    def _open(self, piece: bytes) -> Problem | None:
        of_records = (
            self.depth == 1
            and self._level == 0
            and piece == b"["
            and self._last == _RECORDS
        )
        self.depth += 1
        if of_records and self._behind:
            return Problem(
                "the key 'Records' stands twice in the file: the second list is not "
                "imported, since readers would disagree on which one counts"
            )
        if of_records:
            self.parts = None
            self._level = 2
        elif self.parts is not None:
            self._add(piece)
        elif self.depth == 1 and piece == b"[":
            self._level = 1
        elif self.depth == self._level + 1 and not self._behind:
            self.parts, self._size, self._last = [], 0, b""
            self._add(piece)
        return None

    def _close(self, piece: bytes) -> bytes | Problem | None:
        if self.depth == 0:
            return Problem(f"a {piece.decode()} closes what was never opened")
        self.depth -= 1
        if self.parts is None:
            if self.depth < self._level:
                self._behind = self._level == 2  # noqa: PLR2004  object, array
                self._level = 0
            if self.depth == 0:
                self._behind = False
            return None
        self._add(piece)
        if self.depth > self._level:
            return None
        parts, self.parts = self.parts, None
        if self._size > MAX_RECORD:
            return Problem(f"the record is longer than {MAX_RECORD} bytes")
        return b"".join(parts)

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self.parts is not None:
            if self._size <= MAX_RECORD:
                self.parts.append(piece)
            else:
                self.parts.clear()


def _shown(piece: bytes) -> str:
    return repr(piece.strip()[:40].decode("utf-8", "replace"))
