"""A grant as an event tells of it: who, to whom, what, when, and by whose approval.

Guarantees: total: whatever an event holds gives a grant, and what it does not state as
a readable text is None. Other events are read alike; they are for nobody. A text that
is shown has at most `LONGEST` characters; whether duties were segregated is judged by
all of it. A personal value that is protected is not stated as far as this knows.

Source: design, "The event"; `authorization.approval`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.core import instants
from prooftrail.errors import EventError
from prooftrail.grants import segregation
from prooftrail.grants.types import TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.grants.segregation import Failure

LONGEST: Final = 1_000
_SEVERAL: Final = 20  # scopes of a key that are shown


class Grant(NamedTuple):
    """An access grant; times as the event writes them."""

    event_id: str
    stream: str
    seq: int
    timestamp: str
    action: str
    actor: str | None  # who did it
    on_behalf_of: str | None  # as whom, where he acted as another
    to_type: str | None
    to_id: str | None
    to_name: str | None
    gives: str | None  # the role, the permission, the scopes
    ticket: str | None
    approved: bool  # whether an approval is stated
    approval_id: str | None
    approver: str | None
    approved_at: str | None  # as it is stated, in whichever zone
    approved_us: int | None  # the same, microseconds since the epoch, UTC
    lead_us: int | None  # from the approval until it was done; negative: afterwards
    fails: tuple[Failure, ...]  # empty: approved beforehand, by somebody else


def read(item: Mapping[str, Any], at_us: int) -> Grant:
    """Return what an event tells of a grant, or of another thing to be approved.

    Args:
        item: the event as it is shown, with `stream` and `seq`.
        at_us: its own time, microseconds since the epoch, UTC.
    """
    actor, resource = _object(item, "actor"), _object(item, "resource")
    behalf, details = _object(actor, "onBehalfOf"), _object(item, "details")
    authorization = _object(item, "authorization")
    approval = _object(authorization, "approval")
    own = (actor.get("userId"), actor.get("email"))
    others = (behalf.get("userId"), behalf.get("email"))
    to = (resource.get("id"), resource.get("name"))
    at = _text(approval.get("at"))
    stated = segregation.Approval(_text(approval.get("by")), _instant(at))
    deed = segregation.Deed(
        at_us,
        [one for one in map(_text, own + others) if one],
        [one for one in map(_text, to) if one] if item.get("action") in TYPES else None,
        stated if approval else None,
    )
    ticket = item.get("ticket") or approval.get("ticket") or details.get("ticket")
    return Grant(
        event_id=_shown(item.get("eventId")) or "",
        stream=str(item.get("stream", "")),
        seq=int(item.get("seq", 0)),
        timestamp=_shown(item.get("timestamp")) or "",
        action=_shown(item.get("action")) or "",
        actor=_shown(own[0]) or _shown(own[1]),
        on_behalf_of=_shown(others[0]) or _shown(others[1]),
        to_type=_shown(resource.get("type")),
        to_id=_shown(to[0]),
        to_name=_shown(to[1]),
        gives=_shown(_gives(item, details)),
        ticket=_shown(ticket),
        approved=bool(approval),
        approval_id=_shown(approval.get("id")),
        approver=_shown(stated.by),
        approved_at=_shown(at),
        approved_us=stated.at_us,
        lead_us=segregation.lead_us(deed),
        fails=segregation.failures(deed),
    )


def _gives(item: Mapping[str, Any], details: Mapping[str, Any]) -> str | None:
    """Return what it gives, by the details that the catalog has of its type."""
    match item.get("action"):
        case "admin.role.change":
            before, after = roles(item)
            return after if before is None else f"{after or '?'}, before {before}"
        case "admin.permission.grant":
            return _text(details.get("permission"))
        case "admin.apikey.create":
            scopes = details.get("scopes", details.get("role"))
            if isinstance(scopes, list):
                each = [one for one in scopes if isinstance(one, str)]
                more = f" and {len(scopes) - _SEVERAL} more"
                told = ", ".join(each[:_SEVERAL])
                return (told + (more if len(scopes) > _SEVERAL else "")) or None
            return _text(scopes)
        case _:
            return _text(details.get("role"))


def roles(item: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the role before and the one after, as a change of role states them."""
    details = _object(item, "details")
    changes = item.get("changes")
    first = changes[0] if isinstance(changes, list) and changes else None
    change = first if isinstance(first, dict) else {}
    return (
        _text(details.get("old_role", change.get("before"))),
        _text(details.get("new_role", change.get("after"))),
    )


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) and "$protected" not in found else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _shown(value: object) -> str | None:
    text = _text(value)
    if text is None or len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 1]}…"


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return instants.microseconds(instants.convert(text))
    except EventError:
        return None
