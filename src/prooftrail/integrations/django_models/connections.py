"""What is heard of a connection's transactions: commits, savepoints without a block.

Guarantees: at a commit, by hand too, what waited for it is recorded. What
`savepoint_rollback` takes back is not told, and what was done before the savepoint is.
(Django itself takes back what an atomic block's savepoint does.)
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from prooftrail.integrations.django_models import hooks

if TYPE_CHECKING:
    from collections.abc import Callable

_WRAPPED = "__prooftrail_wraps__"


def wrap(kind: Any) -> None:  # noqa: ANN401
    """Wrap the methods of `BaseDatabaseWrapper`, once."""
    if hasattr(kind.commit, _WRAPPED):
        return
    for name, after in (
        ("commit", hooks.settle),
        ("savepoint", _begun),
        ("savepoint_commit", _released),
        ("savepoint_rollback", _taken_back),
    ):
        setattr(kind, name, _followed(getattr(kind, name), after))


def _followed(plain: Callable[..., Any], after: Callable[..., None]) -> Any:  # noqa: ANN401
    """Return a method that calls another one with the connection and its savepoint."""

    @functools.wraps(plain)
    def made(self: Any, *args: Any, **more: Any) -> Any:  # noqa: ANN401
        result = plain(self, *args, **more)
        after(self, *args, *more.values(), *(() if result is None else (result,)))
        return result

    setattr(made, _WRAPPED, plain)
    return made


def _begun(connection: Any, sid: str | None = None) -> None:  # noqa: ANN401
    last = next(hooks.waiting(connection), None)
    if sid is not None and last is not None:
        last.marks[sid] = len(last.entries)


def _released(connection: Any, sid: str) -> None:  # noqa: ANN401
    last = next(hooks.waiting(connection), None)
    if last is not None:
        last.marks.pop(sid, None)


def _taken_back(connection: Any, sid: str) -> None:  # noqa: ANN401
    for hook in hooks.waiting(connection):
        if hook.back_to(sid):
            break  # it, and those before it, were there before
