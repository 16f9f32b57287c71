"""Stating: from what an application passes to the canonical bytes that are recorded.

Guarantees: an `Event`, a mapping with the keys of `spec/event.md`, or keywords give
the same bytes; what cannot be recorded is refused here, where the caller can still
act, and never later. Every event passes redaction, and then what is marked as personal
leaves it (`protection`). The same input with the same eventId and timestamp gives the
same bytes, always (within one process, where values are personal): recording it twice
is safe.

Ids are spared by redaction where they only look like a card number, since a masked id
would make two things one; a token or a private key does not become an id and is cut
there too. `action`, `result`, `eventId` and `timestamp` are checked instead.

Does not: escape keys that begin with ``$`` (the sealer does, for every writer alike).
Pure: the clock and randomness are arguments.
"""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

import msgspec

from prooftrail.capture import continuation, protection
from prooftrail.capture.assignments import MARK
from prooftrail.capture.envelopes import Envelopes
from prooftrail.capture.redaction import Redactor
from prooftrail.catalog.event_type import EventType
from prooftrail.core import catalog, events, ids, instants, jcs, normal
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from prooftrail.core.jcs import Value

MAX_BYTES = 255 * 1024  # of 256 KiB; the rest is for `$source` and escapes

_KEYS = dict(
    zip(
        events.Event.__struct_fields__,
        events.Event.__struct_encode_fields__,
        strict=True,
    )
)
# Spellings of Python that would be accepted as unknown keys and then be missed.
_SPELLED = {
    snake: camel
    for struct in (events.Actor, events.OnBehalfOf)
    for snake, camel in zip(
        struct.__struct_fields__, struct.__struct_encode_fields__, strict=True
    )
    if snake != camel
}


class Fields(TypedDict, total=False):
    """The keywords of `record`: the fields of an event."""

    actor: events.Actor | Mapping[str, Any]
    action: str | EventType
    result: Literal["success", "failure", "denied"]
    event_id: str | UUID
    timestamp: str | datetime
    resource: events.Resource | Mapping[str, Any] | None
    details: Mapping[str, Any] | None
    subjects: Sequence[str | int | UUID]
    part: events.Part | Mapping[str, Any] | None
    changes: Sequence[events.Change | Mapping[str, Any]]
    pii: events.Pii | Mapping[str, Any] | None
    authorization: events.Authorization | Mapping[str, Any] | None
    context: Mapping[str, Any] | None
    purpose: str | None
    ticket: str | None


class Stated(NamedTuple):
    """An event as it will be recorded."""

    event_id: str
    texts: list[str]  # canonical JSON; the continuation entries after the first
    envelopes: list[bytes | None]  # of each: its personal values, encrypted


class Stating:
    """States events for one recorder.

    Args:
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        known: the catalog.
        redactor: with the application's own secret names.
        envelopes: protects personal values; by default they are dropped.

    Safe to be shared by threads.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        known: catalog.Catalog = catalog.OPEN,
        redactor: Redactor | None = None,
        envelopes: Envelopes | None = None,
    ) -> None:
        self._clock = clock
        self._random = random
        self._known = known
        self._redactor = redactor if redactor is not None else Redactor()
        self.secret_names = self._redactor.stated  # the application's own
        self._envelopes = (
            envelopes
            if envelopes is not None
            else Envelopes(lambda: None, random=random)
        )

    def state(
        self,
        event: events.Event | Mapping[str, Any] | None,
        fields: Mapping[str, Any],
        *,
        stream: str = "main",
    ) -> Stated:
        """Return the event's canonical texts, and envelopes.

        Args:
            event: the event, or None where `fields` state it.
            fields: the keywords of `Fields`.
            stream: where it goes: its envelope can be opened there only.

        Raises:
            EventError: it cannot be recorded; names the field and the remedy.
        """
        given = _given(event, fields)
        if isinstance(action := given.get("action"), EventType):
            given["action"] = action.name
        _texts_for_ids(given)
        given, marks = protection.lift(given)
        value = normal.plain(given)
        if not isinstance(value, dict):  # pragma: no cover  a dict stays one
            raise EventError("an event is a JSON object")
        value = self._redacted(value)
        now_us = self._clock()
        _complete(value, now_us, self._random)
        pending = protection.take(value, marks) if marks else []
        parts = continuation.split(value, limit=MAX_BYTES)
        envelopes: list[bytes | None] = [None] * len(parts)
        for index, part in enumerate(parts if pending else ()):
            # parts share what they repeat, and each commits to its own eventId
            parts[index] = own = deepcopy(part) if len(parts) > 1 else part
            envelopes[index] = self._envelopes.protect(
                own, pending, stream=stream, now_us=now_us
            )
        texts = [
            self._text(part, now_us, enveloped=envelope is not None)
            for part, envelope in zip(parts, envelopes, strict=True)
        ]
        return Stated(str(value["eventId"]), texts, envelopes)

    def _text(self, value: dict[str, Value], now_us: int, *, enveloped: bool) -> str:
        data = jcs.canonical_of_plain(value)
        size = len(data)
        if b'"$' in data and size <= MAX_BYTES:
            # what was protected is a level deeper: all of it is looked at again
            size = len(jcs.canonical(normal.escape(value, enveloped=enveloped)))
        if size > MAX_BYTES:
            raise EventError(
                f"the event has {size} bytes; at most {MAX_BYTES} are recorded: keep "
                "the large part elsewhere and record its digest"
            )
        checked = events.check(data, value, now_us=now_us, known=self._known)
        address = checked.actor.ip_address
        if isinstance(address, str) and not _is_address(address):
            raise EventError(
                f"actor.ipAddress {address[:80]!r} is no IP address: a host name goes "
                "into actor.host"
            )
        return data.decode()

    def _redacted(self, value: dict[str, Value]) -> dict[str, Value]:
        """Redact all but the ids, and from these only what no id can be."""
        subjects = value.pop("subjects", None)
        clean: dict[str, Value] = self._redactor.redact(value)[0]
        if subjects is not None:
            clean["subjects"] = (
                [self._id(subject) for subject in subjects]
                if isinstance(subjects, list)
                else subjects
            )
        for name in ("eventId", "timestamp", "action", "result"):
            if name in value:
                clean[name] = value[name]
        self._restore(clean.get("part"), value.get("part"), "of", "n", "total")
        self._restore(clean.get("actor"), value.get("actor"), "userId")
        self._restore(clean.get("resource"), value.get("resource"), "id", "type")
        actor, before = clean.get("actor"), value.get("actor")
        if isinstance(actor, dict) and isinstance(before, dict):
            self._restore(actor.get("onBehalfOf"), before.get("onBehalfOf"), "userId")
        return clean

    def _restore(self, clean: Value, before: Value, *names: str) -> None:
        if isinstance(clean, dict) and isinstance(before, dict):
            for name in names:
                if name in before:
                    clean[name] = self._id(before[name])

    def _id(self, value: Value) -> Value:
        if not isinstance(value, str):
            return value
        clean = self._redactor.text(value)
        return clean if MARK in clean else value


def _given(
    event: events.Event | Mapping[str, Any] | None, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what was passed as one dict with the event's own keys."""
    if event is None:
        unknown = fields.keys() - _KEYS.keys()
        if unknown:
            raise EventError(
                f"record() takes no {min(unknown)!r}: your own fields go into "
                f"'details'; the keywords are {', '.join(_KEYS)}"
            )
        return {
            _KEYS[name]: _opened(item)
            for name, item in fields.items()
            if item is not None
        }
    if fields:
        raise EventError(
            f"record() was given an event and {min(fields)!r} beside it: put it into "
            "the event"
        )
    opened = _opened(event)
    if not isinstance(opened, dict):
        raise EventError(
            f"record() was given a {type(event).__name__}: pass an Event, a mapping "
            "with keys such as 'action', or keywords"
        )
    return opened


