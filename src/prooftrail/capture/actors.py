"""Who acts: whatever an application calls a user, as an event's actor.

Guarantees: `actor_of` gives an actor with a `userId`, or the anonymous one; what it
takes from a user object is an allow-list (id, e-mail address, role), and from a mapping
with a `userId` the keys of an actor, so that no password hash, token or claim of it can
come along. What is marked as personal stays marked. It never raises for an odd object:
who cannot be told is anonymous, never whoever acts around him, and the log says once
for each type what to do. `stated_actor` refuses such an object instead, where code
names the actor itself.

Does not: decide whether somebody is who he says; the application has. Load anything:
of a SQLAlchemy object that expired when its session ended, the primary key is known.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from enum import Enum
from typing import Any, get_args
from uuid import UUID

import msgspec

from prooftrail.capture.protection import Personal
from prooftrail.core import events
from prooftrail.errors import EventError

ANONYMOUS: Mapping[str, Any] = {"type": "anonymous"}
SYSTEM_TYPES = ("service", "system")

_IDS = ("user_id", "userId", "id", "pk", "sub", "username", "login")
_EMAILS = ("email", "email_address", "mail")
_ROLES = ("role", "role_name")

_ACTOR = tuple(one.encode_name for one in msgspec.structs.fields(events.Actor))
_OTHER = tuple(one.encode_name for one in msgspec.structs.fields(events.OnBehalfOf))

_log = logging.getLogger("prooftrail")


def actor_of(found: object) -> dict[str, Any] | None:
    """Return the actor that an application's value stands for; None for nobody.

    Args:
        found: an `Actor`, a mapping with the keys of an actor, an id (text, number or
            UUID), a user object (Django's, Starlette's, Flask-Login's, one's own), or
            None. What is empty, and a user that is not authenticated, is nobody.

    >>> actor_of("usr_1")
    {'userId': 'usr_1'}
    >>> actor_of({"sub": "usr_1", "email": "dani@company.com", "password": "x"})
    {'userId': 'usr_1', 'email': 'dani@company.com'}
    """
    try:
        return stated_actor(found)
    except EventError as error:
        _warn(str(error))
        return dict(ANONYMOUS)


def stated_actor(found: object) -> dict[str, Any] | None:
    """Return the actor that code names itself; None for nobody.

    Raises:
        EventError: nobody can be told from it; says what it is, and never its value.
    """
    if isinstance(found, events.Actor):
        return dict(msgspec.to_builtins(found))
    if _is_id(found):
        return {"userId": str(found)}
    raised: list[str] = []
    if isinstance(found, Mapping):
        ready = _is_id(found.get("userId")) or found.get("type") == "anonymous"
        made = _allowed(found) if ready else _picked(found.get)
        nobody = not found
    else:
        get = functools.partial(_attribute, found, raised)
        nobody = found is None or isinstance(found, str)
        nobody = nobody or get("is_authenticated") is False
        made = None if nobody else _picked(get) or _stored(found)
    if made is None and not nobody:
        why = f" ({', '.join(raised)})" if raised else ""
        raise EventError(
            f"who acts is told by a {type(found).__name__}, which has no id{why}: give "
            "an id (text, number or UUID), a mapping with userId, or an object with "
            f"one of {', '.join(_IDS)}; await first what is asynchronous"
        )
    return made


@functools.lru_cache(maxsize=256)  # once each: it would be said at every request
def _warn(message: str) -> None:
    _log.warning("recorded as anonymous: %s", message)


def _is_id(found: object) -> bool:
    is_one = isinstance(found, str | int | UUID) and not isinstance(found, bool)
    return is_one and found != ""


def _allowed(found: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: found[name] for name in _ACTOR if found.get(name) is not None}
    if made.get("type") not in get_args(events.ActorType):
        made.pop("type", None)  # a token's own: "access"
    other = made.get("onBehalfOf")
    if isinstance(other, Mapping):
        made["onBehalfOf"] = {key: other[key] for key in _OTHER if key in other}
    return made


def _picked(get: Any) -> dict[str, Any] | None:  # noqa: ANN401  a getter of any kind
    user_id = _first(get, _IDS)
    if user_id is None or isinstance(user_id, Personal):
        return None
    made: dict[str, Any] = {"userId": user_id}
    for key, names in (("email", _EMAILS), ("role", _ROLES)):
        value = _first(get, names)
        if value is not None:
            made[key] = value
    return made


def _first(get: Any, names: tuple[str, ...]) -> str | Personal | None:  # noqa: ANN401
    for name in names:
        value = get(name)
        if isinstance(value, Personal):
            return value
        if isinstance(value, bool) or callable(value):
            continue
        text = str(value.value if isinstance(value, Enum) else value)
        if value is not None and text:
            return text
    return None


def _stored(found: object) -> dict[str, Any] | None:
    """Return the actor of a SQLAlchemy object, by its row's key alone."""
    state = _attribute(found, [], "_sa_instance_state")
    key = _attribute(state, [], "key")  # (class, the key's values, a shard)
    return {"userId": "/".join(map(str, key[1]))} if isinstance(key, tuple) else None


def _attribute(found: object, raised: list[str], name: str) -> object:
    try:
        return getattr(found, name, None)
    except Exception as error:  # noqa: BLE001  a property of the application's
        raised.append(f"{name} raised {type(error).__name__}")
        return None
