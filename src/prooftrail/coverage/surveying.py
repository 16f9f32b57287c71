"""Which framework an application is of, and what it declares.

Guarantees: a framework is imported only where the application is of it.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING, Any

from prooftrail.coverage import loading
from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from prooftrail.coverage.declared import Survey

_LAYERS = 50  # applications that wrap one another


def survey(target: str) -> Survey:
    """Return what an application declares.

    Args:
        target: see `loading.load`; for Django the module of settings, `urlpatterns` of
            a module, or a `wsgi`/`asgi` application.

    Raises:
        ConfigurationError: it cannot be imported, or is none that is known.
        EventError: its table names an event type that nobody declared.
    """
    if "DJANGO_SETTINGS_MODULE" in os.environ and ":" in target:
        loading.configure_django()  # models can be imported after this alone
    found = loading.load(target)
    if isinstance(found, ModuleType):
        if not hasattr(found, "ROOT_URLCONF"):
            raise ConfigurationError(
                f"{target} is a module: name the application in it, as in {target}:app"
            )
        loading.configure_django(target)
        return _django()
    if isinstance(found, list | tuple):
        loading.configure_django()
        return _django(found)
    inner = _innermost(found)
    if _is_of(inner, "django"):
        return _django()
    if _is_of(inner, "flask"):
        from prooftrail.coverage import flask

        return flask.survey(found)
    if hasattr(inner, "routes"):
        from prooftrail.coverage import starlette

        return starlette.survey(found)
    raise ConfigurationError(
        f"{target} is of the type {type(found).__name__}: coverage knows applications "
        "of FastAPI, Starlette, Flask and Django; a factory is called by module:make()"
    )


def _django(patterns: Any = None) -> Survey:  # noqa: ANN401
    from prooftrail.coverage import django

    return django.survey(patterns)


def _innermost(app: Any) -> Any:  # noqa: ANN401
    """Return what is wrapped by middleware."""
    for _ in range(_LAYERS):
        if hasattr(app, "routes") or hasattr(app, "url_map"):
            break
        app = getattr(app, "__self__", app)
        if not hasattr(app, "app"):
            break
        app = app.app
    return app


def _is_of(app: object, framework: str) -> bool:
    return any(
        kind.__module__.partition(".")[0] == framework for kind in type(app).__mro__
    )
