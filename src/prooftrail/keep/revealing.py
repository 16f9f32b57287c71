"""Revealing one value to who may see it, and erasing a person's values.

Guarantees: a value is returned only once the event that says who saw it, where and why
is durable, and only if it fits the commitment in the log; an attempt that ends without
a value is an event, too. The event never holds the value. A subject's key is gone when
`erase` returns, and with it all that was kept of him; the log and its proofs stay.

Does not: decide who may (roles do, and row-level security which events), nor reach
envelopes that still wait: drain them first, or what they hold is kept under a new key.

Source: design, "Personal values"; docs/adr/0014.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from prooftrail.core import jcs, protected
from prooftrail.errors import CanonicalError, FormatError, RevealError
from prooftrail.store import vault
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from prooftrail.core.jcs import Value
    from prooftrail.keep.keys import KeeperKeys
    from prooftrail.store.connect import Connection
    from prooftrail.store.vault import Erased, Held

    # records an event, and returns once it is durable
    Record: TypeAlias = Callable[[Mapping[str, Any]], object]

REVEAL = "prooftrail.reveal"
ERASE = "prooftrail.erase"


class Asked(NamedTuple):
    """Which value is asked for, by whom, and why."""

    stream: str
    event_id: UUID
    pointer: str
    actor: Mapping[str, Any]
    reason: str


class Revealed(NamedTuple):
    """A value that may be shown."""

    value: Value  # as in event bytes: `core.normal.unescape` for people
    cls: str
    subject: str | None


def reveal(
    connection: Connection, keys: KeeperKeys, asked: Asked, record: Record
) -> Revealed:
    """Return a value, once that is recorded.

    Args:
        connection: the keeper's, in autocommit.
        keys: the keeper's.
        asked: which value.
        record: into the stream of the event.

    Raises:
        RevealError: no reason, no such value, or it does not fit its commitment.
        RecordError: it is not recorded: nothing is shown.
    """
    if not asked.reason.strip():
        raise RevealError("say why the value is to be seen: it is recorded")
    held = vault.value(connection, asked.stream, asked.event_id, asked.pointer)
    try:
        found = _opened(keys, asked, held)
    except RevealError as error:
        record(_told(asked, held, "failure", {"error": str(error)}))
        raise
    record(_told(asked, held, "success", {}))
    return found


def erase(
    connection: Connection,
    subject: str,
    *,
    actor: Mapping[str, Any],
    reason: str,
    record: Record,
) -> Erased:
    """Destroy a subject's key, and return what went with it.

    Args:
        connection: the keeper's, in autocommit.
        subject: whose values they are.
        actor: who erases.
        reason: why.
        record: the event; it is durable before the key is gone.

    Raises:
        RevealError: no reason, or nothing is kept of this subject.
        RecordError: it is not recorded, and nothing is erased.
    """
    if not reason.strip():
        raise RevealError("say why this subject is erased: it is recorded")
    if not subject:
        raise RevealError("name the subject who is to be erased")
    with driver_errors(), connection.transaction():
        done = vault.erase(connection, subject)
        if not done.keys:
            raise RevealError(
                "no key of this subject is there: nothing is kept of him, or he was "
                "erased before"
            )
        event = {
            "action": ERASE,
            "actor": actor,
            "resource": {"type": "subject", "id": subject},
            "details": {"values": done.values},
            "purpose": reason,
            "result": "success",
        }
        record(event)
    return done


def _opened(keys: KeeperKeys, asked: Asked, held: Held | None) -> Revealed:
    if held is None:
        raise RevealError("no value is kept of this place in this event")
    if held.wrapped is None:
        raise RevealError("this value was erased with its subject: nobody can open it")
    event_id = str(asked.event_id)
    try:
        key = keys.subject(held.subject, held.wrapped)
        salt, value, _ = key.open(
            held.sealed, held.stream_id, event_id, asked.pointer, held.cls
        )
        commitment = protected.commitment(
            event_id, asked.pointer, held.cls, value, salt
        )
        event = None if held.event is None else jcs.parse(held.event)
        standing = protected.found(event).get(asked.pointer, {})
    except FormatError as error:
        raise RevealError(
            "what is kept does not open: it is damaged, or the keeper's key file is "
            "not the one with which it was kept"
        ) from error
    except CanonicalError as error:
        raise RevealError("the event in the log was altered: verify it") from error
    if event is None:
        raise RevealError("the event is not in the log: it was redacted, or altered")
    if standing.get("commitment") != commitment or standing["class"] != held.cls:
        raise RevealError(
            "what is kept does not fit the commitment in the log: one of them was "
            "altered. Verify the log"
        )
    subject = standing.get("subject")
    return Revealed(value, held.cls, subject if isinstance(subject, str) else None)


def _told(
    asked: Asked, held: Held | None, result: str, more: Mapping[str, str]
) -> dict[str, Any]:
    """Return the event of an attempt."""
    details = {"pointer": asked.pointer, **more}
    event: dict[str, Any] = {
        "action": REVEAL,
        "actor": asked.actor,
        "resource": {"type": "event", "id": str(asked.event_id)},
        "details": details,
        "purpose": asked.reason,
        "result": result,
    }
    if held is not None:
        details["class"] = held.cls
        event["pii"] = {"fields": [asked.pointer], "classes": [held.cls]}
        if not held.subject.startswith("event:"):
            event["subjects"] = [held.subject]
    return event
