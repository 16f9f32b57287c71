"""Events: the typed shape of what happened, and what is refused.

Guarantees: `check` accepts exactly the events of `spec/event.md`: who (`actor`),
what (`action`) and outcome (`result`) are there, ids are texts of bearable length,
known keys have their types, and no unknown key stands at the top where it would be
a typing error. What it accepts, the sealer seals and `projection` projects.

Does not: change an event (`normal` does), nor know the database.

Keys are camelCase on the wire and snake_case in Python.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from prooftrail.core import catalog, ids, instants
from prooftrail.errors import EventError

Result: TypeAlias = Literal["success", "failure", "denied"]
ActorType: TypeAlias = Literal["user", "service", "system", "anonymous"]
Decision: TypeAlias = Literal["allowed", "denied"]
Basis: TypeAlias = Literal[
    "role", "permission", "grant", "break_glass", "self", "system"
]
# A text, or the `$protected` object that stands in its place.
Personal: TypeAlias = str | dict[str, Any] | None

MAX_ID = 1_000  # characters; an id is never cut, so a longer one is refused
MAX_SUBJECTS = 1_000  # ids in one entry; more go into continuation entries
AHEAD_US = 5 * instants.MINUTE  # how far ahead of the clock a time may lie


class _Base(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Camel case on the wire, absent keys left out."""


class OnBehalfOf(_Base):
    """The person whose rights an impersonator used."""

    user_id: str
    email: Personal = None
    role: Personal = None


class Actor(_Base):
    """Who did it. `user_id` is required unless `type` is anonymous."""

    user_id: str | None = None
    type: ActorType | None = None
    email: Personal = None
    name: Personal = None
    role: Personal = None
    ip_address: Personal = None  # an address; a host name goes to `host`
    host: Personal = None
    user_agent: Personal = None
    session_id: Personal = None  # a keyed hash, never the session's own secret
    on_behalf_of: OnBehalfOf | None = None


class Resource(_Base):
    """What it was done to."""

    type: str
    id: str | None = None
    name: Personal = None


class Part(_Base):
    """A continuation: entry `n` of `total` that state event `of` together."""

    of: str
    n: int
    total: int


class Change(_Base):
    """One field before and after."""

    field: str
    before: Any = None
    after: Any = None


class Pii(_Base):
    """Which personal data was touched."""

    fields: list[str] = []
    classes: list[str] = []


class Authorization(_Base):
    """On whose authority, frozen when it was decided."""

    decision: Decision | None = None
    basis: Basis | None = None
    name: str | None = None
    policy: str | None = None
    grant: str | None = None
    approval: dict[str, Any] | None = None


class Event(_Base):
    """One business event, as the application states it."""

    actor: Actor
    action: str
    result: Result
    event_id: str | None = None  # made at recording where absent
    timestamp: str | None = None  # likewise
    resource: Resource | None = None
    details: dict[str, Any] | None = None
    subjects: list[str] = []
    part: Part | None = None
    changes: list[Change] = []
    pii: Pii | None = None
    authorization: Authorization | None = None
    context: dict[str, Any] | None = None
    purpose: Personal = None
    ticket: Personal = None


KEYS = frozenset(Event.__struct_encode_fields__)
_DECODER = msgspec.json.Decoder(Event)
_CHOICES = {
    place: get_args(choice)
    for place, choice in {
        "result": Result,
        "actor.type": ActorType,
        "authorization.decision": Decision,
        "authorization.basis": Basis,
    }.items()
}


def check(
    data: bytes,
    keys: object,
    *,
    now_us: int,
    known: catalog.Catalog = catalog.OPEN,
) -> Event:
    """Return the event that `data` states.

    Args:
        data: canonical bytes of a JSON object.
        keys: the object's top-level keys (or the object).
        now_us: the present, microseconds; no `timestamp` may be 5 minutes ahead.
        known: the catalog.

    Raises:
        EventError: names the field and what to do.
    """
    if not isinstance(keys, dict):
        raise EventError("an event is a JSON object: see spec/event.md for an example")
    event = decode(data)
    if not keys.keys() <= KEYS:
        _refuse_unknown(keys.keys() - KEYS)
    action, actor = event.action, event.actor
    if len(action) > MAX_ID:
        _refuse_length("action", action)
    catalog.check_name(action)
    if known.strict:
        known.check(action)
    if not actor.user_id and actor.type != "anonymous":
        raise EventError(
            "actor.userId is missing: say who did it, or set actor.type to "
            "'anonymous' where nobody is known"
        )
    _check_times(event, now_us)
    _check_ids(event)
    return event


def decode(data: bytes) -> Event:
    """Decode the typed part of an event.

    Raises:
        EventError: a known key is missing or has another type.
    """
    try:
        return _DECODER.decode(data)
    except msgspec.ValidationError as error:
        raise EventError(_explain(str(error))) from error
    except msgspec.DecodeError as error:
        raise EventError(f"not a JSON object: {error}") from error


def _explain(message: str) -> str:
    required = {
        "`actor`": "actor is missing: who did it?",
        "`action`": "action is missing: what was done?",
        "`result`": "result is missing: success, failure or denied?",
    }
    for name, text in required.items():
        if message.startswith(f"Object missing required field {name}") and (
            " - at " not in message
        ):
            return text
    what, _, where = message.partition(" - at `$")
    place = where.rstrip("`").lstrip(".") or "the event"
    if place in _CHOICES and what.startswith("Invalid enum value"):
        return f"{place} must be one of {', '.join(_CHOICES[place])}"
    return f"{place}: {what[:1].lower()}{what[1:]}"


def _refuse_unknown(unknown: set[str]) -> None:
    for key in sorted(unknown):
        if key.startswith("$"):
            continue
        near = get_close_matches(key, sorted(KEYS), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise EventError(
            f"the key {key[:80]!r} is not known at the top of an event: {hint}"
            "Your own fields go into 'details'"
        )


def _check_times(event: Event, now_us: int) -> None:
    if event.timestamp is not None:
        try:
            at = instants.microseconds(event.timestamp)
        except EventError as error:
            raise EventError(f"timestamp: {error}") from error
        if at > now_us + AHEAD_US:
            raise EventError(
                f"timestamp {event.timestamp} is more than 5 minutes ahead of the "
                f"clock ({instants.text(now_us)}): check the clock of the machine"
            )
    if event.event_id is not None:
        if ids.check(event.event_id) != event.event_id:
            raise EventError("eventId must be written in lower case")
        if event.event_id[14] == "7":
            milli = int(event.event_id[:8] + event.event_id[9:13], 16)
            if milli * 1000 > now_us + AHEAD_US:
                raise EventError(
                    f"eventId {event.event_id} carries a time more than 5 minutes "
                    "ahead of the clock: check the clock of the machine"
                )


def _check_ids(event: Event) -> None:
    if len(event.subjects) > MAX_SUBJECTS:
        raise EventError(
            f"subjects has {len(event.subjects)} ids, at most {MAX_SUBJECTS} fit one "
            "entry: record() splits them into continuation entries"
        )
    for name, found in (
        ("actor.userId", event.actor.user_id),
        ("resource.type", event.resource and event.resource.type),
        ("resource.id", event.resource and event.resource.id),
    ):
        if found and len(found) > MAX_ID:
            _refuse_length(name, found)
    for subject in event.subjects:
        if len(subject) > MAX_ID:
            _refuse_length("subjects", subject)


def _refuse_length(name: str, found: str) -> None:
    raise EventError(
        f"{name} has {len(found)} characters; an id is never cut and has at most "
        f"{MAX_ID}"
    )
