"""The verdict: one word and one exit code from all findings.

Guarantees: 0 only for "verified"; a failure (1) outranks an incomplete (2).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from prooftrail.integrity.findings import Weight

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.integrity.findings import Finding


class Verdict(Enum):
    """What a verification concluded."""

    VERIFIED = "verified"
    TAMPERED = "tampered"
    INCOMPLETE = "could not verify"

    @property
    def exit_code(self) -> int:
        """0 verified, 1 tampered, 2 could not verify."""
        return {Verdict.VERIFIED: 0, Verdict.TAMPERED: 1, Verdict.INCOMPLETE: 2}[self]


def conclude(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict over all findings."""
    weight = max((found.weight for found in findings), default=Weight.WARNING)
    if weight is Weight.FAILURE:
        return Verdict.TAMPERED
    if weight is Weight.INCOMPLETE:
        return Verdict.INCOMPLETE
    return Verdict.VERIFIED
