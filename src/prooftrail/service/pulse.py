"""Looking at the database every few seconds, so that nobody who asks has to wait.

Guarantees: health and metrics are never older than `EVERY` seconds and the time that a
look takes; a database that is away, hangs or refuses is told and never raised.

Does not: write anything. That the inbox takes an event is concluded from rights, the
server's state and that an INSERT could begin: an inbox that somebody locks is told
after `TIMEOUT_MS`. A full disk is noticed by those who record.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal

from prooftrail.errors import ConfigurationError, DatabaseError
from prooftrail.store import connect, facts, inbox
from prooftrail.store.interrupting import Interrupting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.service.health import Health, Part
    from prooftrail.service.logs import Log
    from prooftrail.service.metrics import Metrics
    from prooftrail.store.connect import Connection

EVERY = 5.0  # seconds between looks
TIMEOUT_MS = 10_000  # a statement's
ENDING = 2.0  # seconds that a look may take to end by itself
LASTS = 30.0  # seconds after which an old look is worth nothing


class Pulse:
    """Looks as the verifier and as the writer, on a thread of its own.

    Args:
        health: is told.
        metrics: get the figures.
        log: where news are written.
        env: where the DSNs stand; by default the process's own.
        every: seconds between looks.
    """

    def __init__(
        self,
        health: Health,
        metrics: Metrics,
        log: Log,
        *,
        env: Mapping[str, str] | None = None,
        every: float = EVERY,
    ) -> None:
        self._health = health
        self._metrics = metrics
        self._log = log
        self._env = env
        self._every = every
        self._verifier: Connection | None = None
        self._writer: Connection | None = None
        self._waits = Interrupting()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="prooftrail-pulse", daemon=True
        )

    def start(self) -> None:
        """Look once, then go on by itself."""
        self.look()
        self._thread.start()

    def close(self) -> None:
        """Stop, and disconnect."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(ENDING)
        for _ in range(2):  # statements of a look
            if self._thread.is_alive():
                self._waits.interrupt()
                self._thread.join(ENDING)
        self._let_go("_verifier")
        self._let_go("_writer")

    def look(self) -> None:
        """Look at both now."""
        self._tell("database", self._look_at_database())
        self._tell("inbox", self._look_at_inbox())

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self.look()

    def _tell(self, part: Part, problem: str | None) -> None:
        if not self._health.report(part, problem, lasts=LASTS + self._every):
            return
        if problem is None:
            self._log.info("well again", part=part)
        else:
            self._log.warning("not well", part=part, problem=problem)

    def _look_at_database(self) -> str | None:
        try:
            if self._verifier is None:
                self._verifier = connect.connect(
                    "verifier",
                    env=self._env,
                    autocommit=True,
                    milliseconds=TIMEOUT_MS,
                )
            with self._waits.using(self._verifier):
                self._metrics.facts = facts.read(self._verifier)
        except (ConfigurationError, DatabaseError) as error:
            self._metrics.facts = None
            self._let_go("_verifier")
            return str(error)
        return None

    def _look_at_inbox(self) -> str | None:
        try:
            if self._writer is None:
                self._writer = inbox.open_writer(env=self._env)
                connect.bound(self._writer, TIMEOUT_MS)
            with self._waits.using(self._writer):
                return inbox.refusal(self._writer)
        except (ConfigurationError, DatabaseError) as error:
            self._let_go("_writer")
            return str(error)

    def _let_go(self, name: Literal["_verifier", "_writer"]) -> None:
        connection: Connection | None = getattr(self, name)
        setattr(self, name, None)
        if connection is not None:
            connection.close()
