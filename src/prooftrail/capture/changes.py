"""Changes: what two states of a thing differ in, as an event's `changes`.

    >>> diff({"plan": "free", "seats": 3}, {"plan": "pro", "seats": 3})
    [Change(field='plan', before='free', after='pro')]

Guarantees: only what differs, in the order of the fields, nested things by path
(``address.city``); lists whole. What is marked as personal comes as `Personal`, with
its class and its subject, in objects within lists and columns, too. What a name
announces as secret (a password's hash) is shown as changed and nothing of it, neither
before nor after.

Pure, and total: values that cannot be compared count as different.

Does not: read what is not there yet; whoever has lazy attributes loads them first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from prooftrail.capture import personal_fields
from prooftrail.capture.assignments import MARK
from prooftrail.capture.draft import current_draft
from prooftrail.capture.effects import Change
from prooftrail.capture.protection import NOBODY, Personal
from prooftrail.capture.secret_names import Kind, SecretNames
from prooftrail.core import jcs, normal
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.capture.draft import Draft
    from prooftrail.capture.protection import Whose

UNTOLD: Final = "[cannot be recorded]"

_NAMES = SecretNames()
_USUAL = frozenset({str, int, bool, UUID})
_SECRET = frozenset({Kind.SECRET, Kind.CREDENTIALS, Kind.COUNTABLE})


class _All(Enum):
    """That all of a value is personal, so that nothing in it is marked once more."""

    ALL = "all"


_ALL: Final = _All.ALL


def diff(
    before: object,
    after: object,
    *,
    model: object = None,
    subject: object = None,
) -> list[Change]:
    """Return what differs.

    Args:
        before: a mapping, pydantic object, dataclass, msgspec Struct or attrs object;
            None for what was not there.
        after: likewise.
        model: whose personal fields are meant, where the objects do not tell: a class
            or a name that `personal_fields.mark` was told.
        subject: whose data it is; by default the field that the model names, else the
            subject is the event's resource.

    Raises:
        EventError: it is none of these.
    """
    known = _marked(model, after, before)
    whose = subject if subject is not None else _subject(known, after, before)
    made = _Diff(None if whose is None else str(whose))
    made.between(fields(before), fields(after), "", known.classes)
    return made.found


def changes(
    before: object,
    after: object,
    *,
    model: object = None,
    subject: object = None,
    draft: Draft | None = None,
) -> list[Change]:
    """Add what differs to the event that is being stated here, flags included.

    Args:
        before: see `diff`, as the others.
        after: see `diff`.
        model: see `diff`.
        subject: see `diff`.
        draft: the event, if not the innermost one.

    Raises:
        EventError: no event is being stated, or it is nothing that has fields.
    """
    own = draft or current_draft()
    if own is None:
        raise EventError(
            "no event is being stated here: call changes() inside of a request, of "
            "@audited, or of 'with prooftrail.event(...)'; or record(changes=...)"
        )
    found = diff(before, after, model=model, subject=subject)
    for one in found:
        own.change(one.field, one.before, one.after)
    flag(own, found)
    return found


def flag(draft: Draft, found: Iterable[Change]) -> None:
    """Flag the personal data that changes show."""
    for one in found:
        for path, value in one.marks():
            draft.touch([path], [value.cls])
            draft.subject(value.subject)


def personal(value: object, cls: str | None, subject: Whose) -> object:
    """Return a value as an event can hold it, what is personal in it marked.

    Args:
        value: what an application has; objects in it are told field by field, and
            those of their fields that are marked are marked here.
        cls: the class of data of all of it; None if it has none.
        subject: whose it is.
    """
    if value is None or isinstance(value, Personal):
        return value
    if type(value) in _USUAL:
        return value if cls is None else Personal(value, cls, subject)
    try:
        kept = _recordable(value, subject if cls is None else _ALL, 0)
    except EventError:
        kept = UNTOLD
    return kept if cls is None else Personal(kept, cls, subject)


def _recordable(value: object, whose: Whose | _All, depth: int) -> object:
    """Return a value, or a text for one that no event can hold.

    Of bytes that is their number and SHA-256: enough to see whether they are these.

    Raises:
        EventError: it is too deep, or two keys are one.
    """
    if type(value) in _USUAL or value is None or isinstance(value, Personal):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        held = bytes(value)
        return f"[{len(held)} bytes, sha256:{sha256(held).hexdigest()}]"
    if depth > jcs.MAX_DEPTH:
        raise EventError("nested too deep")
    if has_fields(value):
        return _recorded_fields(value, whose, depth)
    if isinstance(value, AbstractSet):
        value = sorted(value, key=str)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_recordable(item, whose, depth + 1) for item in value]
    try:
        normal.plain(value)
    except (EventError, RecursionError):
        # the text of an object may show what is marked in it
        shows = isinstance(whose, _All) or not personal_fields.fields_of(value)
        return str(value) if shows else f"[a {type(value).__name__}]"
    return value


def _recorded_fields(value: object, whose: Whose | _All, depth: int) -> object:
    inner = fields(value)
    if isinstance(value, Mapping):
        if len(inner) != len(value):
            raise EventError("two keys are one")
        known = personal_fields.Marked({})
    else:
        known = personal_fields.marked(value)
    if isinstance(whose, _All):
        return {name: _recordable(one, whose, depth + 1) for name, one in inner.items()}
    if known.subject is not None and (whose is None or whose is NOBODY):
        named = inner.get(known.subject)
        whose = whose if named is None or named == "" else str(named)
    return {
        name: MARK
        if _hides(one)
        else _recordable(one, whose, depth + 1)
        if (cls := known.classes.get(name)) is None
        else personal(one, cls, whose)
        for name, one in inner.items()
    }


def one(
    field: str,
    before: object,
    after: object,
    cls: str | None,
    whose: tuple[Whose, Whose],
) -> Change:
    """Return one field's change, as it may be shown.

    Args:
        field: its name.
        before: its value.
        after: likewise.
        cls: the class of data; None if it is not personal.
        whose: they are, before and after.
    """
    if is_secret(field) or _hides(before) or _hides(after):
        return Change(field, MARK, MARK)
    was, is_ = whose
    return Change(field, personal(before, cls, was), personal(after, cls, is_))


def is_secret(path: str) -> bool:
    """Whether a field's name announces a secret."""
    return _NAMES.kind(path.rpartition(".")[2]) in _SECRET


