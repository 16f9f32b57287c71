"""Revealing over HTTP: by a process of its own, which has the keeper's keys for it.

Guarantees: the process that parses requests holds neither the keeper's keys nor its
login; a value passes through it only once the reveal is durable in the trail. No more
than `AT_ONCE` at a time: each starts a process.

Does not: decide who may see an event; its caller has.

Source: docs/adr/0013, docs/adr/0014.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from prooftrail.errors import BusyError, RevealError, UnavailableError
from prooftrail.service import duties
from prooftrail.store import connect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AT_ONCE = 2
PATIENCE = 30.0  # seconds for one

ANSWERING = "prooftrail.cli.answering"
_FAILED = "the value could not be revealed: the service's log says why"


class Revealing:
    """Reveals by processes of its own.

    Args:
        keeper_dir: the directory of the keeper's keys.
        env: where the DSNs stand; by default the process's own.

    Safe to be shared by threads.
    """

    def __init__(
        self, keeper_dir: Path, *, env: Mapping[str, str] | None = None
    ) -> None:
        self._directory = keeper_dir
        self._env = env
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def reveal(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what `cli.answering` answers.

        Args:
            request: stream, eventId, pointer, actor and reason.

        Raises:
            BusyError: others are at it.
            RevealError: there is no such value, or it does not fit.
            UnavailableError: it could not be done, or not be recorded.
        """
        if not self._free.acquire(blocking=False):
            raise BusyError("other values are being revealed: ask again in a moment")
        try:
            done = subprocess.run(  # noqa: S603  our own program
                [sys.executable, "-m", ANSWERING, str(self._directory)],
                env=_environment(os.environ if self._env is None else self._env),
                input=json.dumps(request),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            found = json.loads(done.stdout)
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            raise UnavailableError(_FAILED) from error
        finally:
            self._free.release()
        if "refused" in found:
            raise RevealError(found["refused"])
        if "failed" in found:
            raise UnavailableError(found["failed"])
        return dict(found)


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return what the process sees: the keeper's DSN, and the writer's to record."""
    seen = duties.environment("keeper", env)
    seen.pop(duties.LIFELINE)
    writer = connect.name_of("writer")
    if own := env.get(writer):
        seen[writer] = own
    elif shared := env.get(connect.DSN):
        seen[connect.DSN] = shared
    return seen
