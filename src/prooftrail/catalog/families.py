"""Families: names beside the 47 that need no declaration, since others make them.

Guarantees: every name of a family is an event type, with the family's meaning and
policy; a derived name that ends a record (`http.customers.delete`) is closed, as
deletions are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from prooftrail.catalog.event_type import EventType, Policy
from prooftrail.errors import EventError

_DELETION = ".delete"


class Family(NamedTuple):
    """All names that begin alike."""

    prefix: str
    meaning: str
    sentence: str
    attempt: str
    policy: Policy


FAMILIES: Final[tuple[Family, ...]] = (
    Family(
        "http.",
        "A request to a route that no event type is stated for",
        "{actor} called {route}[ by {method}]",
        "call {route}[ by {method}]",
        "spool",
    ),
    Family("aws.", "An event of CloudTrail, imported", "", "", "spool"),
    Family("sshd.", "An event of an SSH server, imported", "", "", "spool"),
    Family("prooftrail.", "What the product itself did", "", "", "spool"),
)
PREFIXES: Final = tuple(one.prefix for one in FAMILIES)


@lru_cache(maxsize=4096)  # names recur, one a route
def of_family(name: str) -> EventType:
    """Return the event type of a name of a family.

    Raises:
        EventError: it is of none, or can be no action.
    """
    for one in FAMILIES:
        if name.startswith(one.prefix):
            ends = one.prefix == "http." and name.endswith(_DELETION)
            return EventType(
                name=name,
                meaning=one.meaning,
                sentence=one.sentence,
                attempt=one.attempt,
                policy="closed" if ends else one.policy,
            )
    raise EventError(
        f"{name[:80]!r} is of none of the families {', '.join(PREFIXES)}: declare it "
        "(prooftrail.catalog.declare)"
    )
