"""Looking at a spool from outside: how much there is, and whose it is.

Guarantees: takes nothing from anybody and changes nothing; says how many, never what.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from prooftrail.capture.spool_file import SUFFIX
from prooftrail.capture.spool_format import FileKeys

if TYPE_CHECKING:
    from pathlib import Path


class Seen(NamedTuple):
    """A file of a spool."""

    name: str
    size: int  # bytes
    waiting: int  # records that are not replayed
    held: bool  # by a process that lives
    damaged: bool  # in parts, or written with another key


@dataclass(slots=True)
class Survey:
    """A spool's directory."""

    files: list[Seen] = field(default_factory=list)  # by age, the oldest first
    kept_aside: list[str] = field(default_factory=list)  # names of files


def look(directory: Path, key: bytes) -> Survey:
    """Look at all files of a spool.

    Raises:
        OSError: it cannot be read.
    """
    found = Survey()
    for path in sorted(directory.iterdir()):
        if path.suffix in {".damaged", ".refused"}:
            found.kept_aside.append(path.name)
        elif path.suffix == SUFFIX:
            try:
                found.files.append(_seen(path, key))
            except FileNotFoundError:
                continue  # replayed just now
    return found


def _seen(path: Path, key: bytes) -> Seen:
    keys = FileKeys(key, UUID(path.stem).bytes)
    held = _is_held(path)
    data = path.read_bytes()
    note = path.with_suffix(".done")
    done = keys.read_progress(note.read_bytes()) if note.exists() else 0
    scan = keys.scan(data)
    waiting = sum(frame.number >= done for frame in scan.frames)
    return Seen(path.name, len(data), waiting, held, bool(scan.damaged))


def _is_held(path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        # shared, so that two who look do not take one another for the owner
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
