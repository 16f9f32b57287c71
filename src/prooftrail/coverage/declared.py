"""What an application declares: its routes, as its framework would find them.

Guarantees: plain values; what is judged by these was seen before, and the application
is not asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.middleware.rules import Rules

ANY = "ANY"  # where nothing limits the methods that a route takes
WEBSOCKET = "WEBSOCKET"  # no request: the middleware records nothing of it by itself
OPTIONAL = frozenset({"HEAD", "OPTIONS"})  # answered by frameworks, and not listed


@dataclass(frozen=True)
class Declared:
    """One route and method.

    Args:
        method: GET, POST, ..., `ANY` or `WEBSOCKET`.
        path: the whole template, for people.
        template: as its middleware sees it: the table is matched against this.
        endpoint: what answers, and may be marked.
        guards: the permissions that it asks for.
        personal: the fields of its models that are personal, and their classes.
        rules: of the middleware in front of it, if there is one.
        opaque: whether it is an application that cannot be looked into.
    """

    method: str
    path: str
    template: str
    endpoint: object = None
    guards: tuple[str, ...] = ()
    personal: Mapping[str, str] = field(default_factory=dict)
    rules: Rules | None = None
    opaque: bool = False


@dataclass(frozen=True)
class Survey:
    """What was found of an application.

    Args:
        framework: which it is written with.
        routes: all of them.
        rules: of each middleware that was found.
        knows_who: whether anything was found that tells who acts.
        twice: the places of applications behind two middlewares of ours.
        line: how the middleware is added.
    """

    framework: str
    routes: tuple[Declared, ...]
    rules: tuple[Rules, ...]
    knows_who: bool
    twice: tuple[str, ...] = ()
    line: str = "app.add_middleware(prooftrail.AuditMiddleware)"
