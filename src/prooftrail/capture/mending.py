r"""Mending: what of an event cannot be recorded costs itself alone, never the event.

    {"reason": "case 4 \ud800"}  ->  {"reason": "case 4 \ufffd",
                                     "not_recorded": ["details.reason"]}

Guarantees: a text that JSON cannot hold (U+0000, a lone surrogate) has U+FFFD in these
places; a value without a spelling (bytes, NaN, an object) is `UNTOLD`; an id that
cannot be written, or is longer than an id may be, is `sha256:` and the digest of its
text, so that two things never become one. `details.not_recorded` names what was not
recorded as it was. Where that is not enough, texts are cut shorter, with the mark that
cut texts have; at last members are left out, those that say who, what, to what and
whose at the very end.

Does not: choose. It is for events whose caller cannot be told any more; `record`
refuses what `mended` would repair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from prooftrail.capture.changes import UNTOLD
from prooftrail.capture.protection import NOBODY, Personal
from prooftrail.core import events, jcs, normal
from prooftrail.core.protected import MAX_SUBJECT
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
_IDS = frozenset({"actor.userId", "actor.onBehalfOf.userId", "resource.id"})
_SUBJECTS = "subjects"
_DEEPEST = jcs.MAX_DEPTH - 3  # what is protected stands two levels deeper
_SHORT, _SHORTEST = 500, 50  # characters
_NAMED, _NAME = 20, 200  # so many places are named, in so many characters

# What an event can do without, in the order in which it is left out.
_LEFT_OUT: tuple[tuple[str, ...], ...] = (
    ("details",),
    ("changes",),
    ("details", "changes"),
    ("details", "changes", "authorization", "context", "purpose", "ticket"),
    (
        *("details", "changes", "authorization", "context", "purpose", "ticket"),
        *("resource", "subjects", "pii"),
    ),
)


def mended(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give an event in forms that may be recorded, the most complete one first.

    Args:
        event: in camelCase, as `Draft.stated` gives it.
    """
    for longest in (normal.MAX_TEXT, _SHORT, _SHORTEST):
        yield _Mending(longest).event(event)
    short = _Mending(_SHORT).event(event)
    for names in _LEFT_OUT:
        details = {} if "details" in names else short.get("details", {})
        told = [*details.get("not_recorded", ()), *(n for n in names if n in event)]
        kept = {name: item for name, item in short.items() if name not in names}
        yield {**kept, "details": {**details, "not_recorded": told[-_NAMED:]}}
    # an actor that is not one costs who it was, and nothing else costs the event
    actor = short["actor"] if isinstance(short.get("actor"), dict) else {}
    for who in (
        {name: actor[name] for name in ("userId", "type") if name in actor},
        {"type": "anonymous"},
    ):
        told = ["actor", *(name for name in _LEFT_OUT[-1] if name in event)]
        said = {name: event[name] for name in ("action", "result")}
        yield {**said, "actor": who, "details": {"not_recorded": told}}


class _Place(NamedTuple):
    """Where a value stands."""

    name: str  # dotted
    depth: int

    def under(self, key: str) -> _Place:
        return _Place(f"{self.name}.{key}" if self.name else key, self.depth + 1)


class _Mending:
    """One event's mending.

    Args:
        longest: characters of a text that is no id.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._not_recorded: dict[str, None] = {}

    def event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self._value(event, _Place("", 1))
        if self._not_recorded:
            named = [name[:_NAME] for name in self._not_recorded][:_NAMED]
            made["details"] = {**made.get("details", {}), "not_recorded": named}
        return made

    def _value(self, value: object, place: _Place) -> Any:  # noqa: ANN401  JSON-like
        try:
            return self._opened(value, place)
        except Exception:  # noqa: BLE001  objects of the application's own
            return self._untold(place)

    def _opened(self, value: object, place: _Place) -> Any:  # noqa: ANN401
        if type(value) is Personal:
            subject = value.subject and self._id(value.subject, place, MAX_SUBJECT)
            mask = value.mask and _writable(value.mask)
            whose = NOBODY if value.nobody else subject
            return Personal(self._value(value.value, place), value.cls, whose, mask)
        if isinstance(value, str):
            return self._text(str.__str__(value), place)
        if place.depth > _DEEPEST:
            jcs.canonical(normal.plain(value, depth=place.depth))
            return value if _is_scalar(value) else self._untold(place)
        if isinstance(value, msgspec.Struct):
            names = zip(
                value.__struct_encode_fields__, value.__struct_fields__, strict=True
            )
            value = {name: getattr(value, own) for name, own in names}
        if isinstance(value, Mapping):
            return self._object(value, place)
        if isinstance(value, AbstractSet):
            value = sorted(value, key=str)
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
            # a place in a list has the list's name: there may be thousands
            inner = _Place(place.name, place.depth + 1)
            return [self._value(item, inner) for item in value]
        jcs.canonical(normal.plain(value))
        return value

    def _object(self, value: Mapping[Any, Any], place: _Place) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, item in value.items():
            try:
                key = _writable(normal.spell_key(name))
            except EventError:
                key = UNTOLD
                self._untold(place)
            if key in made or len(key) > normal.MAX_TEXT:
                self._untold(place)
                continue
            made[key] = self._value(item, place.under(key))
        return made

    def _text(self, text: str, place: _Place) -> str:
        if place.name in _IDS or place.name == _SUBJECTS:
            return self._id(text, place, events.MAX_ID)
        clean = _writable(text)
        if clean != text or len(text) > self._longest:
            self._not_recorded[place.name] = None
        return normal.cut(clean, self._longest)

    def _id(self, text: str, place: _Place, longest: int) -> str:
        data = text.encode(errors="surrogatepass")
        size = len(data) if longest == MAX_SUBJECT else len(text)
        if size <= longest and not _UNWRITABLE.search(text):
            return text
        self._not_recorded[place.name] = None
        return f"sha256:{sha256(data).hexdigest()}"

    def _untold(self, place: _Place) -> str:
        self._not_recorded[place.name] = None
        return UNTOLD


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


def _is_scalar(value: object) -> bool:
    return not isinstance(value, Mapping | Sequence | AbstractSet | msgspec.Struct)
