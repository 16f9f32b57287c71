"""An event as a sentence: who did what to whom, and what came of it.

Guarantees: total. Any mapping whatsoever gives one line of text; what an event does
not say makes it shorter, never wrong. Failed and denied attempts are told as such, and
nothing is told as done whose result is not the one that its type expects. What it
contains is harmless to print (`wording`).

Does not: show a protected value, nor know whether what the event states is true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.catalog import registry, template, wording
from prooftrail.catalog.event_type import COMMON
from prooftrail.catalog.places import ABSENT, at, first, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.catalog.event_type import Detail, EventType
    from prooftrail.catalog.template import Blank

_ENDS = {"failure": "failed", "denied": "was denied"}
_WHO = ("email", "name", "userId")  # the first that is legible


def tell(event: Mapping[str, Any]) -> str:
    """Return an event as a sentence, without its time.

    Args:
        event: with the keys of `spec/event.md`; stored, or as the API shows it.

    >>> tell({"actor": {"userId": "u1", "email": "dani@company.com"},
    ...       "action": "customer.pii.export", "result": "success",
    ...       "details": {"record_count": 1}})
    'dani@company.com exported 1 customer'
    """
    action = event.get("action")
    known = registry.find(action) if isinstance(action, str) else None
    told = None if known is None else _by_type(event, known)
    return f"{told or _plainly(event)}{_continued(event)}"


def _by_type(event: Mapping[str, Any], known: EventType) -> str | None:
    result = event.get("result")
    if result in known.expected:
        return _filled(known.sentence, event, known)
    end = _ENDS.get(result) if isinstance(result, str) else None
    tried = _filled(known.attempt, event, known) if end is not None else None
    if not tried:
        return None
    why = first(event, ("/details/reason", "/details/error"))
    because = f": {wording.word(why)}" if isinstance(why, str) else ""
    return f"{_who(event)} tried to {tried} and {end}{because}"


def _filled(text: str, event: Mapping[str, Any], known: EventType) -> str | None:
    """Return the template filled in; None where it cannot be."""
    told: list[str] = []
    for part in template.parse(text):
        pieces = [
            piece
            if isinstance(piece, str)
            else _said(event, piece, known, optional=part.optional)
            for piece in part.pieces
        ]
        if None not in pieces:
            told.extend(piece for piece in pieces if piece is not None)
        elif not part.optional:
            return None
    return "".join(told)


def _said(
    event: Mapping[str, Any], blank: Blank, known: EventType, *, optional: bool
) -> str | None:
    found = _value(event, blank.name, known)
    if found:
        if blank.noun is None:
            return found
        return f"{found} {blank.noun if found == '1' else template.plural(blank.noun)}"
    # an optional part is left out rather than told in other words
    return None if optional else blank.otherwise


def _value(event: Mapping[str, Any], name: str, known: EventType) -> str:
    for detail in known.details:
        if detail.name == name:
            return _detail(event, detail)
    if name == "actor":
        return _who(event)
    if name == "resource":
        return _what(event)
    found = first(event, COMMON[name])
    return "" if found is ABSENT else wording.word(found)


def _detail(event: Mapping[str, Any], detail: Detail) -> str:
    found = said(event, detail)
    if found is ABSENT:
        return ""
    if detail.kind != "count":
        return wording.word(found)
    if isinstance(found, list | tuple) and at(event, "/part") is not ABSENT:
        return ""  # of many more, whose ids stand in the entries that continue it
    counted = wording.number(found)
    return wording.word(found) if counted is None else f"{counted:,}"


def _who(event: Mapping[str, Any]) -> str:
    legible = [
        found
        for name in _WHO
        if (found := first(event, (f"/actor/{name}",))) is not ABSENT
        and not wording.is_protected(found)
    ]
    if legible:
        who = wording.word(legible[0])
    else:
        where = first(event, COMMON["address"])
        who = "somebody" if where is ABSENT else f"somebody at {wording.word(where)}"
    other = first(event, ("/actor/onBehalfOf/userId",))
    return who if other is ABSENT else f"{who} (as {wording.word(other)})"


def _what(event: Mapping[str, Any]) -> str:
    kind = first(event, ("/resource/type",))
    which = first(event, ("/resource/name", "/resource/id"))
    told = [
        "" if kind is ABSENT else wording.word(kind).replace("_", " "),
        "" if which is ABSENT else wording.word(which),
    ]
    return " ".join(filter(None, told))


def _plainly(event: Mapping[str, Any]) -> str:
    """Return what can be told of any event: who, the action's name, to what, how."""
    action = first(event, ("/action",))
    name = "did something" if action is ABSENT else wording.word(action)
    what = _what(event)
    result = first(event, ("/result",))
    end = "no result" if result is ABSENT else wording.word(result)
    return f"{_who(event)}: {name}{f' on {what}' if what else ''} ({end})"


def _continued(event: Mapping[str, Any]) -> str:
    n, total = at(event, "/part/n"), at(event, "/part/total")
    if n is ABSENT or total is ABSENT:
        return ""
    return f" (part {wording.word(n)} of {wording.word(total)})"
