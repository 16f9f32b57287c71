"""What a sealer's turn did, as a value: for the command line, metrics and tests."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Sealed:
    """What a turn did."""

    events: int = 0
    statements: int = 0
    duplicates: int = 0
    quarantined: int = 0
    leading: bool = True
    warnings: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether anything was done."""
        return bool(
            self.events or self.statements or self.duplicates or self.quarantined
        )

    def add(self, other: Sealed) -> None:
        """Sum up."""
        self.events += other.events
        self.statements += other.statements
        self.duplicates += other.duplicates
        self.quarantined += other.quarantined
        self.leading = other.leading
        self.warnings += other.warnings
