"""What a function calls, as far as its code tells, without running it.

Guarantees: total. Does not: follow what is decided at run time; who cannot be seen to
act here is a warning, never a failure.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import prooftrail
from prooftrail.capture import scope

if TYPE_CHECKING:
    from collections.abc import Collection

_DEPTH = 4  # functions that call functions


def says_who(function: object, *, sets: Collection[str] = ("state", "user")) -> bool:
    """Whether a function calls `prooftrail.bind`, or sets what is asked for the actor.

    Args:
        function: or an object that is called, a class with methods.
        sets: the names that code has which sets it: ``request.state.user``.
    """
    return _says(function, frozenset(sets), _DEPTH)


def _says(function: object, sets: frozenset[str], depth: int) -> bool:
    found = inspect.unwrap(function) if callable(function) else function
    if not hasattr(found, "__code__"):
        found = getattr(type(found), "__call__", None)  # noqa: B004  its code
    code = getattr(found, "__code__", None)
    if code is None:
        return False
    names = set(code.co_names)
    around = getattr(found, "__globals__", {})
    bound = any(around.get(name) is prooftrail for name in names) and "bind" in names
    if bound or around.get("bind") is scope.bind or sets <= names:
        return True
    others = [around.get(name) for name in names]
    return depth > 0 and any(
        _says(one, sets, depth - 1) for one in others if inspect.isfunction(one)
    )
