"""Views: which permissions they ask for, and what of a class answers.

Guarantees: a permission is found under any number of decorators that keep
`__wrapped__`, on the view, on its class, and on the method that answers.
"""

from __future__ import annotations

import inspect

REQUIRES = "__prooftrail_requires__"


def answering(endpoint: object, method: str) -> object:
    """Return what answers: a function, or the method of a class."""
    if not inspect.isclass(endpoint):
        return endpoint
    return getattr(endpoint, method.lower(), endpoint)


def guards_of(view: object, method: str) -> tuple[str, ...]:
    """Return the permissions that a view asks for."""
    kind = getattr(view, "view_class", None)
    places = [view]
    if kind is not None:
        places += [kind, getattr(kind, "dispatch", None)]
        places += [getattr(kind, "dispatch_request", None)]
        places += [getattr(kind, method.lower(), None)]
    found = [name for place in places for name in _asked(place)]
    return tuple(dict.fromkeys(found))


def _asked(place: object) -> list[str]:
    found: list[str] = []
    while place is not None:
        own = getattr(place, "__dict__", {}).get(REQUIRES)
        if isinstance(own, str):
            found.append(own)
        place = getattr(place, "__wrapped__", None)
    return found
