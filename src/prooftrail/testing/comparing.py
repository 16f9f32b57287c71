"""How an event differs from what a test expects of it, place by place.

Guarantees: objects are compared by the keys that are expected, lists as a whole in
their order; ``...`` fits any value that is there. Each difference is one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDEST = 200  # characters of a value that are shown


def differences(want: object, have: object, place: str = "") -> Iterator[str]:
    """Return the differences.

    >>> list(differences({"a": {"b": 1, "c": ...}}, {"a": {"b": 2, "d": 3}}))
    ['a.b is 2, not 1', 'a.c is missing']
    """
    if want is ...:
        return
    if isinstance(want, Mapping) and isinstance(have, Mapping):
        for name, inner in want.items():
            below = f"{place}.{name}" if place else str(name)
            if name not in have:
                if inner is not None:
                    yield f"{below} is missing"
            else:
                yield from differences(inner, have[name], below)
        return
    if isinstance(want, list | tuple) and isinstance(have, list):
        if len(want) != len(have):
            yield f"{place} is {_short(have)}, not {_short(list(want))}"
            return
        for number, (one, other) in enumerate(zip(want, have, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
        return
    if want != have:
        yield f"{place or 'it'} is {_short(have)}, not {_short(want)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}..."
