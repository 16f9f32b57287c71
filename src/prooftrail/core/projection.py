"""Projections: the searched columns, each a function of the event bytes alone.

Guarantees: `project` gives the same columns in the sealer, in the verifier and in
any other language that reads `spec/projections.md`. Texts are cut to 200 characters
(a longer one would not fit a btree page), names are folded to lower case in ASCII
only, ids are kept exact, and what is no address projects to none.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from prooftrail.core import instants
from prooftrail.core.events import Pii  # noqa: TC001  msgspec resolves it
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from prooftrail.core.events import Event

MAX_CHARACTERS = 200

_PERSONAL = "customer.pii."  # events of this group touch personal data
UUID_BYTES = 16
LONGEST_ADDRESS = 45  # eight groups of four, the last two as four decimal numbers

_FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Projection(NamedTuple):
    """The columns of one entry, named as in the log."""

    event_id: bytes  # 16 bytes
    occurred_us: int  # the event's own timestamp, microseconds
    actor: str | None
    role: str | None  # folded
    action: str  # folded
    resource_type: str | None  # folded
    resource_id: str | None
    result: str
    ip: IPv4Address | IPv6Address | None
    pii: bool


class _Actor(msgspec.Struct):
    """The projected part of an actor."""

    user_id: str | None = msgspec.field(name="userId", default=None)
    role: str | dict[str, object] | None = None
    ip_address: str | dict[str, object] | None = msgspec.field(
        name="ipAddress", default=None
    )


class _Resource(msgspec.Struct):
    """The projected part of a resource."""

    type: str
    id: str | None = None


class _Projected(msgspec.Struct):
    """The projected part of an event: decoding passes over all the rest."""

    actor: _Actor
    action: str
    result: str
    event_id: str = msgspec.field(name="eventId")
    timestamp: str
    resource: _Resource | None = None
    subjects: list[str] = []
    pii: Pii | None = None


_DECODER = msgspec.json.Decoder(_Projected)


def read(event: bytes) -> tuple[Projection, list[str]]:
    """Project event bytes: the columns, and the subject rows.

    Raises:
        EventError: no sealed event has such bytes.
    """
    try:
        found = _DECODER.decode(event)
        return project(found), subjects(found)
    except (msgspec.MsgspecError, ValueError) as error:
        raise EventError(f"these are not the bytes of an event: {error}") from error


def project(event: Event | _Projected) -> Projection:
    """Project a checked event, which has its eventId and timestamp."""
    actor = event.actor
    resource = event.resource
    user = actor.user_id
    role = actor.role
    address = actor.ip_address
    action = fold(event.action)
    pii = event.pii
    event_id = bytes.fromhex((event.event_id or "").replace("-", ""))
    if len(event_id) != UUID_BYTES:
        raise EventError("these are not the bytes of an event: eventId is no UUID")
    return Projection(
        event_id,
        instants.microseconds(event.timestamp or ""),
        user[:MAX_CHARACTERS] if user is not None else None,
        fold(role) if type(role) is str else None,
        action,
        fold(resource.type) if resource is not None else None,
        resource.id[:MAX_CHARACTERS]
        if resource is not None and resource.id is not None
        else None,
        event.result,
        _address(address) if type(address) is str else None,
        # it says so, or its type does
        (pii is not None and bool(pii.fields or pii.classes))
        or action.startswith(_PERSONAL),
    )


def subjects(event: Event | _Projected) -> list[str]:
    """Return the subject rows of an entry: distinct, sorted by UTF-8 bytes.

    An id that equals `resource.id` has no row of its own: `resource_id` finds it.
    """
    if not event.subjects:
        return []
    found = {subject[:MAX_CHARACTERS] for subject in event.subjects}
    if event.resource is not None and event.resource.id is not None:
        found.discard(event.resource.id[:MAX_CHARACTERS])
    return sorted(found)


def fold(text: str) -> str:
    """Return a name as it is projected: at most 200 characters, A-Z in lower case."""
    # cut first: what the cache keeps is short, whatever a writer sends
    return _lower(text[:MAX_CHARACTERS])


@lru_cache(maxsize=4096)
def _lower(text: str) -> str:
    return text.translate(_FOLD)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    return _parsed(text) if len(text) <= LONGEST_ADDRESS else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.scope_id is not None:
        return None
    return found
