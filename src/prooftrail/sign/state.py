"""What the signer itself remembers of each log: its own word against the database's.

    DIR/<stream id hex>-<incarnation>.json     {"format", "state", "checksum"}
    DIR/lock                                   held by the signer that runs

The checksum is the SHA-256 of the state as JSON with sorted keys and no spaces: it
tells bit rot and torn files, and is no protection against whoever can write here. The
directory therefore lies where the database's administrators cannot reach it.

Guarantees: a save is atomic and fsynced, files have mode 0600; a log's size only ever
grows; a damaged file is an error and never taken for a missing one; two signers never
hold one directory. Does not guarantee that the directory is the one used last time (a
missing state reads as None, and the caller decides), nor that times grow: a clock set
back is the caller's matter.

Source: design, "Checkpoints"; flock(2). Over NFS, Linux keeps flock by POSIX locks.
"""

from __future__ import annotations

import fcntl
import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

import msgspec

from prooftrail.core.entry import HASH_BYTES
from prooftrail.core.merkle import Range
from prooftrail.core.note import MAX_TIME_S
from prooftrail.errors import ConfigurationError, FormatError, SignError
from prooftrail.signing.durable import replace_file, sync_directory

if TYPE_CHECKING:
    from pathlib import Path

    from prooftrail.core.origin import Origin

FORMAT: Final = "prooftrail/v1/signer-state"
_FILE_MODE = 0o600
_DIRECTORY_MODE = 0o700
_FILE_BYTES = 65536
_PID_BYTES = 20
LOCK_FILE = "lock"


