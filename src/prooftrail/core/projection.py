"""Projections: the searched columns, each a function of the event bytes alone.

Guarantees: `project` gives the same columns in the sealer, in the verifier and in
any other language that reads `spec/projections.md`. Texts are cut to 200 characters
(a longer one would not fit a btree page), names are folded to lower case in ASCII
only, ids are kept exact, and what is no address projects to none. An entry that only
continues an event names it, so that the event is one result and counts once. On whose
authority an event was done is one of four answers, whatever it states. `read_all` gives
what `read` gives, for many entries at once and a list a column.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from prooftrail.core import ids, instants
from prooftrail.core.events import Authorization, Part, Pii
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prooftrail.core.events import Event

MAX_CHARACTERS = 200

_PERSONAL = "customer.pii."  # events of this group touch personal data
UUID_BYTES = 16
LONGEST_ADDRESS = 45  # eight groups of four, the last two as four decimal numbers
# on whose authority
AUTHORISED: Final = "authorised"
BREAK_GLASS: Final = "break-glass"
DENIED: Final = "denied"
UNEXPLAINED: Final = "unexplained"

_FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_KEPT = 4096  # results of a function that are kept
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
    continues: bytes | None  # 16 bytes: the event_id of the event's first entry
    authority: str  # authorised, break-glass, denied or unexplained


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
    continues: list[bytes | None]
    authority: list[str]


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


class _Authorization(msgspec.Struct, gc=False):
    """The projected part of an authorization: what its keys have is not looked into."""

    decision: Any = None
    basis: Any = None


class _Projected(msgspec.Struct, gc=False):
    """The projected part of an event: decoding passes over all the rest."""

    actor: _Actor
    action: str
    result: str
    event_id: str = msgspec.field(name="eventId")
    timestamp: str
    resource: _Resource | None = None
    subjects: list[str] = []
    part: Part | None = None
    pii: Pii | None = None
    # what is no object explains nothing, and is no failure
    authorization: _Authorization | list[Any] | str | bool | float | None = None


_STATED: Final = (_Authorization, Authorization)
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
        actions = _FOLDED.of([one.action for one in found])
        event_ids = [bytes.fromhex(one.event_id.replace("-", "")) for one in found]
        if set(map(len, event_ids)) - {UUID_BYTES}:
            raise EventError(_NO_UUID)
        columns = Columns(
            event_ids,
            instants.all_microseconds([one.timestamp for one in found]),
            _all_cut([actor.user_id for actor in actors]),
            _FOLDED.of([actor.role for actor in actors]),
            actions,
            _FOLDED.of([None if one is None else one.type for one in resources]),
            _all_cut([None if one is None else one.id for one in resources]),
            [one.result for one in found],
            _ADDRESSES.of([actor.ip_address for actor in actors]),
            [
                bool(pii and (pii.fields or pii.classes)) or personal
                for pii, personal in zip(
                    [one.pii for one in found],
                    map(str.startswith, actions, repeat(_PERSONAL)),
                    strict=True,
                )
            ],
            [
                None if one.part is None else _continued(one.part, event_id)
                for one, event_id in zip(found, event_ids, strict=True)
            ],
            [_authority(one.result, one.authorization) for one in found],
        )
        return columns, [one.subjects and subjects(one) for one in found]
    except (msgspec.MsgspecError, ValueError) as error:
        raise EventError(f"these are not the bytes of an event: {error}") from error


def project(event: Event | _Projected) -> Projection:
    """Project a checked event, which has its eventId and timestamp."""
    actor = event.actor
    resource = event.resource
    action = _FOLDED[event.action]
    event_id = bytes.fromhex((event.event_id or "").replace("-", ""))
    if len(event_id) != UUID_BYTES:
        raise EventError(_NO_UUID)
    return Projection(
        event_id,
        instants.microseconds(event.timestamp or ""),
        cut(actor.user_id),
        _FOLDED[actor.role] if type(actor.role) is str else None,
        action,
        None if resource is None else _FOLDED[resource.type],
        None if resource is None else cut(resource.id),
        event.result,
        _ADDRESSES[actor.ip_address] if type(actor.ip_address) is str else None,
        _is_personal(event.pii, action),
        None if event.part is None else _continued(event.part, event_id),
        _authority(event.result, event.authorization),
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


def cut(text: str | None) -> str | None:
    """Return an id as it is projected: at most 200 characters."""
    return None if text is None else text[:MAX_CHARACTERS]


def _all_cut(texts: list[str | None]) -> list[str | None]:
    if max(map(len, filter(None, texts)), default=0) <= MAX_CHARACTERS:
        return texts
    return list(map(cut, texts))


def _is_personal(pii: Pii | None, action: str) -> bool:
    """Return whether an event touched personal data: it says so, or its type does."""
    return bool(pii and (pii.fields or pii.classes)) or action.startswith(_PERSONAL)


def _continued(part: Part, event_id: bytes) -> bytes | None:
    """Return the event_id of the first entry, None where this one is that or none."""
    of = ids.packed(part.of) if part.n > 1 else None
    return None if of == event_id else of


def _authority(result: str, stated: object) -> str:
    """Return on whose authority an event with this result and authorization was done.

    What was refused was denied, whatever else it states; break glass comes before
    allowed, of which it is a kind.
    """
    if result == DENIED:
        return DENIED
    if not isinstance(stated, _STATED):
        return UNEXPLAINED
    if stated.decision == "denied":
        return DENIED
    if stated.basis == "break_glass":
        return BREAK_GLASS
    return AUTHORISED if stated.decision == "allowed" else UNEXPLAINED


def fold(text: str) -> str:
    """Return a name as it is projected: at most 200 characters, A-Z in lower case."""
    return text[:MAX_CHARACTERS].translate(_FOLD)


def _packed(text: str) -> bytes | None:
    if len(text) > LONGEST_ADDRESS:
        return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.scope_id is not None:
        return None
    return found.packed


class _Known(dict[str | None, Any]):
    """What a function gives for a text, kept, since names and addresses recur."""

    def __init__(self, function: Callable[[str], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str | None) -> Any:  # noqa: ANN401
        result = None if text is None else self._function(text)
        # what is kept is short, whatever a writer sends
        if text is None or len(text) <= MAX_CHARACTERS:
            if len(self) >= _KEPT:
                self.clear()
            self[text] = result
        return result

    def of(self, given: list[Any]) -> list[Any]:
        """Return the results for many; None for what is no text."""
        try:
            return list(map(self.__getitem__, given))
        except TypeError:  # an object stands in the place of a text
            return [self[text] if type(text) is str else None for text in given]


_FOLDED = _Known(fold)
_ADDRESSES = _Known(_packed)
