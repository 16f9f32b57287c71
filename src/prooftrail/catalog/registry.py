"""Every event type by its name: the 47, the product's own, the application's.

Guarantees: there is one list of the 47, the constants of the group modules. `resolve`
tells of a typing error where the name is written, with the name that was meant; what
it returned once is the same for ever. A name is declared once, and means one thing.

Declaring is safe in any module, at import, from any thread; what was declared after a
name was looked up is found from then on.
"""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prooftrail.catalog import (
    admin,
    audit,
    auth,
    bulk,
    customer,
    data,
    families,
    product,
    system,
)
from prooftrail.catalog.event_type import EventType
from prooftrail.errors import ConfigurationError, EventError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

_GROUPS = (auth, customer, admin, data, bulk, system, audit)


def _types_of(*modules: ModuleType) -> Iterator[tuple[str, EventType]]:
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, EventType):
                yield value.name, value


BUILT_IN: Final[Mapping[str, EventType]] = MappingProxyType(dict(_types_of(*_GROUPS)))
PRODUCT: Final[Mapping[str, EventType]] = MappingProxyType(dict(_types_of(product)))

_declared: dict[str, EventType] = {}


def find(name: str) -> EventType | None:
    """Return the event type of a name, those of families included."""
    found = BUILT_IN.get(name) or _declared.get(name) or PRODUCT.get(name)
    if found is None and name.startswith(families.PREFIXES):
        try:
            return families.of_family(name)
        except EventError:  # such as "http." alone: it can be no action
            return None
    return found


def resolve(name_or_type: str | EventType) -> EventType:
    """Return the event type that is meant.

    Raises:
        EventError: there is none; names the one that was probably meant.
    """
    if isinstance(name_or_type, EventType):
        if find(name_or_type.name) == name_or_type:
            return name_or_type
        raise EventError(
            f"the event type {name_or_type.name} was not declared: make it by "
            "prooftrail.catalog.declare"
        )
    found = find(name_or_type)
    if found is None:
        raise EventError(
            f"there is no event type {name_or_type[:80]!r}: {hint(name_or_type)}"
            "declare it (prooftrail.catalog.declare)"
        )
    return found


def derived(name: str) -> EventType:
    """Return the event type of a name of a family, such as `http.customers.update`.

    Raises:
        EventError: it is of none, or can be no action.
    """
    return PRODUCT.get(name) or families.of_family(name)


def hint(name: str, beside: Iterable[str] = ()) -> str:
    """Return the beginning of a remedy: the known name that is near, if one is."""
    known = {*BUILT_IN, *_declared, *PRODUCT, *beside}
    near = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]!r}? Otherwise " if near else ""


def declare(made: EventType) -> EventType:
    """Make an event type of the application's own known; return it.

    The same once more is fine, as when a module is loaded again.

    Raises:
        ConfigurationError: the name is taken, or is the product's.
    """
    name = made.name
    if name in BUILT_IN:
        raise ConfigurationError(
            f"{name} is one of the 47 built-in event types: use it, or choose another "
            "name"
        )
    if name.startswith(families.PREFIXES):
        raise ConfigurationError(
            f"{name}: names beginning with {name.partition('.')[0]!r} are made by the "
            "product; choose another name"
        )
    there = _declared.setdefault(name, made)  # one step, whichever thread is first
    if there != made:
        raise ConfigurationError(
            f"{name} is declared already, and otherwise: declare it in one place and "
            "import it from there"
        )
    return there


def all_types() -> tuple[EventType, ...]:
    """Return the 47, then those that the application declared so far, by name."""
    own = sorted(_declared.values(), key=lambda one: one.name)
    return (*BUILT_IN.values(), *own)
