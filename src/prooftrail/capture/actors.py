"""Who acts: whatever an application calls a user, as an event's actor.

Guarantees: `actor_of` gives an actor with a `userId`, or the anonymous one; what it
takes from a user object is an allow-list (id, e-mail address, role), so that no
password hash or token of it can come along. Never raises for an odd object: who cannot
be told is anonymous, and coverage says so.

Does not: decide whether somebody is who he says; the application has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from prooftrail.core import events

ANONYMOUS: Mapping[str, Any] = {"type": "anonymous"}
SYSTEM_TYPES = ("service", "system")

_IDS = ("user_id", "userId", "id", "pk", "sub", "username", "login")
_EMAILS = ("email", "email_address", "mail")
_ROLES = ("role", "role_name")


def actor_of(found: object) -> dict[str, Any] | None:
    """Return the actor that an application's value stands for; None for nobody.

    Args:
        found: an `Actor`, a mapping with the keys of an actor, an id, a user object
            (Django's, Starlette's, Flask-Login's, one's own), or None.

    >>> actor_of("usr_1")
    {'userId': 'usr_1'}
    >>> actor_of({"sub": "usr_1", "email": "dani@company.com", "password": "x"})
    {'userId': 'usr_1', 'email': 'dani@company.com'}
    """
    if isinstance(found, events.Actor):
        return dict(msgspec.to_builtins(found))
    if isinstance(found, str | int) and not isinstance(found, bool):
        return {"userId": str(found)} if found != "" else None
    if isinstance(found, Mapping):
        ready = "userId" in found or found.get("type") == "anonymous"
        return dict(found) if ready else _picked(found.get)
    nobody = found is None or _attribute(found, "is_authenticated") is False
    return None if nobody else _picked(lambda name: _attribute(found, name))


def _picked(get: Any) -> dict[str, Any] | None:  # noqa: ANN401  a getter of any kind
    user_id = _first(get, _IDS)
    if user_id is None:
        return None
    made: dict[str, Any] = {"userId": user_id}
    for key, names in (("email", _EMAILS), ("role", _ROLES)):
        value = _first(get, names)
        if value is not None:
            made[key] = value
    return made


def _first(get: Any, names: tuple[str, ...]) -> str | None:  # noqa: ANN401
    for name in names:
        value = get(name)
        if isinstance(value, bool) or callable(value):
            continue
        text = "" if value is None else str(getattr(value, "value", value))
        if text:
            return text
    return None


def _attribute(found: object, name: str) -> object:
    try:
        return getattr(found, name, None)
    except Exception:  # noqa: BLE001  a property of the application's that fails
        return None
