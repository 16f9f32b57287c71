"""Anchors: copies of checkpoints where the database's administrators cannot reach.

    DIR/<stream id hex>-<incarnation>/keys          vkeys, one a line
    DIR/<stream id hex>-<incarnation>/checkpoints   signed notes, one after another

Both files only grow. A record that a crash cut off is closed with ``!torn`` and a
newline before anything follows it; no line of a note ends so, whatever was cut off,
and a mark that is itself cut off is closed again.

Guarantees: when `append_all` returns, keys and notes are on the disk; the keys were
there before the notes; they went out in one write to a file opened for appending. A
missing DIR is refused and never made: it would be the local disk under a share that
is not mounted. Does not guarantee that the place keeps what it got: that is what the
place was chosen for. Reading is in `sign.anchor_reading`.

Source: design, "Checkpoints"; C2SP signed-note.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prooftrail.core.checkpoint import parse_checkpoint
from prooftrail.core.note import SIGNATURE_MARK, parse_note
from prooftrail.errors import AnchorError, FormatError
from prooftrail.signing.durable import sync_directory, write_once

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prooftrail.core.origin import Origin
    from prooftrail.core.vkey import VerificationKey

KEYS_FILE = "keys"
CHECKPOINTS_FILE = "checkpoints"
TORN = b"!torn\n"
LAST_LINE_OF_NOTE = SIGNATURE_MARK.encode()
_TAIL_BYTES = 65536  # holds any note that is appended, so its last line as well
_DIRECTORY_MODE = 0o755
_FILE_MODE = 0o644  # an auditor reads it; nothing in it is secret


class Anchor:
    """A directory that takes checkpoints; one signer at a time writes to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def check(self) -> None:
        """Make sure, before work starts, that the directory is there and writable.

        Raises:
            AnchorError: it is not.
        """
        if not self.directory.is_dir():
            raise _missing(self.directory)
        if not os.access(self.directory, os.W_OK | os.X_OK):
            raise AnchorError(
                f"anchor {self.directory} cannot be written: give the signer's user "
                "the right to write there"
            )

    def append_all(
        self, origin: Origin, notes: Iterable[str], keys: Iterable[VerificationKey]
    ) -> None:
        """Add signed checkpoints in this order, in one write; durable on return.

        Args:
            origin: of the log that the notes speak of.
            notes: whole signed notes.
            keys: what verifies them; those not yet in the file are added.

        Raises:
            AnchorError: the directory is missing or cannot be written. A part of the
                notes may then be there, the last of them in part, which the next
                append closes off: append again once the cause is gone.
            FormatError: not a signed checkpoint of this log; nothing was written.
        """
        records = b"".join(_checked(origin, note) for note in notes)
        if not self.directory.is_dir():
            raise _missing(self.directory)
        place = self.directory / origin.place()
        try:
            place.mkdir(_DIRECTORY_MODE, exist_ok=True)
            _append_keys(place / KEYS_FILE, [key.format().encode() for key in keys])
            _append(place / CHECKPOINTS_FILE, records, LAST_LINE_OF_NOTE)
        except OSError as error:
            raise AnchorError(
                f"anchor {place} cannot be written: {error.strerror or error}. Check "
                "that it is mounted, has room, and lets the signer's user write; "
                "until then checkpoints do not reach it"
            ) from error


def is_torn(tail: bytes, last_line: bytes) -> bool:
    """Say whether a file that ends with these bytes was cut off, and not yet closed.

    Args:
        tail: the end of the file, from before its last line.
        last_line: how the last line of a whole record begins.
    """
    if not tail or tail.endswith(TORN):
        return False
    if not tail.endswith(b"\n"):
        return True
    return not tail[tail.rfind(b"\n", 0, -1) + 1 :].startswith(last_line)


def _checked(origin: Origin, note: str) -> bytes:
    stated = parse_checkpoint(parse_note(note).text).origin
    record = note.encode()
    if stated != origin.text():
        raise FormatError(
            f"a checkpoint of {stated[:80]!r} does not belong into the anchor of "
            f"{origin.text()!r}"
        )
    if len(record) >= _TAIL_BYTES:
        raise FormatError(f"an anchored note has less than {_TAIL_BYTES} bytes")
    return record


def _append_keys(path: Path, keys: Iterable[bytes]) -> None:
    # A last line without its newline does not count: it is cut off.
    there = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    if missing := [key + b"\n" for key in keys if key not in there]:
        _append(path, b"".join(missing), b"")


def _append(path: Path, record: bytes, last_line: bytes) -> None:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(path, flags, _FILE_MODE)
    try:
        size = os.fstat(fd).st_size
        tail = os.pread(fd, _TAIL_BYTES, max(size - _TAIL_BYTES, 0))
        write_once(fd, TORN + record if is_torn(tail, last_line) else record)
    finally:
        os.close(fd)
    if not size:
        sync_directory(path.parent)
        sync_directory(path.parent.parent)


def _missing(directory: Path) -> AnchorError:
    return AnchorError(
        f"anchor directory {directory} does not exist: mount it, or make it once with "
        "`mkdir`; it is never made by itself, lest checkpoints go to a local disk "
        "where a share should be"
    )
