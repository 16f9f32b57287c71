"""Emitting: a draft becomes a recorded event, as its type's failure policy says.

Guarantees: a success of a type that is *closed* counts as told only when it is durable;
refusals and failures are spooled at least, since nothing was done that could be
withheld. An event whose own details cannot be recorded (bytes, NaN, too large) is
recorded without them and says so: a bad detail never costs the evidence that something
happened.

Does not: wait; the future tells. How to wait is the caller's (a thread, an event loop).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.capture import process
from prooftrail.capture.effects import DATA_CHANGE
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.capture.draft import Draft, Outcome
    from prooftrail.catalog.event_type import Policy

# What an event cannot do without; the rest is left out where it cannot be recorded.
_NEEDED = ("actor", "action", "result", "resource", "context", "authorization")


def policy_of(draft: Draft, outcome: Outcome) -> Policy:
    """Return the policy that holds for a draft with this outcome."""
    policy = draft.event_type.policy
    final = draft.outcome or outcome
    return "spool" if policy == "closed" and final != "success" else policy


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
        EventError: it cannot be recorded even without its details.
    """
    if draft.dropped:
        if not draft.affected:
            return None
        action = DATA_CHANGE  # whatever was begun, rows were changed
    event = draft.stated(outcome, action=action)
    if draft.scope is not None:
        draft.scope.note(event["action"], event["result"])
    own = process.chosen(recorder)
    policy = policy_of(draft, outcome)
    try:
        return own.submit(event, stream=stream, policy=policy)
    except EventError as error:
        return own.submit(_bare(event, error), stream=stream, policy=policy)


def _bare(event: dict[str, Any], error: EventError) -> dict[str, Any]:
    """Return an event without what may have been refused."""
    kept = {name: event[name] for name in _NEEDED if name in event}
    # the message may quote a value: only what kind of thing it was is told
    kept["details"] = {"not_recorded": f"details refused: {type(error).__name__}"}
    return kept
