"""What an event does not say, though its type asks for it.

Guarantees: total, and a finding, never an error: an event that lacks something is
recorded all the same. Asked for are the details of what happened; where the result is
not one that the type expects, such as denied, only those that are known even then
(`Detail.always`). A continuation entry is asked for nothing: the entry that it
continues has said it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.catalog import registry
from prooftrail.catalog.places import ABSENT, at, said

if TYPE_CHECKING:
    from collections.abc import Mapping


def missing(event: Mapping[str, Any]) -> list[str]:
    """Return the names of the required details that an event lacks.

    Args:
        event: with the keys of `spec/event.md`.
    """
    action = event.get("action")
    known = registry.find(action) if isinstance(action, str) else None
    n = at(event, "/part/n")
    if known is None or (n is not ABSENT and n != 1):
        return []
    happened = event.get("result") in known.expected
    return [
        detail.name
        for detail in known.required
        if (happened or detail.always) and said(event, detail) is ABSENT
    ]
