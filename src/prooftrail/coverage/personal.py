"""Personal data that an endpoint's models declare.

Guarantees: models are found in what an endpoint takes and returns, at whichever depth
of an annotation (`list[Customer] | None`) and of models in models; a field that nobody
marked is not personal (see `capture.personal_fields`).

Does not: run the endpoint. What it loads and returns as a dict nobody can see here.
"""

from __future__ import annotations

import inspect
import typing
from typing import TYPE_CHECKING, Any

from prooftrail.capture.personal_fields import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.catalog import EventType


def classes_of(types: Iterable[EventType]) -> list[str]:
    """Return the classes of data that event types touch, each once."""
    return list(dict.fromkeys(one for each in types for one in each.classes))


def of_annotation(hint: object) -> dict[str, str]:
    """Return the personal fields of the models in an annotation, with their classes."""
    found: dict[str, str] = {}
    _look(hint, found, set())
    return found


def of_signature(endpoint: object) -> dict[str, str]:
    """Return the personal fields of what a function says that it takes and returns."""
    try:
        hints = typing.get_type_hints(inspect.unwrap(endpoint))  # type: ignore[arg-type]
    except (NameError, TypeError, AttributeError, ValueError):
        return {}  # names that only a type checker imports, or no function
    found: dict[str, str] = {}
    for hint in hints.values():
        _look(hint, found, set())
    return found


def _look(hint: Any, found: dict[str, str], seen: set[int]) -> None:  # noqa: ANN401
    if id(hint) in seen:
        return
    seen.add(id(hint))
    for inner in typing.get_args(hint):
        _look(inner, found, seen)
    if isinstance(hint, type):
        found.update(fields_of(hint))
        for info in getattr(hint, "model_fields", {}).values():
            _look(getattr(info, "annotation", None), found, seen)
