"""Loading an application by its name, as servers do: ``module:app``.

Guarantees: whatever goes wrong while it is imported is one error, in one line, that
names the place; the text of an application's own exception is not repeated, which may
hold a password or an address of a database.

Does not: start it; no lifespan runs, and no request.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from prooftrail.errors import ConfigurationError, ProoftrailError

# Their messages name modules and lines, which nobody keeps secrets in.
_NOTHING = object()
_TELLING = (ImportError, SyntaxError, ProoftrailError)


def load(target: str) -> Any:  # noqa: ANN401  whatever the application is
    """Return what is named, or the module itself where nothing in it is.

    Args:
        target: ``module``, ``module:name``, or ``module:make()`` for a factory that
            takes nothing.

    Raises:
        ConfigurationError: it cannot be imported, or is not there.
    """
    name, _, attribute = target.partition(":")
    if not name:
        raise ConfigurationError(f"{target!r} names no module: write module:app")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = importlib.import_module(name)
        if not attribute:
            return module
        made: Any = module
        for part in attribute.removesuffix("()").split("."):
            made = getattr(made, part, _NOTHING)
        if made is not _NOTHING:
            return made() if attribute.endswith("()") else made
    except (Exception, SystemExit) as error:
        raise ConfigurationError(f"{target}: {_told(error)}") from error
    raise ConfigurationError(f"{target}: the module {name} has no {attribute!r}")


def configure_django(settings: str | None = None) -> None:
    """Make Django ready, once.

    Raises:
        ConfigurationError: no settings are named, or they do not work.
    """
    import django
    from django.conf import settings as configured

    if settings is not None:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings
    elif not configured.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
        raise ConfigurationError(
            "Django has no settings: name the module of settings, or set "
            "DJANGO_SETTINGS_MODULE"
        )
    try:
        django.setup()
    except (Exception, SystemExit) as error:
        raise ConfigurationError(f"Django: {_told(error)}") from error


def _told(error: BaseException) -> str:
    """Return what happened and where, in one line."""
    kind = type(error).__name__
    if isinstance(error, _TELLING):
        return f"it cannot be imported: {kind}: {' '.join(str(error).split())}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if "importlib" not in one.filename]
    place = ""
    if own:
        place = f" at {Path(own[-1].filename).name}:{own[-1].lineno}"
    return f"importing it ends with {kind}{place}; import it yourself to see why"
