"""Calls that wait to be durable, and how each of them ends.

Guarantees: a call ends once, is counted once, and its future (none where the policy is
`background`) is done with it. Each future fails with an error of its own: threads must
not share a traceback.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from prooftrail.capture.spool_format import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.capture.policy import Counting
    from prooftrail.catalog import Policy
    from prooftrail.errors import ProoftrailError
    from prooftrail.store import inbox


class Call:
    """What one call wants to be durable."""

    __slots__ = ("deadline", "done", "event_id", "future", "policy", "rows", "size")

    def __init__(
        self,
        rows: Sequence[inbox.Row],
        event_id: str,
        policy: Policy,
        deadline: float,
    ) -> None:
        self.rows = rows  # none: only to know when all before it has ended
        self.event_id = event_id
        self.policy = policy
        self.deadline = deadline  # on the monotonic clock
        self.size = sum(len(row.event) + len(row.envelope or b"") for row in rows)
        self.done = False
        self.future: Future[str] = Future()
        if policy == "background":
            self.future.set_result(event_id)
        else:
            self.future.set_running_or_notify_cancel()

    @property
    def record(self) -> Record:
        """What the spool keeps of it."""
        return Record(self.event_id, self.rows)

    def finish(self) -> None:
        """Tell that it is durable."""
        self.done = True
        if self.policy != "background":
            self.future.set_result(self.event_id)

    def fail(
        self,
        counting: Counting,
        kind: type[ProoftrailError],
        told: str,
        cause: BaseException | None = None,
    ) -> None:
        """Tell that it is not known to be durable."""
        self.done = True
        if self.policy == "background":
            counting.lose(1, told)
            return
        if self.rows:
            counting.add("failed")
        error = kind(told)
        error.__cause__ = cause
        self.future.set_exception(error)
