"""Roles as plain phrases tell them: "admins", "support staff", "an engineer".

Guarantees: a role's name by itself is refused where it may as well be somebody's id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.errors import QueryError
from prooftrail.search.language import names, vocabulary
from prooftrail.search.language.walking import is_id, shown, value

if TYPE_CHECKING:
    from prooftrail.search.language.moments import Word


def role_of(
    word: Word, after: str, article: str, *, named: bool
) -> tuple[str, int] | None:
    """Return the role that words tell, and of how many words; None: they tell none.

    Raises:
        QueryError: it may be one, or not.
    """
    known = word.folded in names.ROLES
    staff = after in vocabulary.STAFF
    for fits, role, count in (
        (word.folded in vocabulary.ROLES, vocabulary.ROLES.get(word.folded, ""), 1),
        (word.folded == "role" and after and named, after, 2),
        (known and (staff or (after == "role" and named)), word.folded, 2),
        (known and article in {"a", "an", "any", "every"}, word.folded, 1),
    ):
        if fits:
            return role, count
    if known:
        raise QueryError(
            f"{shown(word)} may be a role (write by {word.folded} users, or "
            f"role:{word.folded}) or somebody (write actor:{word.text})",
            word.at,
            word.length,
        )
    if staff and named and not is_id(word) and word.folded not in vocabulary.ANYBODY:
        raise QueryError(
            f"{shown(word)} is no role that is known: if it is one, write "
            f"role:{value(word)}",
            word.at,
            word.length,
        )
    return None
