"""The names that filters have: what each asks for, and how it is written.

Guarantees: one name for one thing; what else people write for it (`customer:` for
`resource:`) is read, and shown back by that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.question import Column


class Name(NamedTuple):
    """A filter."""

    column: Column | None  # of the log, where it asks for one's value
    example: str
    meaning: str


NAMES: Final[Mapping[str, Name]] = {
    "action": Name(
        "action", "action:customer.pii.*", "an event type; * stands for any characters"
    ),
    "pii": Name("pii", "pii:yes", "whether personal data was touched"),
    "type": Name("resource_type", "type:customer", "the type of the resource"),
    "result": Name("result", "result:denied", "success, failure or denied"),
    "authorization": Name(
        "authorization",
        "authorization:unexplained",
        "on whose authority: authorised, break-glass, denied or unexplained",
    ),
    "role": Name("role", "role:admin", "the role of who did it"),
    "actor": Name("actor", "actor:usr_7", "the userId of who did it"),
    "resource": Name(
        "resource",
        "resource:cust_456",
        "an id: of the resource, or of a person whose data was touched",
    ),
    "ip": Name("ip", "ip:203.0.113.0/24", "an address or a network"),
    "stream": Name(None, "stream:main", "the stream that it is in"),
    "during": Name(None, "during:2026-Q1", "when it happened: a period"),
    "from": Name(None, "from:2026-01-01", "it happened then or later"),
    "to": Name(None, "to:2026-04-01", "it happened earlier"),
}
SYNONYMS: Final[Mapping[str, str]] = {
    "authorisation": "authorization",
    "customer": "resource",
    "resource_type": "type",
    "user": "actor",
}
# that phrases and suggestions know: a log may have others
ROLES: Final = (
    *("admin", "auditor", "compliance", "engineer", "ops", "privacy_officer"),
    *("security", "support", "writer"),
)


def canonical(name: str) -> str | None:
    """Return the name that a filter has, whatever it was called; None: none has it."""
    folded = name.lower()
    folded = SYNONYMS.get(folded, folded)
    return folded if folded in NAMES else None
