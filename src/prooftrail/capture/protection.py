"""Protection: how an application marks a personal value, and what takes its place.

    prooftrail.record(
        actor={"userId": "usr_1"}, action="customer.email.update", result="success",
        resource={"type": "customer", "id": "cust_7",
                  "name": Personal("Ann Example", "person.name")},
        changes=[{"field": "email",
                  "before": Personal("a@example.com", "contact.email"),
                  "after": Personal("b@example.com", "contact.email")}])

Guarantees: a marked value passes redaction like any other, and never gets into the
event: a `$protected` object stands in its place, and the value travels in the envelope,
encrypted to the keeper. Where it cannot be protected, it is dropped or the event is
refused, as configured; it is never written plain. Ids, action, result and times cannot
be marked, nor whole actors and resources: these are what the trail is for.

Pure: encryption is `capture.envelopes`.

Source: design, "Personal values"; `spec/protected.md`; docs/adr/0014.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import msgspec

from prooftrail.core import events, jcs, normal, protected
from prooftrail.core.protected import MAX_SUBJECT
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from prooftrail.core.jcs import Value

HIDDEN = "***"
MAX_CLASS = 100  # characters

_CLASS = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_UNKNOWN = "sha256:" + "0" * 64

_SCALARS = frozenset({str, int, float, bool, type(None)})
_MOST = 10_000  # containers that are looked through in a hurry

Step: TypeAlias = str | int


class Nobody(Enum):
    """Whose a value is that is known to be nobody's."""

    NOBODY = "nobody"


NOBODY: Final = Nobody.NOBODY
Whose: TypeAlias = str | Nobody | None  # None: whoever the event is about


class Personal:
    """A personal value, to stand anywhere in an event where a value may.

    Its place may be within `details`, `changes` and `context`, at any depth, in lists
    too; or a field of `actor` or `resource` other than an id or a type.

    Args:
        value: what `record` takes there: a text, number, time, list or dict; None too.
        cls: the class of data, dotted, such as ``contact.email``; lower case.
        subject: whose value it is, an id. By default the actor's `userId` for what
            stands in `actor`, else `resource.id`; where there is none, or it is
            NOBODY, the value belongs to nobody and cannot be erased with a person.
        mask: what a reader without the right sees; by default `mask_of` makes it.

    Raises:
        EventError: `cls` is none.

    >>> Personal("ann@example.com", "contact.email")
    Personal('contact.email', subject=None)
    """

    # no dataclass: encoders write these out, and this must never be written
    __slots__ = ("cls", "mask", "nobody", "subject", "value")

    def __init__(
        self,
        value: object,
        cls: str,
        subject: Whose = None,
        mask: str | None = None,
    ) -> None:
        self.nobody = subject is NOBODY
        subject = None if isinstance(subject, Nobody) else subject
        if len(cls) > MAX_CLASS or not _CLASS.fullmatch(cls):
            raise EventError(
                f"the class {cls[:MAX_CLASS]!r} of a personal value: write dotted "
                "names in lower case, such as contact.email"
            )
        if (
            subject is not None
            and not 0 < len(subject.encode(errors="surrogatepass")) <= MAX_SUBJECT
        ):
            raise EventError(
                f"the subject of a personal value has 1 to {MAX_SUBJECT} bytes: it is "
                "an id; leave it out where there is none"
            )
        self.value = value
        self.cls = cls
        self.subject = subject
        self.mask = mask

    def __repr__(self) -> str:
        return f"Personal({self.cls!r}, subject={self.subject!r})"


class Mark(NamedTuple):
    """A personal value that was taken out of its mark, and where it stands."""

    steps: tuple[Step, ...]
    personal: Personal


class Pending(NamedTuple):
    """A personal value, normalised and redacted, that is to be protected."""

    steps: tuple[Step, ...]
    cls: str
    subject: str | None
    value: Value  # as in event bytes
    mask: str | None

    @property
    def pointer(self) -> str:
        """Its RFC 6901 path in the event bytes, where users' ``$`` keys are escaped."""
        return protected.pointer(
            [
                normal.escaped_key(step) if isinstance(step, str) else step
                for step in self.steps
            ]
        )


def lift(value: object) -> tuple[Any, list[Mark]]:
    """Return `value` with each mark replaced by what it marks, and the marks.

    Where nothing is marked, `value` itself is returned.

    Raises:
        EventError: a mark stands where none may, or in a set; or more than 32 levels.
    """
    return _lift(value, ()) if _may_be_marked(value) else (value, [])


def _may_be_marked(value: object) -> bool:
    """Say no where nothing is marked, which is the usual case, and fast."""
    work = [value]
    for one in work:  # grows while it runs
        kind = type(one)
        if kind is dict:
            items: Any = one.values()  # type: ignore[attr-defined]
        elif kind is list or kind is tuple:
            items = one
        elif isinstance(
            one, Personal | msgspec.Struct | Mapping | Sequence | AbstractSet
        ):
            if not isinstance(one, str | bytes):
                return True
            continue
        else:
            continue
        work += [item for item in items if type(item) not in _SCALARS]
        if len(work) > _MOST:
            return True  # perhaps one that holds itself
    return False


