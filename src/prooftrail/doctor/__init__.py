"""Doctor: looks at an installation and says what to do. Read-only, as the verifier."""

from __future__ import annotations

from prooftrail.doctor.check import Check, State, failed
from prooftrail.doctor.examine import examine

__all__ = ["Check", "State", "examine", "failed"]