def _hides(value: object) -> bool:
    """Whether a value is one that its own library hides, like pydantic's SecretStr."""
    return hasattr(value, "get_secret_value")


def differ(before: object, after: object) -> bool:
    """Whether two values differ; what cannot be compared does."""
    try:
        return type(before) is not type(after) or bool(before != after)
    except Exception:  # noqa: BLE001  an application's own __eq__
        return True


class _Diff:
    def __init__(self, subject: str | None) -> None:
        self._subject = subject
        self.found: list[Change] = []

    def between(
        self,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        path: str,
        classes: Mapping[str, str],
        depth: int = 0,
    ) -> None:
        for name in {**before, **after}:
            field = f"{path}{name}"
            old, new = before.get(name), after.get(name)
            cls = classes.get(field)
            if is_secret(field):
                if differ(old, new):
                    self.found.append(Change(field, MARK, MARK))
            elif cls is None and depth < jcs.MAX_DEPTH and _nested(old, new):
                inner = {
                    f"{field}.{key}": one
                    for value in (old, new)
                    for key, one in personal_fields.fields_of(value).items()
                }
                self.between(
                    fields(old),
                    fields(new),
                    f"{field}.",
                    {**inner, **classes},
                    depth + 1,
                )
            elif differ(old, new):
                whose = (self._subject, self._subject)
                self.found.append(one(field, old, new, cls, whose))


def _nested(before: object, after: object) -> bool:
    """Whether two values are to be told field by field."""
    there = [one for one in (before, after) if one is not None]
    return bool(there) and all(has_fields(one) for one in there)


def has_fields(value: object) -> bool:
    """Whether a value is a thing with fields."""
    return (
        isinstance(value, Mapping | msgspec.Struct)
        or (dataclasses.is_dataclass(value) and not isinstance(value, type))
        or hasattr(type(value), "model_fields")
        or hasattr(type(value), "__attrs_attrs__")
    )


def fields(value: object) -> Mapping[str, Any]:
    """Return a thing's fields, one level deep.

    Raises:
        EventError: it has none that are known.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    kind: Any = type(value)
    names: Iterable[str]
    if isinstance(value, msgspec.Struct):
        names = kind.__struct_fields__
    elif hasattr(kind, "model_fields"):
        names = kind.model_fields
    elif dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
    elif hasattr(kind, "__attrs_attrs__"):
        names = [field.name for field in kind.__attrs_attrs__]
    else:
        raise EventError(
            f"a {kind.__name__} has no fields that can be told apart: pass mappings, "
            "such as {'plan': account.plan}, before and after"
        )
    return {name: getattr(value, name) for name in names}


def _marked(*candidates: object) -> personal_fields.Marked:
    for one in candidates:
        if one is None:
            continue
        found = personal_fields.marked(one)
        if found.classes or found.subject:
            return found
    return personal_fields.Marked({})


def _subject(known: personal_fields.Marked, *states: object) -> object:
    if known.subject is None:
        return None
    for state in states:
        found = fields(state).get(known.subject)
        if found is not None:
            return found
    return None
