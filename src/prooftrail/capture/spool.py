"""The spool: events on the local disk, encrypted, while the database is away.

Guarantees: what `append` took is fsynced, and comes out of `first` in the order in
which it went in, until `replayed` is told; it outlives kill -9, after which another
process that uses the directory goes on with it. All files of the directory together
stay below a limit. Two processes never write or replay one file. Events' text is
nowhere on the disk in plain.

Does not: replicate, and so survive the disk; hide from whoever reads both the directory
and its key (`spool_key`), nor how many events there were and how long. Forks have a
spool of their own, in the same directory.

Used by one thread, the recorder's writer thread; `waiting` may be read by any.
Source: docs/adr/0015.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from prooftrail.capture import spool_key
from prooftrail.capture.spool_file import SUFFIX, SpoolFile
from prooftrail.core import ids
from prooftrail.errors import ConfigurationError
from prooftrail.signing.durable import sync_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prooftrail.capture.spool_format import Frame, Record

DIRECTORY = "PROOFTRAIL_SPOOL_DIR"
KEY_FILE = "PROOFTRAIL_SPOOL_KEY_FILE"
BYTES = "PROOFTRAIL_SPOOL_BYTES"
MAX_BYTES = 256 * 1024 * 1024
_FILE_BYTES = 8 * 1024 * 1024  # then another is begun, so that replayed ones go
_KEY = "key"
_MODE = 0o700

_log = logging.getLogger("prooftrail")


class Held(NamedTuple):
    """A record of the spool, and where it is."""

    file: SpoolFile
    frame: Frame
    record: Record


class Spool:
    """A directory of spooled events, as one process uses it.

    Args:
        directory: made with mode 0700 if it is not there.
        clock: microseconds since the epoch; names files, so that older ones go first.
        random: gives n random bytes.
        key_file: by default `key` in the directory; made if it is not there.
        max_bytes: of all files in the directory.

    Raises:
        ConfigurationError: the directory or the key cannot be used.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        key_file: Path | str | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.directory = Path(directory)
        self._clock = clock
        self._random = random
        self._max_bytes = max_bytes
        _make_private(self.directory)
        where = key_place(self.directory, key_file)
        self._key = spool_key.load_or_make(where, random)
        self._begin()

    def _begin(self) -> None:
        self._files: list[SpoolFile] = []  # in the order in which they are replayed
        self._held: list[SpoolFile] = []  # all that are open
        self._done: set[str] = set()  # files that are not to be taken up again
        self._full = False
        self._named_us = 0
        self.waiting = 0  # records
        self.lost = 0  # records that could not be read, since last asked

    def append(self, records: Sequence[Record]) -> int:
        """Write records to the disk; return how many of them, from the first on.

        Fewer than all when the spool is full or the disk fails, which is told.
        """
        try:
            taken = self._as_many_as_fit(records)
            if not taken:
                return 0
            file = self._open_file()
        except OSError as error:
            self._tell_full(f"its disk fails ({error.strerror})")
            return 0
        try:
            file.append(records[:taken], self._random)
        except OSError as error:
            self._tell_full(f"its disk fails ({error.strerror})")
            if not file.frames:
                self._forget(file, 0)
            return 0
        self.waiting += taken
        if taken == len(records):
            self._full = False
        return taken

    def first(self, rows: int, size: int) -> list[Held]:
        """Return what is to be replayed next, about so many rows and bytes at most.

        What is damaged is kept aside, told, and counted in `lost`.
        """
        while self._files:
            file = self._files[0]
            found: list[Held] = []
            for frame in file.frames:
                if rows <= 0 or size <= 0:
                    break
                record = file.read(frame)
                if record is None:
                    break
                found.append(Held(file, frame, record))
                rows -= len(record.rows)
                size -= frame.end - frame.start
            if found:
                return found
            self._set_aside(file, file.frames[0], "damaged")
        return []

    def replayed(self, held: Sequence[Held]) -> None:
        """Note that what `first` returned is in the database."""
        if held:
            self._forget(held[0].file, len(held))

    def refuse(self, held: Held) -> None:
        """Take the first record out, which the database will never take."""
        self._set_aside(held.file, held.frame, "refused")

    def adopt(self) -> None:
        """Take over what processes that are dead have left."""
        try:
            self._adopt_all()
        except OSError as error:
            self._tell_full(f"its directory cannot be read ({error.strerror})")
        self._files.sort(key=lambda file: file.path.name)

    def _adopt_all(self) -> None:
        own = {file.path.name for file in self._files}
        for path in sorted(self.directory.glob(f"*{SUFFIX}")):
            if path.name not in own and path.name not in self._done:
                self._adopt(path)
        for done in self.directory.glob("*.done"):
            if not done.with_suffix(SUFFIX).exists():
                done.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of all files; what is in them stays there."""
        for file in self._held:
            file.let_go()
        self._begin()

    def start_over(self) -> None:
        """Leave all files to the parent process; begin anew in a fork.

        Closing them here leaves its locks alone: these end with the last descriptor.
        """
        self.close()

    def _set_aside(
        self, file: SpoolFile, frame: Frame, why: Literal["damaged", "refused"]
    ) -> None:
        file.keep_aside(frame.start, frame.end, why)
        _log.error("a record of the spool %s is %s: it is kept aside", file.path, why)
        self.lost += 1
        self._forget(file, 1)

    def _forget(self, file: SpoolFile, count: int) -> None:
        """Take the first records out of a file, and the file when it has no more."""
        self.waiting -= count
        self._full = False
        try:
            file.replayed(count)
            if not file.frames:
                self._files.remove(file)
                self._held.remove(file)
                self._done.add(file.path.name)
                file.remove()
        except OSError as error:
            # the sealer drops what comes twice
            _log.warning(
                "%s: what is replayed cannot be noted (%s) and may be replayed again",
                file.path,
                error.strerror,
            )

    def _adopt(self, path: Path) -> None:
        try:
            file = SpoolFile.adopt(path, self._key, self._held.append)
        except (OSError, LookupError) as error:
            why = getattr(error, "strerror", None) or "written with another key"
            _log.error("%s cannot be replayed (%s): it is left as it is", path, why)
            self._done.add(path.name)
            file = None
        if file is None:
            self._let_go(path)
            return
        for told in file.told:
            _log.warning("%s: %s", path, told)
        self.lost += file.lost
        self.waiting += len(file.frames)
        self._files.append(file)
        if not file.frames:
            self._forget(file, 0)

    def _let_go(self, path: Path) -> None:
        for file in [file for file in self._held if file.path == path]:
            self._held.remove(file)
            file.let_go()

    def _open_file(self) -> SpoolFile:
        last = self._files[-1] if self._files else None
        if last is not None and last.takes_more and last.size < _FILE_BYTES:
            return last
        while True:
            # a clock that was set back must not put a file before an older one
            self._named_us = max(self._clock(), self._named_us + 1_000)
            name = ids.uuid7(self._named_us, self._random(8))
            path = self.directory / f"{name}{SUFFIX}"
            made = None
            try:
                made = SpoolFile.make(path, self._key, self._held.append)
            finally:
                if made is None:
                    self._let_go(path)
            if made is not None:
                self._files.append(made)
                return made

    def _as_many_as_fit(self, records: Sequence[Record]) -> int:
        room = self._max_bytes - _used(self.directory)
        for count, record in enumerate(records):
            # a frame is a little longer than its text
            room -= 256 + sum(
                len(row.stream) + len(row.event.encode()) + len(row.envelope or b"")
                for row in record.rows
            )
            if room < 0:
                self._tell_full(f"it holds {self._max_bytes} bytes at most")
                return count
        return len(records)

    def _tell_full(self, why: str) -> None:
        if not self._full:
            _log.error("the spool %s takes no more events: %s", self.directory, why)
        self._full = True


def key_place(directory: Path, key_file: Path | str | None) -> Path:
    """Return where the key of a spool is."""
    return directory / _KEY if key_file is None else Path(key_file)


def from_environment(
    env: Mapping[str, str],
    *,
    clock: Callable[[], int],
    random: Callable[[int], bytes],
) -> Spool | None:
    """Return the spool that the environment names, if it names one.

    Raises:
        ConfigurationError: as `Spool`, or its size is no number.
    """
    directory = env.get(DIRECTORY)
    if not directory:
        return None
    size = env.get(BYTES) or str(MAX_BYTES)
    if not (size.isascii() and size.isdigit()):
        raise ConfigurationError(f"{BYTES} is not a number of bytes: write one")
    return Spool(
        directory,
        clock=clock,
        random=random,
        key_file=env.get(KEY_FILE) or None,
        max_bytes=int(size),
    )


def _used(directory: Path) -> int:
    total = 0
    with os.scandir(directory) as entries:
        for entry in entries:
            try:
                total += entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue  # replayed just now
    return total


def _make_private(directory: Path) -> None:
    try:
        if not directory.is_dir():
            directory.mkdir(_MODE, parents=True, exist_ok=True)
            sync_directory(directory.parent)
        status = directory.stat()
    except OSError as error:
        raise ConfigurationError(
            f"the spool's directory {directory} cannot be used: {error.strerror}. Name "
            f"one that belongs to the user whom the application runs as ({DIRECTORY})"
        ) from error
    mode = stat.S_IMODE(status.st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(
            f"the spool's directory {directory} has mode {mode:04o}, so that others "
            f"get at it: run `chmod 700 {directory}`, or name one of its own"
        )
