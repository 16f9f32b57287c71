"""What the role of a key or of a person may do. What it may read, the database decides.

| role | write | read | verify | operate | reveal | triage | people |
|---|---|---|---|---|---|---|---|
| writer | yes | | | | | | |
| auditor | | yes | yes | | | | |
| security | | yes | yes | yes | yes | yes | |
| privacy_officer | | yes | | | yes | | |
| admin | yes | yes | yes | yes | yes | yes | yes |

To read is to search, count, follow and export; to verify, to run and see verifications;
to operate, to see metrics and everybody's verifications; to reveal, to see a personal
value of an event that it may read; to triage, to say that an alert was seen and what it
was; people, to invite and disable people. A key has one
of the roles but privacy_officer, a person one of them but writer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.readers import Role

Right: TypeAlias = Literal[
    "write", "read", "verify", "operate", "reveal", "triage", "people"
]

RIGHTS: Mapping[Role, frozenset[Right]] = {
    "writer": frozenset({"write"}),
    "auditor": frozenset({"read", "verify"}),
    "security": frozenset({"read", "verify", "operate", "reveal", "triage"}),
    "privacy_officer": frozenset({"read", "reveal"}),
    "admin": frozenset(
        {"write", "read", "verify", "operate", "reveal", "triage", "people"}
    ),
}


def may(role: Role, right: Right) -> bool:
    """Whether a role has a right."""
    return right in RIGHTS[role]
