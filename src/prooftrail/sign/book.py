"""What the signer holds of one log while it runs, and which notes it takes for its own.

Guarantees: `read_note` gives a checkpoint only if it is of this log and carries a valid
signature by this signer's own key of type 0x01; a signature line by a known key that
does not hold makes the note worthless, others count for nothing.

Does not: compare a checkpoint with the log (`sign.opening` does).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prooftrail.core.checkpoint import parse_checkpoint
from prooftrail.core.note import NoteVerdict, parse_note, verify_note
from prooftrail.errors import FormatError
from prooftrail.signing.keys import check_ed25519

if TYPE_CHECKING:
    from prooftrail.core.merkle import Range
    from prooftrail.core.origin import Origin
    from prooftrail.sign.state import SignerState
    from prooftrail.signing.keys import SigningKeys
    from prooftrail.store.streams import Stream


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint that this signer's own keys signed."""

    size: int
    root: bytes
    time_s: int | None  # None: its cosignature is not there
    note: str


@dataclass(slots=True)
class Book:
    """One log: what is signed of it."""

    stream: Stream
    origin: Origin
    keys: SigningKeys
    state: SignerState | None  # None: nothing is signed
    before: Range  # of the first state.size - 1 leaves
    newest: Known | None  # of state.size; None: the database does not have it
    unsigned: tuple[int, int] | None = None  # size signed, and when more was first seen
    doubted: bool = False  # a turn failed: it is to be taken up anew

    @property
    def size(self) -> int:
        """How many leaves are signed."""
        return self.state.size if self.state else 0


def read_note(text: str, keys: SigningKeys) -> Known | None:
    """Return the checkpoint that a note states, None unless these keys signed it."""
    try:
        note = parse_note(text.encode())
        stated = parse_checkpoint(note.text)
    except (FormatError, UnicodeError):
        return None
    check = verify_note(note, keys.verification_keys, check_ed25519)
    signers = [found.key for found in check.valid]
    if check.verdict is not NoteVerdict.VALID or keys.signer_key not in signers:
        return None
    if stated.origin != keys.origin:
        return None
    return Known(stated.size, stated.root, check.time_s, text)
