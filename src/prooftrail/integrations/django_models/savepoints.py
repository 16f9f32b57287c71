"""Savepoints, also those of `transaction.savepoint`, which no block knows of.

Guarantees: what `savepoint_rollback` takes back is not told, and what was done before
the savepoint is. (Django itself takes back what an atomic block's savepoint does.)
"""

from __future__ import annotations

import functools
from typing import Any

from prooftrail.integrations.django_models import hooks

_WRAPPED = "__prooftrail_wraps__"


def wrap(kind: Any) -> None:  # noqa: ANN401
    """Wrap the methods of `BaseDatabaseWrapper`, once."""
    if hasattr(kind.savepoint, _WRAPPED):
        return
    begin, release, back = (
        kind.savepoint,
        kind.savepoint_commit,
        kind.savepoint_rollback,
    )

    @functools.wraps(begin)
    def savepoint(self: Any) -> Any:  # noqa: ANN401
        made = begin(self)
        last = next(hooks.waiting(self), None)
        if made is not None and last is not None:
            last.marks[made] = len(last.entries)
        return made

    @functools.wraps(release)
    def savepoint_commit(self: Any, sid: str) -> None:  # noqa: ANN401
        release(self, sid)
        last = next(hooks.waiting(self), None)
        if last is not None:
            last.marks.pop(sid, None)

    @functools.wraps(back)
    def savepoint_rollback(self: Any, sid: str) -> None:  # noqa: ANN401
        back(self, sid)
        for hook in hooks.waiting(self):
            if hook.back_to(sid):
                break  # it, and those before it, were there before

    for made, plain in (
        (savepoint, begin),
        (savepoint_commit, release),
        (savepoint_rollback, back),
    ):
        setattr(made, _WRAPPED, plain)
        setattr(kind, plain.__name__, made)
