"""What the core knows of a catalog: how actions are named, and whose `trail.` is.

Guarantees: `trail.` belongs to the trail itself and is never accepted from outside.
Which event types there are is the catalog's matter (`prooftrail.catalog`, above this
layer): it comes in as a `Catalog`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Protocol

from prooftrail.errors import EventError

TRAIL = "trail."
PRODUCT = "prooftrail."

# What the product states of itself under built-in names; `PRODUCT` is all its own.
OWN = frozenset(
    {
        "audit.log.view",
        "audit.log.export",
        "audit.chain.verify",
        "audit.retention.archive",
    }
)

_ACTION = re.compile(r"\$?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")


class Catalog(Protocol):
    """The event types that an installation knows."""

    @property
    def strict(self) -> bool:
        """Whether an unknown name is refused (else it is accepted as it is)."""

    def check(self, action: str) -> None:
        """Accept a known action.

        Raises:
            EventError: `trail.*`, or unknown under a strict catalog.
        """


def is_trail(action: str) -> bool:
    """Return whether an action claims to be one of the trail's own statements.

    In any case of letters: a projection folds them, so `Trail.x` would look the same.
    """
    return action[: len(TRAIL)].lower() == TRAIL


def refuse_trail(action: str) -> None:
    """Accept any name but the trail's own.

    Raises:
        EventError: `trail.*`.
    """
    if is_trail(action):
        raise EventError(
            f"action {action!r}: names beginning with {TRAIL!r} are the trail's "
            "own statements; choose another name"
        )


def refuse_own(action: str) -> None:
    """Accept any name but those under which the product tells what it did itself.

    Raises:
        EventError: it is one of these, in any case of letters.
    """
    folded = action.lower()
    if folded in OWN or folded.startswith(PRODUCT):
        raise EventError(
            f"action {action[:80]!r}: under this name the trail's own service tells "
            "what it did, and nobody else over HTTP; choose another name"
        )


@lru_cache(maxsize=1024)  # names recur
def check_name(action: str) -> None:
    """Accept a name that an action may have.

    Raises:
        EventError: `trail.*`, or no dotted name.
    """
    refuse_trail(action)
    if not _ACTION.fullmatch(action):
        raise EventError(
            f"action {action[:80]!r}: write dotted names of letters, digits, "
            "'_' and '-', such as customer.pii.export"
        )


class _Open:
    """Knows no names, and takes every one but the trail's."""

    strict = False

    def check(self, action: str) -> None:
        refuse_trail(action)


OPEN: Final[Catalog] = _Open()
