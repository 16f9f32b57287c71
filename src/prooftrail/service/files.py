"""Files to be given to whoever asked: on disk, and without a name.

Guarantees: a file is there as long as somebody holds it, and gone with the last one,
whatever becomes of the process. Any number may read it at once, each all of it; what
is given is read piece by piece.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PIECE: Final = 256 * 1024  # bytes


class File:
    """A file.

    Args:
        name: under which it is given.
        kind: its media type.
        content: what is in it, or what writes it.
    """

    def __init__(
        self, name: str, kind: str, content: bytes | Callable[[BinaryIO], None]
    ) -> None:
        self.name = name
        self.kind = kind
        with tempfile.TemporaryFile() as made:
            if isinstance(content, bytes):
                made.write(content)
            else:
                content(made)
            made.flush()
            self._held = os.dup(made.fileno())
        weakref.finalize(self, os.close, self._held)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return os.fstat(self._held).st_size

    @property
    def content(self) -> bytes:
        """All of it."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield it piece by piece."""
        at = 0
        while piece := os.pread(self._held, _PIECE, at):
            yield piece
            at += len(piece)
