"""The published epoch keys, read from the file that the keeper writes.

Guarantees: the file is looked at once a second at most, and read again when it changed;
one that is missing or damaged leaves what was read before, whose keys end with their
time. Nothing is asked of the database, where an application may INSERT and no more.

Safe to be shared by threads.

Source: docs/adr/0014.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prooftrail.core import epochs
from prooftrail.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path

    from prooftrail.core.epochs import Published

VARIABLE = "PROOFTRAIL_EPOCH_KEYS"
LOOK_AGAIN = 1.0  # seconds


class PublishedFile:
    """The file's present content; call it to have that.

    Args:
        path: of the file; it may come to be later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._published: Published | None = None
        self._due = 0.0

    def __call__(self) -> Published | None:
        """Return what is published; None while no file could be read yet."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + LOOK_AGAIN
            self._look()
        return self._published

    def _look(self) -> None:
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen == self._seen or status.st_size > epochs.MAX_FILE:
                return
            self._published = epochs.read(self._path.read_bytes())
            self._seen = seen
        except (OSError, FormatError):
            return  # what was read before holds; without any, the policy for it does
