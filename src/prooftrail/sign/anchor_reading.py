"""Reading an anchor: keys, and checkpoints one by one, in constant memory.

Guarantees: whatever the bytes, every record is reported once, either as a checkpoint
with its note or as damaged, with line and offset; after damage, reading goes on at
the next line that is an origin, or that follows signature lines. What is not there is
told apart: no directory (`read_anchor` gives None), no subdirectory
(`AnchorContents.log` gives None), no file, an empty file (`AnchoredLog.checkpoints`).

Does not guarantee that a record is genuine: no signature is checked here, and an
origin other than the subdirectory's is reported as it stands. A record cut off
after its first signature line reads as a note with one signature, which it is.

Source: design, "Checkpoints"; layout in `sign.anchor`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO

from prooftrail.core.checkpoint import Checkpoint, parse_checkpoint
from prooftrail.core.note import MAX_NOTE_BYTES, SignedNote, parse_note
from prooftrail.core.origin import parse_origin, parse_place
from prooftrail.core.vkey import VerificationKey, parse_vkey
from prooftrail.errors import AnchorError, FormatError
from prooftrail.sign.anchor import (
    CHECKPOINTS_FILE,
    KEYS_FILE,
    LAST_LINE_OF_NOTE,
    TORN,
    is_torn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINE_BYTES = 65536  # read at once; a longer line comes in pieces and is damage
_ORIGIN_BYTES = 300  # no origin line is longer
_NOTE_BYTES = 1_024  # ours have some 400
_KEYS_BYTES = 1_000_000  # ours are some hundred bytes a key


@dataclass(frozen=True, slots=True)
class AnchoredNote:
    """A record that reads well."""

    line: int  # where it starts in the file, from 1
    offset: int  # the same in bytes, from 0
    note: SignedNote
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record, or a line of keys, that does not read: no evidence of anything."""

    line: int  # where it starts, from 1
    offset: int  # the same in bytes, from 0
    reason: str
    torn: bool  # a write that was cut off explains it, so it is no sign of tampering


class FileState(Enum):
    """What is known of a file before it is read."""

    MISSING = "missing"
    EMPTY = "empty"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class AnchoredLog:
    """The subdirectory of one log."""

    stream_id: bytes
    incarnation: int
    directory: Path
    keys_file: FileState
    keys: tuple[VerificationKey, ...]
    damaged_keys: tuple[Damaged, ...]
    checkpoints: FileState

    def records(self, newest: int | None = None) -> Iterator[AnchoredNote | Damaged]:
        """Read the checkpoints, oldest first; none when the file is not there.

        Args:
            newest: read the file's end only, about so many; lines and offsets then
                count from where reading began, and what that cut is left out.

        Raises:
            AnchorError: the file cannot be read.
        """
        if self.checkpoints is not FileState.PRESENT:
            return
        path = self.directory / CHECKPOINTS_FILE
        try:
            with path.open("rb") as file:
                yield from read_notes(file) if newest is None else _end(file, newest)
        except OSError as error:
            raise _unreadable(path, error) from error


@dataclass(frozen=True, slots=True)
class AnchorContents:
    """An anchor directory."""

    logs: tuple[AnchoredLog, ...]  # by stream id, then incarnation
    other_names: tuple[str, ...]  # what does not belong there, and is not read

    def log(self, stream_id: bytes, incarnation: int) -> AnchoredLog | None:
        """Return the subdirectory of one log, if there is one."""
        for found in self.logs:
            if (found.stream_id, found.incarnation) == (stream_id, incarnation):
                return found
        return None


def read_anchor(directory: Path) -> AnchorContents | None:
    """List an anchor directory and read its keys.

    Returns:
        None when there is no such directory.

    Raises:
        AnchorError: something in it cannot be read.
    """
    logs = []
    others = []
    try:
        names = sorted(place.name for place in directory.iterdir())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(directory, error) from error
    for name in names:
        try:
            stream_id, incarnation = parse_place(name)
        except FormatError:
            others.append(name)
            continue
        logs.append(_log(directory / name, stream_id, incarnation))
    logs.sort(key=lambda log: (log.stream_id, log.incarnation))
    return AnchorContents(tuple(logs), tuple(others))