def _opened(value: object) -> object:
    """Return a struct of ours, or a mapping, as a dict of its own, one level deep."""
    if isinstance(value, events.Change):
        # from nothing and to nothing are changes: None is a value here
        return {"field": value.field, "before": value.before, "after": value.after}
    if isinstance(value, msgspec.Struct) and type(value).__module__ == events.__name__:
        names = zip(
            value.__struct_fields__, value.__struct_encode_fields__, strict=True
        )
        found = ((camel, getattr(value, snake)) for snake, camel in names)
        return {
            name: _opened(item)
            for name, item in found
            if item is not None and item != []
        }
    if isinstance(value, list | tuple):
        return [_opened(x) if isinstance(x, msgspec.Struct) else x for x in value]
    if hasattr(value, "items") and hasattr(value, "keys"):
        return dict(value.items())
    return value


def _texts_for_ids(given: dict[str, Any]) -> None:
    """Write ids that are integers as texts, and refuse Python's spelling of keys."""
    for name in ("actor", "resource"):
        inner = given[name] = _opened(given[name]) if name in given else None
        if inner is None:
            del given[name]
        elif isinstance(inner, dict):
            _spell(inner, name)
    subjects = given.get("subjects")
    if isinstance(subjects, list | tuple | set | frozenset):
        given["subjects"] = [_text_for_id(subject) for subject in subjects]
        if isinstance(subjects, set | frozenset):
            given["subjects"].sort(key=str)  # a set has no order; the bytes need one


def _spell(inner: dict[str, Any], place: str) -> None:
    for name in ("userId", "id"):
        if name in inner:
            inner[name] = _text_for_id(inner[name])
    for name in inner:
        if name in _SPELLED:
            raise EventError(f"{place}.{name} is spelled {place}.{_SPELLED[name]}")
    other = inner.get("onBehalfOf")
    if other is not None:
        inner["onBehalfOf"] = other = _opened(other)
        if isinstance(other, dict):
            _spell(other, f"{place}.onBehalfOf")


def _text_for_id(value: object) -> object:
    return str(value) if type(value) is int else value


def _complete(
    value: dict[str, Value], now_us: int, random: Callable[[int], bytes]
) -> None:
    """Give the event its id and its time, or bring those it has into form."""
    event_id = value.get("eventId")
    if event_id is None:
        value["eventId"] = ids.uuid7(now_us, random(8))
    elif isinstance(event_id, str):
        value["eventId"] = ids.check(event_id)
    else:
        raise EventError("eventId is no text: leave it out and one is made")
    at = value.get("timestamp")
    if at is None:
        value["timestamp"] = instants.text(now_us)
    elif isinstance(at, str):
        value["timestamp"] = instants.convert(at)


@lru_cache(maxsize=4096)
def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
