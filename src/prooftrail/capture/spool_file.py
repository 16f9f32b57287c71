"""One file of the spool, held by one process: made, appended to, read, removed.

    DIR/<file id>.spool        records, encrypted            spool_format
    DIR/<file id>.done         how far they are replayed
    DIR/<file id>-<n>.damaged  what stood at byte n and could not be read
    DIR/<file id>-<n>.refused  the record at byte n, which the database does not take

Guarantees: what `append` returned from is on the disk. A file is held by flock while
its process lives, and by no fork of it. A progress that is lost or damaged means
that records are replayed again, never that one is left out. Files have mode 0600.

Does not: decide what is written or when; not safe to be shared by threads.

Source: flock(2), of open file descriptions, which forks share; POSIX fsync(2).
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from prooftrail.capture.spool_format import START, FileKeys, Frame, pack_into
from prooftrail.signing.durable import replace_file, sync_directory, write_once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prooftrail.capture.spool_format import Record, Scan

MODE = 0o600
SUFFIX = ".spool"
_PROGRESS_BYTES = 40
_NO_FOLLOW = os.O_CLOEXEC | os.O_NOFOLLOW

# A fork between opening a file and noting its descriptor would keep the file locked
# in a child that knows nothing of it.
_opening = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_opening.acquire,
        after_in_parent=_opening.release,
        after_in_child=_opening.release,
    )


class SpoolFile:
    """A file that this process holds."""

    def __init__(self, path: Path, fd: int, keys: FileKeys) -> None:
        """Take over an open, locked file; callers use `make` and `adopt`."""
        self.path = path
        self._fd = fd
        self._keys = keys
        self.frames: deque[Frame] = deque()  # what is to be replayed
        self.size = START  # bytes, as far as records are whole
        self._next = 0  # index of the next record
        self.takes_more = True
        self._stays = False
        self.lost = 0  # records that are not to be read any more; known once adopted
        self.told: list[str] = []  # what adopting it found

    @classmethod
    def make(
        cls, path: Path, key: bytes, held: Callable[[SpoolFile], None]
    ) -> SpoolFile | None:
        """Make a file; None if another process took it for an orphan meanwhile.

        Args:
            path: its name is its id.
            key: the spool's.
            held: notes it where a fork finds it.

        Raises:
            OSError: it cannot be made.
        """
        keys = FileKeys(key, _id_of(path))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | _NO_FOLLOW
        with _opening:
            fd = os.open(path, flags, MODE)
            made = cls(path, fd, keys)
            held(made)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_nlink == 0:
                return None
            write_once(fd, keys.opening)
            sync_directory(path.parent)
        except BlockingIOError:
            return None
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return made

    @classmethod
    def adopt(
        cls, path: Path, key: bytes, held: Callable[[SpoolFile], None]
    ) -> SpoolFile | None:
        """Take a file whose process is dead; None if it lives, or the file is gone.

        `takes_more` is False then. What was damaged is kept beside it.

        Raises:
            OSError: it cannot be read.
            LookupError: it was written with another key, or nothing of it is left.
        """
        with _opening:
            try:
                fd = os.open(path, os.O_RDWR | _NO_FOLLOW)
            except FileNotFoundError:
                return None
            found = cls(path, fd, FileKeys(key, _id_of(path)))
            held(found)
        found.takes_more = False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        if os.fstat(fd).st_nlink == 0:  # replayed by another between open and lock
            return None
        found._read_all()
        return found

    def append(self, records: Sequence[Record], random: Callable[[int], bytes]) -> None:
        """Write records; they are on the disk when this returns.

        Raises:
            OSError: none of them is kept, and the file takes no more.
        """
        packed = pack_into(self._keys, records, self._next, random)
        try:
            write_once(self._fd, b"".join(packed))
        except OSError:
            # what an fsync that failed left of a file is not to be relied on
            self.takes_more = False
            os.ftruncate(self._fd, self.size)
            raise
        for frame in packed:
            end = self.size + len(frame)
            self.frames.append(Frame(self._next, self.size, end))
            self.size = end
            self._next += 1

    def read(self, frame: Frame) -> Record | None:
        """Return a record; None if it is damaged, or the disk does not give it."""
        try:
            data = self._bytes(frame.start, frame.end)
        except OSError:
            return None
        return self._keys.decode(data, frame.number)

    def replayed(self, count: int) -> None:
        """Note that the first records are in the database.

        Raises:
            OSError: that cannot be noted; they may be replayed again.
        """
        done = 0
        for _ in range(count):
            done = self.frames.popleft().number + 1
        if not self.frames:
            return  # about to be removed
        flags = os.O_WRONLY | os.O_CREAT | _NO_FOLLOW
        fd = os.open(self.path.with_suffix(".done"), flags, MODE)
        try:
            os.pwrite(fd, self._keys.progress(done), 0)
        finally:
            os.close(fd)

    def keep_aside(
        self, start: int, end: int, why: Literal["damaged", "refused"]
    ) -> None:
        """Keep bytes of this file, as they are, in a file of their own.

        Where that cannot be, this file itself stays when it is replayed.
        """
        name = f"{self.path.stem}-{start}.{why}"
        try:
            replace_file(self.path.with_name(name), self._bytes(start, end), MODE)
        except OSError:
            self._stays = True

    def remove(self) -> None:
        """Remove it and its progress, in this order: progress alone is harmless.

        Raises:
            OSError: it cannot be removed, and may be replayed again.
        """
        try:
            if not self._stays:
                self.path.unlink(missing_ok=True)
                self.path.with_suffix(".done").unlink(missing_ok=True)
                sync_directory(self.path.parent)
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Close it, so that another process may adopt it."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _bytes(self, start: int, end: int) -> bytes:
        parts: list[bytes] = []
        while start < end:
            part = os.pread(self._fd, end - start, start)
            if not part:
                break
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def _read_all(self) -> None:
        data = self._bytes(0, os.fstat(self._fd).st_size)
        opening = self._keys.opening
        found = self._keys.scan(data)
        if not found.frames and not data.startswith(opening):
            if not opening.startswith(data):
                raise LookupError
            found.damaged = []
        done = self._progress()
        for start, end in found.damaged:
            self.keep_aside(start, end, "damaged")
        self.frames.extend(frame for frame in found.frames if frame.number >= done)
        self.size = len(data)
        self.lost = _lost(found, done)
        self._tell(found, len(data))

    def _tell(self, found: Scan, length: int) -> None:
        if found.end < length:
            self.told.append("the record that was being written is cut off")
        if found.damaged:
            self.told.append("what is damaged is kept in .damaged")
        if found.moved:
            self.told.append("records did not stand where they were written")

    def _progress(self) -> int:
        try:
            flags = os.O_RDONLY | _NO_FOLLOW
            fd = os.open(self.path.with_suffix(".done"), flags)
        except FileNotFoundError:
            return 0
        try:
            return self._keys.read_progress(os.read(fd, _PROGRESS_BYTES + 1))
        finally:
            os.close(fd)


def _lost(found: Scan, done: int) -> int:
    """Return how many records are known to be missing from what is to be replayed."""
    there = {frame.number for frame in found.frames}
    last = max(there, default=-1)
    gaps = sum(index not in there for index in range(done, last + 1))
    tail = max((frame.end for frame in found.frames), default=START)
    # behind the last whole record nothing says how many there were: one at least
    return gaps + any(start >= tail for start, _ in found.damaged)


def _id_of(path: Path) -> bytes:
    try:
        return UUID(path.stem).bytes
    except ValueError as error:
        raise OSError(errno.EINVAL, "its name is not that of a spool's file") from error
