"""Where an event says what: by RFC 6901 pointers, in whatever there is.

Guarantees: total, for any mapping; what is not there, or has another shape, is absent.

Source: RFC 6901.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.catalog.event_type import Detail


class Absent:
    """Not said; null is something else."""


ABSENT: Final = Absent()


def at(event: object, pointer: str) -> object:
    """Return what stands at a place, or `ABSENT`."""
    found = event
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            if key not in found:
                return ABSENT
            found = found[key]
        elif isinstance(found, list | tuple):
            if not (key.isascii() and key.isdigit() and int(key) < len(found)):
                return ABSENT
            found = found[int(key)]
        else:
            return ABSENT
    return found


def first(event: object, pointers: Iterable[str], *, null: bool = False) -> object:
    """Return what stands at the first of the places where anything is said.

    Args:
        event: the event.
        pointers: the places.
        null: whether null says something.
    """
    for pointer in pointers:
        found = at(event, pointer)
        if found is ABSENT or found == "" or (found is None and not null):
            continue
        return found
    return ABSENT


def said(event: object, detail: Detail) -> object:
    """Return what an event says of a detail, or `ABSENT`."""
    return first(event, detail.everywhere, null=detail.kind == "value")
