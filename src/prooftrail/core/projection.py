"""Projections: the searched columns, each a function of the event bytes alone.

Guarantees: `project` gives the same columns in the sealer, in the verifier and in
any other language that reads `spec/projections.md`. Texts are cut to 200 characters
(a longer one would not fit a btree page), names are folded to lower case in ASCII
only, ids are kept exact, and what is no address projects to none. `read_all` gives
what `read` gives, for many entries at once and a list a column.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from prooftrail.core import instants
from prooftrail.core.events import Pii  # noqa: TC001  msgspec resolves it
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.core.events import Event

MAX_CHARACTERS = 200

_PERSONAL = "customer.pii."  # events of this group touch personal data
UUID_BYTES = 16
LONGEST_ADDRESS = 45  # eight groups of four, the last two as four decimal numbers

_FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_NO_UUID = "these are not the bytes of an event: eventId is no UUID"


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
    ip: bytes | None  # 4 or 16 bytes, as on the network
    pii: bool


class Columns(NamedTuple):
    """The columns of many entries: a `Projection` that has a list in each place."""

    event_id: list[bytes]
    occurred_us: list[int]
    actor: list[str | None]
    role: list[str | None]
    action: list[str]
    resource_type: list[str | None]
    resource_id: list[str | None]
    result: list[str]
    ip: list[bytes | None]
    pii: list[bool]


# not watched by the collector: what is decoded from bytes has no cycles
class _Actor(msgspec.Struct, gc=False):
    """The projected part of an actor."""

    user_id: str | None = msgspec.field(name="userId", default=None)
    role: str | dict[str, object] | None = None
    ip_address: str | dict[str, object] | None = msgspec.field(
        name="ipAddress", default=None
    )


class _Resource(msgspec.Struct, gc=False):
    """The projected part of a resource."""

    type: str
    id: str | None = None


class _Projected(msgspec.Struct, gc=False):
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


def read_all(events: Iterable[bytes]) -> tuple[Columns, list[list[str]]]:
    """Project many events: their columns, and the subject rows of each.

    Raises:
        EventError: some of them are not the bytes of an event; `read` tells which.
    """
    try:
        found = list(map(_DECODER.decode, events))
        actors = [one.actor for one in found]
        resources = [one.resource for one in found]
        actions = [fold(one.action) for one in found]
        ids = [bytes.fromhex(one.event_id.replace("-", "")) for one in found]
        if any(len(event_id) != UUID_BYTES for event_id in ids):
            raise EventError(_NO_UUID)
        columns = Columns(
            ids,
            instants.all_microseconds([one.timestamp for one in found]),
            [_cut(actor.user_id) for actor in actors],
            [_role(actor.role) for actor in actors],
            actions,
            [None if one is None else fold(one.type) for one in resources],
            [None if one is None else _cut(one.id) for one in resources],
            [one.result for one in found],
            [_address(actor.ip_address) for actor in actors],
            list(map(_is_personal, [one.pii for one in found], actions)),
        )
        return columns, [one.subjects and subjects(one) for one in found]
    except (msgspec.MsgspecError, ValueError) as error:
        raise EventError(f"these are not the bytes of an event: {error}") from error


def project(event: Event | _Projected) -> Projection:
    """Project a checked event, which has its eventId and timestamp."""
    actor = event.actor
    resource = event.resource
    action = fold(event.action)
    event_id = bytes.fromhex((event.event_id or "").replace("-", ""))
    if len(event_id) != UUID_BYTES:
        raise EventError(_NO_UUID)
    return Projection(
        event_id,
        instants.microseconds(event.timestamp or ""),
        _cut(actor.user_id),
        _role(actor.role),
        action,
        None if resource is None else fold(resource.type),
        None if resource is None else _cut(resource.id),
        event.result,
        _address(actor.ip_address),
        _is_personal(event.pii, action),
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


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:MAX_CHARACTERS]


def _role(role: str | dict[str, object] | None) -> str | None:
    return fold(role) if type(role) is str else None


def _is_personal(pii: Pii | None, action: str) -> bool:
    """Return whether an event touched personal data: it says so, or its type does."""
    return (pii is not None and bool(pii.fields or pii.classes)) or (
        action.startswith(_PERSONAL)
    )


def _address(text: str | dict[str, object] | None) -> bytes | None:
    return _parsed(text) if type(text) is str and len(text) <= LONGEST_ADDRESS else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> bytes | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.scope_id is not None:
        return None
    return found.packed
