"""A keeper that kills itself: python -m tests.processes.keeper DIRECTORY PUBLISHED N.

Before its Nth step in the database (or its commit) it is gone, as by kill -9.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from prooftrail.cli import keeping
from prooftrail.store import vault

STEPS = (
    "awaits",
    "streams",
    "enveloped",
    "take",
    "subject_keys",
    "add_subject_keys",
    "add_values",
    "add_mismatches",
)


def main(directory: Path, published: Path, last: int) -> None:
    left = [last]

    def step() -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    def wrapped(function: Any) -> Any:
        def called(*words: Any) -> Any:
            step()
            return function(*words)

        return called

    for name in STEPS:
        setattr(vault, name, wrapped(getattr(vault, name)))
    with closing(keeping.open_keeper(directory, published)) as keeper:
        own = keeper._connection
        keeper._connection = _Committing(own, step)  # type: ignore[assignment]
        keeper.drain()


class _Committing:
    """A connection that may be gone before its commit."""

    def __init__(self, own: Any, step: Any) -> None:
        self._own = own
        self._step = step

    def commit(self) -> None:
        self._step()
        self._own.commit()
        self._step()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
