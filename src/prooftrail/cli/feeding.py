"""Feeding: many events through one recorder, in order, without waiting for each.

Guarantees: what counts as recorded is durable; one bad event stops no other; memory
holds at most `AHEAD` events. When the database is away for too long, it stops and says
how many are recorded, since what follows would fail the same way.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prooftrail.errors import (
    ConfigurationError,
    DatabaseError,
    EventError,
    ProoftrailError,
    RecordError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.store.connect import Connection

AHEAD = 2_000  # events handed over and not known to be durable yet


class Feeding:
    """Hands events to a recorder and counts what became of them.

    Args:
        recorder: whose queue holds `AHEAD` at least.
        stream: where they go.
        refused: called with the place and the reason of each event that is refused,
            in order.
    """

    def __init__(
        self, recorder: Recorder, stream: str, refused: Callable[[str, str], None]
    ) -> None:
        self._recorder = recorder
        self._stream = stream
        self._refused = refused
        self._ahead: deque[tuple[str, Future[str] | str]] = deque()
        self.recorded = 0  # durable
        self.failed = 0

    @property
    def total(self) -> int:
        """How many were put."""
        return self.recorded + self.failed + len(self._ahead)

    def put(self, where: str, event: Mapping[str, Any]) -> None:
        """Hand one event over.

        Raises:
            RecordError: the database is away; says how far it came.
        """
        try:
            self._ahead.append(
                (where, self._recorder.submit(event, stream=self._stream))
            )
        except EventError as error:
            self._ahead.append((where, str(error)))
        except RecordError as error:
            raise self._stopped(where, error) from error
        while len(self._ahead) > AHEAD:
            self._settle()

    def refuse(self, where: str, reason: str) -> None:
        """Count something that is no event at all, in its turn."""
        self._ahead.append((where, reason))

    def finish(self) -> None:
        """Wait for all.

        Raises:
            RecordError: as `put`.
        """
        while self._ahead:
            self._settle()

    def _settle(self) -> None:
        where, outcome = self._ahead.popleft()
        reason = outcome
        if not isinstance(outcome, str):
            try:
                outcome.result()
            except EventError as error:
                reason = str(error)
            except ProoftrailError as error:
                raise self._stopped(where, error) from error
            else:
                self.recorded += 1
                return
        self.failed += 1
        self._refused(where, str(reason))

    def _stopped(self, where: str, error: ProoftrailError) -> RecordError:
        return RecordError(
            f"stopped at {where}: {error}. Recorded before it: {self.recorded:,} "
            f"events, refused: {self.failed:,}. Events that carry an eventId are safe "
            "to be recorded again"
        )


@contextmanager
def as_verifier(stream: str) -> Iterator[Connection | None]:
    """Give a connection that may look at the log, or None where this login may not.

    Raises:
        ConfigurationError: there is no such stream: all of it would be quarantined.
    """
    from prooftrail.store import connect, streams

    try:
        connection = connect.connect("verifier", autocommit=True)
    except (ConfigurationError, DatabaseError):
        yield None  # a writer may not look: that is as it should be
        return
    try:
        if all(known.name != stream for known in streams.read(connection)):
            raise ConfigurationError(
                f"there is no stream {stream!r}: prooftrail stream create {stream}"
            )
        yield connection
    finally:
        connection.close()
