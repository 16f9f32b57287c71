"""Emitting: a draft becomes a recorded event, as its type's failure policy says.

Guarantees: a success of a type that is *closed* counts as told only when it is durable;
refusals and failures are spooled at least, since nothing was done that could be
withheld. What of an event cannot be recorded (bytes, NaN, U+0000, too large) costs
itself alone, and the event says so (`mending`): a client that chooses a bad text never
takes the evidence away that something happened, to what, or to whom.

Does not: wait; the future tells. How to wait is the caller's (a thread, an event loop).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from prooftrail.capture import process
from prooftrail.capture.effects import DATA_CHANGE
from prooftrail.capture.mending import mended
from prooftrail.errors import EventError, ProoftrailError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.capture.draft import Draft, Outcome
    from prooftrail.catalog.event_type import Policy

R = TypeVar("R")


def policy_of(draft: Draft, outcome: Outcome) -> Policy:
    """Return the policy that holds for a draft with this outcome."""
    policy = draft.event_type.policy
    final = draft.outcome or outcome
    # of what was told before nothing can be withheld any more
    late = draft.told is not None
    return "spool" if policy == "closed" and (final != "success" or late) else policy


def emit(
    draft: Draft,
    outcome: Outcome,
    *,
    recorder: Recorder | None = None,
    stream: str | None = None,
    action: str | None = None,
) -> Future[str] | None:
    """Hand a draft's event over; None if it was dropped and nothing was changed.

    Args:
        draft: what happened.
        outcome: how it ended.
        recorder: by default the process's own.
        stream: where it goes, if not where the recorder sends all.
        action: in place of the event type's own.

    Raises:
        RecordError: the queue stayed full, or the recorder is closed.
        EventError: no form of it can be recorded: its action is none.
    """
    if draft.dropped:
        if not draft.affected:
            return None
        action = DATA_CHANGE  # whatever was begun, rows were changed
    policy = policy_of(draft, outcome)
    event = draft.tell(outcome, action=action)
    if draft.scope is not None:
        draft.scope.note(event["action"], event["result"])
    own = process.chosen(recorder)
    draft.recorded = _mending(
        event, lambda one: own.submit(one, stream=stream, policy=policy)
    )
    return draft.recorded


def emit_within(
    event: Mapping[str, Any],
    connection: object,
    *,
    recorder: Recorder | None = None,
    stream: str | None = None,
) -> str:
    """Record a stated event in the caller's own transaction; return its eventId.

    Raises:
        EventError: the database refuses it.
        DatabaseError, ConfigurationError: as `record`.
    """
    own = process.chosen(recorder)
    return _mending(
        event, lambda one: own.record(one, stream=stream, connection=connection)
    )


def _mending(event: Mapping[str, Any], record: Callable[[Mapping[str, Any]], R]) -> R:
    """Record an event, or what can be recorded of it."""
    try:
        return record(event)
    except EventError as error:
        for one in mended(event):
            try:
                return record(one)
            except EventError:
                continue
            except ProoftrailError as problem:
                # a transaction that refused the first takes nothing more
                raise error from problem
        raise