def _lift(value: object, steps: tuple[Step, ...]) -> tuple[Any, list[Mark]]:
    if type(value) is Personal:
        if protected.pointer(steps) in protected.PLAIN:
            raise EventError(
                f"{'.'.join(map(str, steps)) or 'the event'} cannot be protected: ids "
                "are pseudonyms, and who did what stays readable"
            )
        return value.value, [Mark(steps, value)]
    if len(steps) > jcs.MAX_DEPTH:
        # here, not further on: what holds itself twice has ways without number
        raise EventError(f"nested deeper than {jcs.MAX_DEPTH} levels: flatten it")
    if isinstance(value, msgspec.Struct):
        lifted, marks = _lift(_opened(value), steps)
        return (lifted if marks else value), marks
    if isinstance(value, Mapping):
        return _lifted(value, [(normal.spell_key(key), key) for key in value], steps)
    if isinstance(value, list | tuple):
        return _lifted(value, [(index, index) for index in range(len(value))], steps)
    if isinstance(value, AbstractSet) and any(type(one) is Personal for one in value):
        raise EventError(
            "personal values stand in a set, which has no order: use a list"
        )
    return value, []


def _opened(value: msgspec.Struct) -> dict[str, Any]:
    names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    found = {name: getattr(value, own) for name, own in names}
    if isinstance(value, events.Change) or type(value).__module__ != events.__name__:
        return found
    return {name: item for name, item in found.items() if item is not None}


def _lifted(
    value: Any,  # noqa: ANN401  a mapping or a sequence
    places: list[tuple[Step, Any]],
    steps: tuple[Step, ...],
) -> tuple[Any, list[Mark]]:
    copy: Any = None
    marks: list[Mark] = []
    for step, key in places:
        item = value[key]
        if type(item) in _SCALARS:
            continue
        lifted, found = _lift(item, (*steps, step))
        if found:
            if copy is None:
                copy = dict(value) if isinstance(value, Mapping) else list(value)
            copy[key] = lifted
            marks += found
    return (value if copy is None else copy), marks


def take(value: dict[str, Value], marks: list[Mark]) -> list[Pending]:
    """Take the marked values out of a normalised, redacted event, in place.

    Each leaves a stand-in of the size of what will stand there.

    Raises:
        EventError: redaction changed the name that a value stands under.
    """
    pending = []
    for steps, personal in marks:
        above = _above(value, steps)
        if above is None:
            continue  # redaction took all of it out
        inner = normal.escape(above[steps[-1]])
        subject = personal.subject
        if subject is None and not personal.nobody:
            subject = _subject(value, steps)
        mask = personal.mask
        if mask is None:
            mask = mask_of(personal.cls, inner)
        made = Pending(steps, personal.cls, subject, inner, mask)
        if len(made.pointer.encode(errors="surrogatepass")) > protected.MAX_POINTER:
            raise EventError(
                f"a personal value stands at {made.pointer[:80]}..., under names of "
                f"more than {protected.MAX_POINTER} bytes: shorten them"
            )
        pending.append(made)
        above[steps[-1]] = protected.standing(personal.cls, _UNKNOWN, subject)
    return pending


def put(value: dict[str, Value], steps: tuple[Step, ...], standing: Value) -> bool:
    """Put what stands for a value in its place; False where the part has no such."""
    if steps[0] not in value:
        return False
    above = _above(value, steps)
    if above is None:
        return False
    above[steps[-1]] = standing
    return True


def _above(value: dict[str, Value], steps: tuple[Step, ...]) -> Any:  # noqa: ANN401
    """Return what holds the place; None if redaction replaced something above it."""
    here: Any = value
    for index, step in enumerate(steps):
        if type(here) is not dict and type(here) is not list:
            return None
        if type(here) is dict and step not in here:
            raise EventError(
                "a personal value stands under a name that holds a secret: name it "
                "otherwise"
            )
        if index < len(steps) - 1:
            here = here[step]  # type: ignore[index]  # an index, where it is a list
    return here


def _subject(value: dict[str, Value], steps: tuple[Step, ...]) -> str | None:
    holder, name = value.get("resource"), "id"
    if steps[0] == "actor":
        holder, name = value["actor"], "userId"
        if steps[1] == "onBehalfOf" and isinstance(holder, dict):
            holder = holder.get("onBehalfOf")
    found = holder.get(name) if isinstance(holder, dict) else None
    if (
        not isinstance(found, str)
        or not 0 < len(found.encode(errors="surrogatepass")) <= MAX_SUBJECT
    ):
        return None
    return found


def mask_of(cls: str, value: Value) -> str:
    """Return what a reader without the right sees of a value.

    >>> mask_of("contact.email", "dani@company.com")
    'd***@company.com'
    >>> mask_of("contact.phone", "+41 44 668 18 00")
    '***00'
    >>> mask_of("person.name", "Ada Lovelace")
    'A. L.'
    >>> mask_of("government.id", "756.9217.0769.85")
    '***'
    """
    if not isinstance(value, str):
        return HIDDEN
    kinds = cls.split(".")
    if "email" in kinds:
        name, at, domain = value.strip().rpartition("@")
        return f"{name[0]}{HIDDEN}@{domain}" if at and name and domain else HIDDEN
    if "phone" in kinds:
        digits = [one for one in value if one.isdigit()]
        return HIDDEN + "".join(digits[-2:]) if len(digits) > 6 else HIDDEN  # noqa: PLR2004
    if "name" in kinds:
        initials = [
            f"{word[0].upper()}." for word in value.split() if word[0].isalpha()
        ]
        return " ".join(initials[:3]) or HIDDEN
    return HIDDEN
