"""Notes of an anchor, read, changed and signed by whoever can."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prooftrail.core.checkpoint import Checkpoint
from prooftrail.core.merkle import Range
from prooftrail.core.note import Signature, SignedNote, parse_note
from prooftrail.sign.anchor_reading import AnchoredNote, read_notes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prooftrail.signing.keys import MasterKey
    from tests.attacks.rig import Attacked


def place(attacked: Attacked, stream: str = "main") -> Path:
    return attacked.anchor / f"{attacked.streams[stream].stream_id.hex()}-1"


def notes(attacked: Attacked, stream: str = "main") -> list[str]:
    """Return an anchor's notes, one by one."""
    with (place(attacked, stream) / "checkpoints").open("rb") as file:
        return [
            record.note.encode()
            for record in read_notes(file)
            if isinstance(record, AnchoredNote)
        ]


def write(attacked: Attacked, *texts: str, stream: str = "main") -> None:
    (place(attacked, stream) / "checkpoints").write_text("".join(texts))


def peaks(attacked: Attacked, size: int, stream: str = "main") -> bytes:
    """Return what stands beside a checkpoint of this size."""
    held = Range()
    for row in attacked.forger(stream).rows()[: size - 1]:
        held.append(row.leaf)
    return b"".join(held.peaks)


def root(attacked: Attacked, size: int, stream: str = "main") -> bytes:
    held = Range()
    for row in attacked.forger(stream).rows()[:size]:
        held.append(row.leaf)
    return held.root()


def signed(
    attacked: Attacked,
    size: int,
    root_hash: bytes,
    *,
    master: MasterKey | None = None,
    time_s: int | None = None,
) -> str:
    keys = attacked.keys() if master is None else attacked.keys(master=master)
    stated = Checkpoint(keys.origin, size, root_hash)
    at = int(time.time()) if time_s is None else time_s
    return keys.sign_checkpoint(stated, time_s=at)


def changed(text: str, change: Callable[[SignedNote], SignedNote]) -> str:
    return change(parse_note(text)).encode()


def strip(note: SignedNote, index: int) -> SignedNote:
    kept = tuple(one for at, one in enumerate(note.signatures) if at != index)
    return SignedNote(note.text, kept)


def flip(note: SignedNote, index: int) -> SignedNote:
    lines = list(note.signatures)
    data = bytearray(lines[index].data)
    data[-1] ^= 1
    lines[index] = Signature(lines[index].name, lines[index].key_id, bytes(data))
    return SignedNote(note.text, tuple(lines))


def swap(note: SignedNote, other: SignedNote) -> SignedNote:
    return SignedNote(note.text, other.signatures)
