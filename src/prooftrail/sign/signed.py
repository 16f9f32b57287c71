"""What a signer's turn did, as a value: for the command line, metrics and tests."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """One checkpoint that was signed."""

    stream: str
    size: int
    signed_us: int
    heartbeat: bool  # the size was signed before


@dataclass
class Signed:
    """What a turn did."""

    checkpoints: list[SignedCheckpoint] = field(default_factory=list)
    anchored: int = 0  # notes appended to anchors
    unanchored: bool = False  # an anchor did not get all: `warnings` says why
    warnings: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # a message a stream looked at
    more: bool = False  # there are entries that this turn did not come to

    def add(self, other: Signed) -> None:
        """Sum up."""
        self.checkpoints += other.checkpoints
        self.anchored += other.anchored
        self.warnings += other.warnings
        self.refused += other.refused
        self.unanchored = other.unanchored  # each turn tries again
        self.more = other.more
