"""Personal fields: which fields of a model hold personal data, and of which class.

    class Customer(BaseModel):                        # pydantic, dataclass, msgspec
        email: Annotated[str, PII("contact.email")]

    email: Mapped[str] = mapped_column(info=pii("contact.email"))    # SQLAlchemy

    PII_FIELDS = {"email": "contact.email"}           # Django, in the model's class

    mark("customer", {"email": "contact.email"}, subject="id")       # anything else

Guarantees: `fields_of` finds all four, those of base classes too, and `mark` goes
before the others; a class that is no dotted name is refused when it is marked. Nothing
is imported for it: what a model is, is told by its shape.

Does not: guess from names. A field that nobody marked is not personal.

Classes are the application's to name; these have masks or are used in the documents:
contact.email, contact.phone, contact.address, identity.name, identity.ssn,
identity.dob, financial.iban, financial.salary.
"""

from __future__ import annotations

import sys
import threading
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from prooftrail.capture.protection import Personal

if TYPE_CHECKING:
    from collections.abc import Mapping

_META = "AuditMeta"
_DJANGO = "PII_FIELDS"
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class PII:
    """Marks an annotated field: ``Annotated[str, PII("contact.email")]``.

    Args:
        cls: the class of data.

    Raises:
        EventError: it is no dotted name.
    """

    cls: str

    def __post_init__(self) -> None:
        _check(self.cls)


@dataclass(frozen=True, slots=True)
class Marked:
    """The personal fields of a model.

    Args:
        classes: the class of data of each field.
        subject: the field that holds the id of whose data it is, if one was named.
    """

    classes: Mapping[str, str]
    subject: str | None = None


def pii(cls: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  the column's own
    """Return the `info` of a SQLAlchemy column that holds personal data.

    >>> pii("contact.email")
    {'pii': 'contact.email'}

    Raises:
        EventError: the class is no dotted name.
    """
    _check(cls)
    return {"pii": cls, **more}


class _Registry:
    """What was marked by `mark`, and what was found at classes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.classes: WeakKeyDictionary[type, Marked] = WeakKeyDictionary()
        self.names: dict[str, Marked] = {}
        self.found: WeakKeyDictionary[type, Marked] = WeakKeyDictionary()


_registry = _Registry()


def mark(
    model: type | str, fields: Mapping[str, str], *, subject: str | None = None
) -> None:
    """Say which fields of a model are personal; once more replaces what was said.

    Args:
        model: a class, or the name of one, of a table, or of a kind of mapping.
        fields: the class of data of each field; a path (``address.city``) for what
            stands deeper.
        subject: the field with the id of whose data it is.

    Raises:
        EventError: a class is no dotted name.
    """
    for cls in fields.values():
        _check(cls)
    made = Marked(dict(fields), subject)
    with _registry.lock:
        if isinstance(model, str):
            _registry.names[model] = made
        else:
            _registry.classes[model] = made
        _registry.found.clear()  # of subclasses, too


def fields_of(model: object) -> Mapping[str, str]:
    """Return the class of data of each personal field.

    Args:
        model: a class, an object of one, or a name that was marked.
    """
    return marked(model).classes


def subject_of(model: object) -> str | None:
    """Return the field with the id of whose data it is, if one was named."""
    return marked(model).subject


def marked(model: object) -> Marked:
    """Return what is known of a model's personal fields; see `fields_of`."""
    if isinstance(model, str):
        return _registry.names.get(model) or Marked(_NOTHING)
    kind = model if isinstance(model, type) else type(model)
    found = _registry.found.get(kind)
    if found is None:
        found = _registry.found[kind] = _find(kind)
    return found


def _find(kind: type) -> Marked:
    classes: dict[str, str] = {}
    subject: str | None = None
    for base in reversed(kind.__mro__):
        for one in (_declared(base), _said(base)):
            classes.update(one.classes)
            subject = one.subject or subject
    for field, cls in (*_annotated(kind), *_mapped(kind)):
        classes.setdefault(field, cls)
    return Marked(classes, subject or _subject_column(kind))


def _said(kind: type) -> Marked:
    """Return what `mark` was told, by class or by name."""
    by_class = _registry.classes.get(kind)
    if by_class is not None:
        return by_class
    for name in (f"{kind.__module__}.{kind.__qualname__}", kind.__name__):
        if name in _registry.names:
            return _registry.names[name]
    return Marked(_NOTHING)


def _declared(kind: type) -> Marked:
    """Return `PII_FIELDS`, or `AuditMeta.pii_fields` and `AuditMeta.subject`."""
    own = vars(kind)
    meta = own.get(_META)
    fields = own.get(_DJANGO) or getattr(meta, "pii_fields", None) or {}
    for cls in fields.values():
        _check(cls)
    return Marked(fields, getattr(meta, "subject", None))


def _annotated(kind: type) -> list[tuple[str, str]]:
    """Return what is marked in annotations, at whichever depth of one."""
    found: list[tuple[str, str]] = []
    for name, info in getattr(kind, "model_fields", {}).items():  # pydantic
        metadata = getattr(info, "metadata", ())
        found += [(name, one.cls) for one in metadata if isinstance(one, PII)]
    for base in kind.__mro__:
        for name, hint in _hints(base).items():
            cls = _in_hint(hint)
            if cls is not None:
                found.append((name, cls))
    return found


def _hints(kind: type) -> dict[str, Any]:
    """Return a class's own annotations, each evaluated as far as it can be."""
    scope = vars(sys.modules.get(kind.__module__, typing))
    found: dict[str, Any] = {}
    for name, hint in vars(kind).get("__annotations__", {}).items():
        if not isinstance(hint, str):
            found[name] = hint
        elif "PII" in hint or "Annotated" in hint:
            one = type(kind.__name__, (), {"__annotations__": {name: hint}})
            try:
                found |= typing.get_type_hints(
                    one, scope, dict(vars(kind)), include_extras=True
                )
            except (NameError, TypeError, AttributeError):
                # names that only a type checker imports: no marker can be among them
                # that the class itself could see
                continue
    return found


def _in_hint(hint: object, depth: int = 0) -> str | None:
    for one in getattr(hint, "__metadata__", ()):
        if isinstance(one, PII):
            return one.cls
    if depth > 4:  # noqa: PLR2004  Mapped[Annotated[str | None, ...] | None]
        return None
    for inner in typing.get_args(hint):
        cls = _in_hint(inner, depth + 1)
        if cls is not None:
            return cls
    return None


def _mapped(kind: type) -> list[tuple[str, str]]:
    """Return what SQLAlchemy columns say in their info."""
    return [
        (key, info["pii"])
        for key, info in _columns(kind)
        if info.get("pii") is not None
    ]


def _subject_column(kind: type) -> str | None:
    return next(
        (key for key, info in _columns(kind) if info.get("pii_subject")),
        None,
    )


def _columns(kind: type) -> list[tuple[str, Mapping[str, Any]]]:
    mapper = getattr(kind, "__mapper__", None)
    found = getattr(mapper, "column_attrs", ())
    return [(prop.key, getattr(prop.columns[0], "info", {})) for prop in found]


def _check(cls: str) -> None:
    Personal(None, cls)  # refuses what is no class of data
