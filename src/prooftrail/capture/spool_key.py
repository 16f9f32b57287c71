"""The spool's key: 32 random bytes in a file of mode 0600, made when first used.

Guarantees: processes that begin at once agree on one key, which is never overwritten;
a file that others can read is refused.

Does not: keep events from whoever can read this file and the spool. It keeps them from
who gets at the spool alone: a backup, a volume's image, a disk that is replaced. Name a
place outside the spool's directory, where backups do not go.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from prooftrail.capture.spool_format import KEY_BYTES
from prooftrail.core.vkey import decode_base64, encode_base64
from prooftrail.errors import ConfigurationError, FormatError
from prooftrail.signing.durable import create_file, sync_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MODE = 0o600
_FILE_BYTES = 45  # base64 of 32 bytes, and a newline


def load_or_make(path: Path, random: Callable[[int], bytes]) -> bytes:
    """Return the key of a file, which is made if it is not there.

    Raises:
        ConfigurationError: it can be read by others, or not by us; or is no key.
    """
    try:
        if not path.exists():
            _make(path, random)
        return _load(path)
    except OSError as error:
        raise ConfigurationError(
            f"the spool's key {path} cannot be used: {error.strerror}. Its directory "
            "must exist, and belong to the user whom the application runs as"
        ) from error


def load(path: Path) -> bytes:
    """Return the key of a file that must be there.

    Raises:
        ConfigurationError: as `load_or_make`.
    """
    try:
        return _load(path)
    except OSError as error:
        raise ConfigurationError(
            f"the spool's key {path} cannot be read: {error.strerror}. Name the file "
            "that the application used (PROOFTRAIL_SPOOL_KEY_FILE)"
        ) from error


def _make(path: Path, random: Callable[[int], bytes]) -> None:
    # By way of another name, so that nobody ever reads half a key.
    passing = path.with_name(f"{path.name}.{os.getpid()}.{random(8).hex()}.new")
    create_file(passing, encode_base64(random(KEY_BYTES)).encode() + b"\n", _MODE)
    try:
        os.link(passing, path)
    except FileExistsError:
        return  # another process was first: its key is the one
    finally:
        passing.unlink()
        sync_directory(path.parent)


def _load(path: Path) -> bytes:
    # O_NONBLOCK: a pipe of that name must be refused, not waited for.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(fd)
        text = os.read(fd, _FILE_BYTES + 1) if stat.S_ISREG(status.st_mode) else b""
    finally:
        os.close(fd)
    mode = stat.S_IMODE(status.st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(
            f"the spool's key {path} has mode {mode:04o}, so that others can use it: "
            f"run `chmod 600 {path}`; if somebody may have read it, empty the spool "
            "(prooftrail spool replay), then remove the key, and another is made"
        )
    try:
        key = decode_base64(text.decode("ascii").removesuffix("\n"))
    except (FormatError, UnicodeError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            f"{path} is not a key of a spool (32 bytes in base64, one line) or is "
            "damaged: restore it; without it what is in the spool cannot be read"
        )
    return key