@dataclass(frozen=True, slots=True)
class SignerState:
    """The newest checkpoint signed for one log, and how to go on from it."""

    origin: str
    size: int  # leaves signed, 0 to 2^63 - 1
    last_leaf: bytes | None  # 32 bytes, the leaf at size - 1; None when size is 0
    peaks: tuple[bytes, ...]  # compact range of the leaves, 32 bytes each
    time_s: int  # stated by the newest note, seconds since the epoch

    def __post_init__(self) -> None:
        self.range()
        if (self.last_leaf is None) != (self.size == 0):
            raise FormatError("there is a last leaf exactly when the log has leaves")
        if self.last_leaf is not None and len(self.last_leaf) != HASH_BYTES:
            raise FormatError(f"a leaf has {HASH_BYTES} bytes")
        if not 0 <= self.time_s <= MAX_TIME_S:
            raise FormatError(f"{self.time_s} is not a time")

    @property
    def root(self) -> bytes:
        """The root that was signed, 32 bytes; the peaks determine it."""
        return self.range().root()

    def range(self) -> Range:
        """Return the compact range, to be grown by the leaves from `size` on."""
        return Range(self.size, self.peaks)


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The state as the file spells it: hashes in hex, the root beside the peaks."""

    origin: str
    size: int
    root: str
    last_leaf: str | None
    peaks: list[str]
    time_s: int


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    state: _Stored
    checksum: str


def read_state(directory: Path, origin: Origin) -> SignerState | None:
    """Read a log's state, lock or not (for reports; the signer uses `SignerStates`).

    Returns:
        None when there is none.

    Raises:
        SignError: the file is damaged, of another log, or cannot be read.
    """
    path = _path(directory, origin)
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SignError(
            f"signer state {path} cannot be read: {error.strerror}. Run the signer "
            "as the user who owns it"
        ) from error
    try:
        state = _decode(data)
    except (msgspec.MsgspecError, FormatError, ValueError) as error:
        raise SignError(
            f"signer state {path} is damaged ({error}): nothing is signed. Restore it "
            "from a backup, or verify the log against an anchor and then move the "
            "file away, so that the signer starts from the log"
        ) from error
    if state.origin != origin.text():
        raise SignError(
            f"signer state {path} is of {state.origin!r} and not of {origin.text()!r}: "
            "nothing is signed. Give the signer the directory, or the origin base, "
            "that it had before"
        )
    return state


class SignerStates:
    """The state directory, held by one signer from `open` to `close`."""

    def __init__(self, directory: Path, lock: int) -> None:
        """Take over an open, locked file; callers use `open`."""
        self.directory = directory
        self._lock: int | None = lock
        self._newest: dict[str, SignerState] = {}

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Make the directory if need be, and hold it.

        Raises:
            SignError: another signer holds it.
            ConfigurationError: it cannot be used, or others can write to it.
        """
        try:
            directory.mkdir(_DIRECTORY_MODE, parents=True, exist_ok=True)
            sync_directory(directory.parent)
            mode = stat.S_IMODE(directory.stat().st_mode)
            lock = _hold(directory / LOCK_FILE)
        except OSError as error:
            raise ConfigurationError(
                f"signer state directory {directory} cannot be used: "
                f"{error.strerror}. Name one that the signer's user owns"
            ) from error
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            os.close(lock)
            raise ConfigurationError(
                f"signer state directory {directory} has mode {mode:04o}, so that "
                f"others can change it: run `chmod go-w {directory}`"
            )
        return cls(directory, lock)

    def close(self) -> None:
        """Let another signer have the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self, origin: Origin) -> SignerState | None:
        """Read a log's state; None when there is none.

        Raises:
            SignError: as `read_state`, or the directory is not held any more.
        """
        self._check_held()
        state = read_state(self.directory, origin)
        if state:
            self._newest[state.origin] = state
        return state

    def save(self, origin: Origin, state: SignerState) -> None:
        """Write a log's state; it is durable when this returns.

        Raises:
            SignError: it does not follow what was stored, or cannot be written.
        """
        self._check_held()
        if state.origin != origin.text():
            raise SignError(f"{state.origin!r} is not the state of {origin.text()!r}")
        before = self._newest.get(state.origin) or self.load(origin)
        if before and not _follows(before, state):
            raise SignError(
                f"the state of {state.origin!r} was at size {before.size} and cannot "
                f"become one of size {state.size}: a signer never goes back. Verify "
                "the log against an anchor"
            )
        path = _path(self.directory, origin)
        try:
            replace_file(path, _encode(state), _FILE_MODE)
        except OSError as error:
            raise SignError(
                f"signer state {path} cannot be written: {error.strerror}. Nothing "
                "is signed until it can; check the disk"
            ) from error
        self._newest[state.origin] = state

    def _check_held(self) -> None:
        if self._lock is None:
            raise SignError(f"signer state directory {self.directory} is closed")


def _path(directory: Path, origin: Origin) -> Path:
    return directory / f"{origin.place()}.json"


def _follows(before: SignerState, after: SignerState) -> bool:
    return after.size > before.size or (
        after.size == before.size
        and after.peaks == before.peaks
        and after.last_leaf == before.last_leaf
    )


def _hold(path: Path) -> int:
    """Return the locked file; the kernel lets go of it when the process ends."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(path, flags, _FILE_MODE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError as error:
        pid = os.pread(fd, _PID_BYTES, 0).decode("ascii", "replace").strip()
        os.close(fd)
        raise SignError(
            f"another signer (process {pid or 'unknown'}) holds {path.parent}: stop "
            "it, or give this one a state directory of its own and other logs to sign"
        ) from error
    except OSError:
        os.close(fd)
        raise
    return fd


def _encode(state: SignerState) -> bytes:
    stored = _Stored(
        origin=state.origin,
        size=state.size,
        root=state.root.hex(),
        last_leaf=None if state.last_leaf is None else state.last_leaf.hex(),
        peaks=[peak.hex() for peak in state.peaks],
        time_s=state.time_s,
    )
    file = msgspec.json.encode(_File(FORMAT, stored, _checksum(stored)))
    return msgspec.json.format(file, indent=2) + b"\n"


def _decode(data: bytes) -> SignerState:
    file = msgspec.json.decode(data, type=_File)
    stored = file.state
    if file.format != FORMAT:
        raise FormatError(f"its format is {file.format[:60]!r}")
    if file.checksum != _checksum(stored):
        raise FormatError("its checksum does not fit")
    last_leaf = None if stored.last_leaf is None else bytes.fromhex(stored.last_leaf)
    state = SignerState(
        stored.origin,
        stored.size,
        last_leaf,
        tuple(bytes.fromhex(peak) for peak in stored.peaks),
        stored.time_s,
    )
    if state.root.hex() != stored.root:
        raise FormatError("its root is not that of its peaks")
    return state


def _checksum(stored: _Stored) -> str:
    return sha256(msgspec.json.encode(stored, order="sorted")).hexdigest()
