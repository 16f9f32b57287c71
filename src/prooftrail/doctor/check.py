"""What a check tells: a value, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail", "note"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    `note` states a fact that nobody can put right from here, such as who could still
    cheat; it never counts as a failure.
    """

    name: str
    state: State
    told: str  # may have several lines
    remedy: str = ""  # what to do; empty when there is nothing to do


def failed(checks: list[Check]) -> bool:
    """Return whether any check fails."""
    return any(check.state == "fail" for check in checks)