def read_notes(file: BinaryIO) -> Iterator[AnchoredNote | Damaged]:
    """Read concatenated signed notes from a file opened for bytes."""
    record = bytearray()
    start_line = line = 1
    start = offset = 0
    fresh = True  # at the start of a line, not within a very long one
    signed = False  # the line before was a signature line
    while piece := file.readline(_LINE_BYTES):
        if fresh:
            signs = piece.startswith(LAST_LINE_OF_NOTE)
            if record and ((signed and not signs) or _is_origin(piece)):
                yield _read_record(bytes(record), start_line, start, at_end=False)
                record.clear()
                start_line, start = line, offset
            signed = signs
        # One byte over the bound is enough to refuse it; the rest is passed over.
        record += piece[: MAX_NOTE_BYTES + 1 - len(record)]
        offset += len(piece)
        fresh = piece.endswith(b"\n")
        line += fresh
    if record:
        yield _read_record(bytes(record), start_line, start, at_end=True)


def _end(file: BinaryIO, newest: int) -> Iterator[AnchoredNote | Damaged]:
    """Read about so many notes at a file's end."""
    size = file.seek(0, os.SEEK_END)
    start = max(size - newest * _NOTE_BYTES, 0)
    file.seek(start)
    notes = read_notes(file)
    if start:
        next(notes, None)  # what is left of one that was cut: it may look like another
    yield from notes


def _is_origin(line: bytes) -> bool:
    if len(line) > _ORIGIN_BYTES or not line.endswith(b"\n"):
        return False
    try:
        parse_origin(line[:-1].decode("ascii"))
    except (FormatError, UnicodeError):
        return False
    return True


def _read_record(
    record: bytes, line: int, offset: int, *, at_end: bool
) -> AnchoredNote | Damaged:
    try:
        note = parse_note(record)
        return AnchoredNote(line, offset, note, parse_checkpoint(note.text))
    except FormatError as error:
        cut_off = at_end and is_torn(record, LAST_LINE_OF_NOTE)
        torn = cut_off or record.endswith(TORN)
        return Damaged(line, offset, str(error), torn)


def _log(place: Path, stream_id: bytes, incarnation: int) -> AnchoredLog:
    try:
        keys_file = _state(place / KEYS_FILE)
        checkpoints = _state(place / CHECKPOINTS_FILE)
        keys, damaged = _read_keys(place / KEYS_FILE, keys_file)
    except OSError as error:
        raise _unreadable(place, error) from error
    return AnchoredLog(
        stream_id, incarnation, place, keys_file, keys, damaged, checkpoints
    )


def _read_keys(
    path: Path, state: FileState
) -> tuple[tuple[VerificationKey, ...], tuple[Damaged, ...]]:
    keys: list[VerificationKey] = []
    damaged: list[Damaged] = []
    if state is not FileState.PRESENT:
        return (), ()
    with path.open("rb") as file:
        data = file.read(_KEYS_BYTES + 1)
    if len(data) > _KEYS_BYTES:
        reason = f"more than {_KEYS_BYTES} bytes: this is not a file of keys"
        return (), (Damaged(1, 0, reason, torn=False),)
    offset = 0
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), 1):
        whole = offset + len(line) < len(data)  # its newline is there
        try:
            key = parse_vkey(line.decode())
        except (FormatError, UnicodeError) as error:
            torn = not whole or line.endswith(TORN[:-1])
            damaged.append(Damaged(number, offset, str(error), torn))
        else:
            # Without its newline the key is complete all the same: its id fits.
            keys.append(key)
        offset += len(line) + 1
    return tuple(keys), tuple(damaged)


def _state(path: Path) -> FileState:
    try:
        return FileState.PRESENT if path.stat().st_size else FileState.EMPTY
    except FileNotFoundError:
        return FileState.MISSING


def _unreadable(path: Path, error: OSError) -> AnchorError:
    return AnchorError(
        f"anchor {path} cannot be read: {error.strerror or error}. Check that it is "
        "mounted and that this user may read it"
    )
