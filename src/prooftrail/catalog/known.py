"""The catalog of an installation: which actions it takes.

Guarantees: a strict catalog takes the 47, what was declared, and the families that lie
outside them; it refuses every other name with the one that was probably meant.

Does not: refuse an event that lacks a required detail. What has happened must not be
lost for being told badly: `checking.missing` says what is not said, for tests and
reports.
"""

from __future__ import annotations

from dataclasses import dataclass

from prooftrail.catalog import registry
from prooftrail.core.catalog import refuse_trail
from prooftrail.errors import EventError


@dataclass(frozen=True)
class Catalog:
    """The event types that an installation knows.

    Args:
        declared: the application's own names, beside the 47 and those that
            `prooftrail.catalog.declare` made known.
        strict: whether an unknown name is refused (else it is accepted as it is).
    """

    declared: frozenset[str] = frozenset()
    strict: bool = False

    def check(self, action: str) -> None:
        """Accept a known action.

        Raises:
            EventError: `trail.*`, or unknown under a strict catalog.
        """
        refuse_trail(action)
        if not self.strict or action in self.declared:
            return
        if registry.find(action) is None:
            raise EventError(
                f"action {action!r} is not in the catalog: "
                f"{registry.hint(action, self.declared)}declare it, "
                "or turn the strict catalog off"
            )
