"""Our own reads, which are no reads of the application's."""

from __future__ import annotations

import contextvars
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_own: contextvars.ContextVar[bool] = contextvars.ContextVar(
    "prooftrail_django_own", default=False
)


def is_quiet() -> bool:
    """Whether what runs here is ours."""
    return _own.get()


@contextmanager
def reading() -> Iterator[None]:
    """Read for ourselves."""
    token = _own.set(True)
    try:
        yield
    finally:
        _own.reset(token)
