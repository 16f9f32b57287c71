"""Django: what its URL patterns lead to, from settings or from a list of patterns.

Guarantees: includes are followed, and templates are those that the middleware matches.
A view's methods are what its class has, what REST framework's viewset maps, or what
`require_http_methods` and the like allow.

Does not: guess. A function that nothing limits takes any method (`ANY`).
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from prooftrail.coverage import guarding, personal
from prooftrail.coverage.calling import says_who
from prooftrail.coverage.declared import ANY, OPTIONAL, Declared, Survey
from prooftrail.middleware.django import endpoint_of
from prooftrail.middleware.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MIDDLEWARE = "prooftrail.middleware.django.AuditMiddleware"
_LINE = f'MIDDLEWARE = ["{MIDDLEWARE}", ...]'


def survey(patterns: Iterable[Any] | None = None) -> Survey:
    """Return what a configured project declares.

    Args:
        patterns: in place of those of `ROOT_URLCONF`.
    """
    from django.conf import settings
    from django.urls import get_resolver

    rules = None
    if MIDDLEWARE in settings.MIDDLEWARE:
        given = dict(getattr(settings, "PROOFTRAIL", {}))
        given.pop("check", None)
        rules = Rules(**given)
    found = get_resolver().url_patterns if patterns is None else patterns
    routes = tuple(_walk(found, "", rules))
    named = (*settings.MIDDLEWARE, *settings.INSTALLED_APPS)
    return Survey(
        "Django",
        routes,
        () if rules is None else (rules,),
        (rules is not None and rules.actor is not None)
        or any("auth" in one.lower() or "rest_framework" in one for one in named)
        or any(says_who(one.endpoint, sets=("user",)) for one in routes),
        line=_LINE,
    )


def _walk(
    patterns: Iterable[Any], before: str, rules: Rules | None
) -> Iterator[Declared]:
    for one in patterns:
        template = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from _walk(one.url_patterns, template, rules)
            continue
        view = one.callback
        kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
        path = f"/{template.lstrip('/^')}"
        for method, name in _methods(view, kind):
            answers = getattr(kind, name, view) if kind is not None else view
            yield Declared(
                method,
                path,
                f"/{template.lstrip('/')}",
                endpoint_of(view, method),
                guards=guarding.guards_of(view, name),
                personal=personal.of_signature(answers),
                rules=rules,
            )


def _methods(view: Any, kind: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Return methods, each with the name of what answers it."""
    actions = getattr(view, "actions", None)  # of a viewset
    if isinstance(actions, dict):
        found = {method.upper(): name for method, name in actions.items()}
    elif kind is not None:
        names = getattr(kind, "http_method_names", ())
        found = {one.upper(): one for one in names if hasattr(kind, one)}
    else:
        found = {one: one.lower() for one in _allowed(view)}
    kept = [(one, name) for one, name in found.items() if one not in OPTIONAL]
    return sorted(kept) or [(ANY, "")]


def _allowed(view: object) -> list[str]:
    """Return the methods that a decorator of Django's allows, of any depth."""
    while view is not None:
        code = getattr(view, "__code__", None)
        if code is not None and "request_method_list" in code.co_freevars:
            return list(inspect.getclosurevars(view).nonlocals["request_method_list"])  # type: ignore[arg-type]
        view = getattr(view, "__wrapped__", None)
    return []
