"""Names that mean nothing here: refused, with the one that was probably meant.

Guarantees: what a type checker would have found is found at import without one, too.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def refuse_unknown(given: Iterable[str], known: Collection[str], where: str) -> None:
    """Refuse what is not known.

    Args:
        given: the names that were given.
        known: those that mean something.
        where: what they were given to, for people.

    Raises:
        ConfigurationError: one of them means nothing.
    """
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), sorted(known), n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigurationError(
                f"{where} takes no {str(name)[:80]!r}: {hint}It takes "
                f"{', '.join(sorted(known))}"
            )
