"""What was probably meant.

Guarantees: a suggestion is made of what is known (names of filters, results, roles, the
catalog's event types); nothing is taken for what was said because of it.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from prooftrail.catalog import registry
from prooftrail.search import values
from prooftrail.search.language import names

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST: Final = 40  # characters that are compared
_CLOSE: Final = 0.6
_DATED = re.compile(r"[0-9]{4}-(?:[Qq][1-4]|[0-9]{2}(?:-[0-9]{2})?)")
_ACTION = re.compile(r"[\w-]+(?:\.[\w-]+)*\.(?:[\w-]+|\*)")


def near(word: str, known: Iterable[str], close: float = _CLOSE) -> str | None:
    """Return the known text that is nearest, if one is near."""
    found = get_close_matches(word[:_LONGEST].lower(), sorted(known), 1, close)
    return found[0] if found else None


def actions() -> list[str]:
    """Return the names of all event types that are known."""
    return sorted(meanings())


def meanings() -> dict[str, str]:
    """Return the names of all event types that are known, and what each means."""
    every = (*registry.all_types(), *registry.PRODUCT.values())
    return {one.name: one.meaning for one in every}


def as_filters(word: str) -> list[str]:
    """Return the filters that a word by itself may be meant for."""
    folded = word.lower()
    name = names.canonical(folded)
    result = near(word, values.RESULTS)
    for fits, found in (
        (folded in values.RESULTS, [f"result:{folded}"]),
        (folded in names.ROLES, [f"role:{folded}", f"actor:{folded}"]),
        (is_address(word), [f"ip:{word}"]),
        (_DATED.fullmatch(word), [f"during:{word}"]),
        ("@" in word, [f"actor:{word}"]),
        (_ACTION.fullmatch(word), [f"action:{near(word, actions()) or folded}"]),
        (name is not None, [names.NAMES[name or "role"].example]),
        (is_id(word), [f"actor:{word}", f"resource:{word}"]),
        (result is not None, [f"result:{result}"]),
    ):
        if fits:
            return found
    return []


def is_address(word: str) -> bool:
    """Whether a word is an address or a network."""
    try:
        _ = ip_network(word, strict=False) if "/" in word else ip_address(word)
    except ValueError:
        return False
    return "%" not in word


def is_id(word: str) -> bool:
    """Whether a word looks like the id of somebody or something."""
    return re.fullmatch(r"[\w.@+-]{1,200}", word) is not None and (
        re.search(r"[0-9_@]", word) is not None
    )
