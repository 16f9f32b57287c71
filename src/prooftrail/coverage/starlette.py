"""Starlette and FastAPI: routes, mounted applications, included routers.

Guarantees: what lies in a mounted application is listed with the middleware that is
really in front of it; templates are those that the middleware matches its table
against. Websockets are listed, though the middleware makes no event of one.

Does not: look into a mounted application that has no routes (`opaque`).
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from prooftrail.coverage import personal
from prooftrail.coverage.calling import says_who
from prooftrail.coverage.declared import ANY, OPTIONAL, WEBSOCKET, Declared, Survey
from prooftrail.middleware.asgi import AuditMiddleware
from prooftrail.middleware.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_METHODS = ("get", "post", "put", "patch", "delete")
_CHECK = "prooftrail_check"  # as `integrations.fastapi` keeps it
_LAYERS = 50  # applications that wrap one another


@dataclass(frozen=True)
class _Place:
    """Where an application lies, and behind what."""

    path: str = ""
    template: str = ""  # beginning at its middleware
    rules: Rules | None = None

    def below(self, part: str) -> _Place:
        part = part.rstrip("/")
        return _Place(self.path + part, self.template + part, self.rules)

    def behind(self, rules: Rules) -> _Place:
        return _Place(self.path, "", rules)


@dataclass
class _Walk:
    routes: list[Declared] = field(default_factory=list)
    rules: list[Rules] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    knows_who: bool = False

    def into(self, app: Any, place: _Place) -> None:  # noqa: ANN401
        """Look at an application, through what is wrapped around it."""
        for _ in range(_LAYERS):
            if isinstance(app, AuditMiddleware):
                place = self._behind(app.rules, place)
            elif hasattr(app, "routes"):
                break
            if not hasattr(app, "app"):
                break
            app = app.app
        if not hasattr(app, "routes"):
            self._opaque(app, place)
            return
        for middleware in getattr(app, "user_middleware", ()):
            kind = middleware.cls
            if inspect.isclass(kind) and issubclass(kind, AuditMiddleware):
                place = self._behind(Rules(**middleware.kwargs), place)
            elif "auth" in getattr(kind, "__name__", "").lower():
                self.knows_who = True
        check = getattr(getattr(app, "state", None), _CHECK, None)
        self._ask(check)
        for route in _each(app.routes):
            self._route(route, place)

    def _behind(self, rules: Rules, place: _Place) -> _Place:
        if place.rules is not None:
            self.twice.append(place.path or "/")
        self.rules.append(rules)
        self.knows_who = self.knows_who or rules.actor is not None
        return place.behind(rules)

    def _ask(self, function: object) -> None:
        self.knows_who = self.knows_who or (function is not None and says_who(function))

    def _opaque(self, app: object, place: _Place) -> None:
        # StaticFiles gives files, and changes nothing
        method = "GET" if type(app).__name__ == "StaticFiles" else ANY
        self.routes.append(
            Declared(
                method,
                f"{place.path}/*",
                f"{place.template}/*",
                app,
                rules=place.rules,
                opaque=method == ANY,
            )
        )

    def _route(self, route: Any, place: _Place) -> None:  # noqa: ANN401
        path = getattr(route, "path", None) or ""
        endpoint = getattr(route, "endpoint", None)
        if endpoint is None:
            below = place.below(path)
            self.into(getattr(route, "app", None), below)
            return
        here = _Place(place.path + path, place.template + path, place.rules)
        dependant = getattr(route, "dependant", None)
        dependencies = list(_dependencies(dependant))
        for call in (endpoint, *(one.call for one in dependencies)):
            self._ask(call)
        for method in _methods(route, endpoint):
            self.routes.append(
                Declared(
                    method,
                    here.path,
                    here.template,
                    endpoint,
                    guards=_guards(dependencies),
                    personal=_personal(route, dependant, dependencies, endpoint),
                    rules=here.rules,
                )
            )


def survey(app: object) -> Survey:
    """Return what an application declares."""
    walk = _Walk()
    walk.into(app, _Place())
    return Survey(
        _name(app),
        tuple(walk.routes),
        tuple(walk.rules),
        walk.knows_who,
        tuple(walk.twice),
    )


def _name(app: object) -> str:
    modules = {kind.__module__.partition(".")[0] for kind in type(app).__mro__}
    return "FastAPI" if "fastapi" in modules else "Starlette"


def _each(routes: Iterable[Any]) -> Iterator[Any]:
    """Return routes with the prefix that their routers were included by."""
    try:
        from fastapi.routing import iter_route_contexts
    except ImportError:
        yield from routes  # includes nothing, or copies what it includes
        return
    yield from iter_route_contexts(list(routes))


def _methods(route: Any, endpoint: object) -> list[str]:  # noqa: ANN401
    own = getattr(route, "original_route", route)
    if "WebSocket" in type(own).__name__:
        return [WEBSOCKET]
    found = getattr(route, "methods", None)
    if found:
        return sorted(set(found) - OPTIONAL)
    if inspect.isclass(endpoint):  # an HTTPEndpoint
        return [one.upper() for one in _METHODS if hasattr(endpoint, one)]
    return [ANY]


def _dependencies(dependant: Any) -> Iterator[Any]:  # noqa: ANN401
    for one in getattr(dependant, "dependencies", ()):
        yield one
        yield from _dependencies(one)


def _guards(dependencies: Iterable[Any]) -> tuple[str, ...]:
    found = []
    for one in dependencies:
        permission = getattr(one.call, "permission", None)
        if isinstance(permission, str):
            found.append(permission)
        scopes = getattr(one, "own_oauth_scopes", None) or ()
        found += [f"scope {name}" for name in scopes]
    return tuple(dict.fromkeys(found))


def _personal(
    route: Any,  # noqa: ANN401
    dependant: Any,  # noqa: ANN401
    dependencies: list[Any],
    endpoint: object,
) -> dict[str, str]:
    found = personal.of_annotation(getattr(route, "response_model", None))
    for one in (dependant, *dependencies):
        for given in getattr(one, "body_params", ()):
            info = cast("Any", given).field_info
            found |= personal.of_annotation(getattr(info, "annotation", None))
    return found | personal.of_signature(endpoint)
