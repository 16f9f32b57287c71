"""The checkpoint: what a signer says of a log, in three lines.

    origin LF size LF base64(root) LF

Guarantees: parsing accepts exactly what `Checkpoint.text` writes: three lines, no
extension lines, the size an ASCII decimal of at most 2^63 - 1 without leading zeros,
the root 32 bytes in strict base64. Does not guarantee that the origin is one of ours
(`core.origin`) nor that anybody signed it (`core.note`).

Source: C2SP tlog-checkpoint v1; design, "Checkpoints".
"""

from __future__ import annotations

from dataclasses import dataclass

from prooftrail.core.entry import HASH_BYTES
from prooftrail.core.origin import decimal
from prooftrail.core.vkey import check_characters, decode_base64, encode_base64
from prooftrail.errors import FormatError

MAX_SIZE = 2**63 - 1
LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and root of the log named by the origin.

    >>> from prooftrail.core.merkle import EMPTY_ROOT
    >>> print(Checkpoint("example.com/log", 0, EMPTY_ROOT).text(), end="")
    example.com/log
    0
    47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
    """

    origin: str  # one line, not empty
    size: int  # number of leaves, 0 to 2^63 - 1
    root: bytes  # 32 bytes

    def __post_init__(self) -> None:
        check_characters(self.origin)
        if not self.origin or "\n" in self.origin:
            raise FormatError("an origin is one line of text, not empty")
        if not 0 <= self.size <= MAX_SIZE:
            raise FormatError(f"a checkpoint's size is 0 to 2^63 - 1, not {self.size}")
        if len(self.root) != HASH_BYTES:
            raise FormatError(f"a root has {HASH_BYTES} bytes, not {len(self.root)}")

    def text(self) -> str:
        """Return the note text: three lines, each ended by a newline."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a note's text as a checkpoint.

    Raises:
        FormatError: not exactly what `Checkpoint.text` writes.
    """
    lines = text.split("\n")
    if len(lines) != LINES + 1 or lines[LINES]:
        raise FormatError(
            "a checkpoint is three lines: origin, size, root; "
            f"this text has {len(lines) - 1}, or more after the last newline"
        )
    return Checkpoint(lines[0], decimal(lines[1]), decode_base64(lines[2]))
