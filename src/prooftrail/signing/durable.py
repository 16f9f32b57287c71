"""Writes that survive a crash of the program or the machine.

Guarantees: when one of these functions returns, what it wrote is on the disk under
its name, as far as the file system tells the truth about fsync. `replace_file` leaves
either the old content or the new one, never a mixture. All raise OSError and nothing
else: the caller knows what to tell people.

Does not guarantee anything on a file system that lies about fsync; one that cannot
sync a directory (some network shares) is taken as it is.

Source: POSIX fsync(2), rename(2), open(2) with O_APPEND.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)


def sync_directory(path: Path) -> None:
    """Make the directory's entries (files made, renamed) durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        # CIFS and some FUSE file systems have no such call; they write entries at
        # once, so there is nothing to wait for.
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(fd)


def write_once(fd: int, data: bytes) -> None:
    """Hand all bytes over in one write, then fsync.

    Raises:
        OSError: also when only a part was written (a full disk).
    """
    written = os.write(fd, data)
    if written != len(data):
        raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes were written")
    os.fsync(fd)


def create_file(path: Path, data: bytes, mode: int) -> None:
    """Make a new file with this content; never write over another.

    Raises:
        OSError: FileExistsError when the name is taken, even by a dangling link.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    fd = os.open(path, flags, mode)
    try:
        write_once(fd, data)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    sync_directory(path.parent)


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Put new content in the place of old, at once.

    One writer at a time: the caller holds a lock.
    """
    passing = path.with_name(path.name + ".new")
    passing.unlink(missing_ok=True)
    create_file(passing, data, mode)
    passing.replace(path)
    sync_directory(path.parent)
