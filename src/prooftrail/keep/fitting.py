"""Whether an envelope fits its event: pure but for the opening.

Guarantees: each value that fits (class, subject, place and commitment) is told apart
from what does not; whatever a writer put in, the outcome is a value, never an error.

Source: `spec/protected.md`, `spec/statements.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.core import jcs, protected
from prooftrail.core.protected import Envelope
from prooftrail.errors import CanonicalError, FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.core.jcs import Value
    from prooftrail.core.protected import Item
    from prooftrail.keep.opening import Opener
    from prooftrail.store.vault import Enveloped

CLOSED: Final = "the envelope does not open"
NO_KEY: Final = "its epoch key is not there"
NO_EVENT: Final = "the event is not there"
OTHER: Final = "a value does not fit its commitment"
MISSING: Final = "a protected value is not in the envelope"
PLACELESS: Final = "the envelope holds a value without a place"
NO_SUBJECT: Final = "the key of its subject does not open"


class Fitted(NamedTuple):
    """What an envelope held that fits, and the first reason why something does not."""

    items: list[Item]
    misfit: str | None


def fit(found: Enveloped, openers: Mapping[bytes, Opener]) -> Fitted:
    """Open an envelope and compare what it holds with its event.

    Args:
        found: the envelope, with the event.
        openers: by the id of their epoch's key.
    """
    event_id = str(found.event_id)
    try:
        envelope = Envelope.decode(found.envelope)
        opener = openers.get(envelope.key_id)
        if opener is None:
            return Fitted([], NO_KEY)
        items = opener.open(envelope, found.stream_id.bytes, event_id)
        event = None if found.event is None else jcs.parse(found.event)
    except FormatError:
        return Fitted([], CLOSED)
    except CanonicalError:
        event, items = None, []
    if event is None:
        return Fitted([], NO_EVENT)
    return _compared(items, protected.found(event), event_id)


def _compared(
    items: list[Item], standing: dict[str, dict[str, Value]], event_id: str
) -> Fitted:
    fitting: list[Item] = []
    misfits = set()
    for item in items:
        inner = standing.pop(item.pointer, None)
        if inner is None:
            misfits.add(PLACELESS)
        elif _fits(item, inner, event_id):
            fitting.append(item)
        else:
            misfits.add(OTHER)
    if standing:
        misfits.add(MISSING)
    first = next((one for one in (OTHER, MISSING, PLACELESS) if one in misfits), None)
    return Fitted(fitting, first)


def _fits(item: Item, inner: dict[str, Value], event_id: str) -> bool:
    made = protected.commitment(event_id, item.pointer, item.cls, item.value, item.salt)
    return inner == protected.standing_inner(item.cls, made, item.subject)
