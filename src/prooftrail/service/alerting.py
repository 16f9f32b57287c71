"""What is recorded and told of an alert: by a rule's hit, as it was when it began.

Guarantees: an alert's id is made of stream, rule, version, key and first event, so that
an incident has one id whoever finds it, and however often; it is the id of the alert's
event, too, which one stream holds once. The event says what the hit was when the rule
held first. What goes to webhooks names rule, stream and entries, and nobody.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from prooftrail.core import instants
from prooftrail.core.harmless import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.detections import Found, Hit

RAISE: Final = "prooftrail.alert.raise"
TEST: Final = "prooftrail.detection.test"
ACTOR: Final = {"type": "system", "userId": "prooftrail-detect"}
TESTER: Final = "prooftrail-test"  # by whom the event is that must raise an alert
LISTED: Final = 20  # accounts and addresses that the event names


class Alert(NamedTuple):
    """An alert to be raised."""

    id: str
    stream: str
    event: dict[str, Any]  # what `record` takes
    told: dict[str, Any]  # what webhooks are told

    @property
    def tests(self) -> bool:
        """Whether it is that of an event that tests detection."""
        return bool(self.told["synthetic"])


class Raised(NamedTuple):
    """Alerts that the trail has."""

    ids: set[str]
    keys: set[tuple[str, str]]  # rule, and what it was about


class _Details(msgspec.Struct):
    rule: str = ""
    key: str = ""


class _Event(msgspec.Struct):
    eventId: str  # noqa: N815  as it is spelled there
    details: _Details


_DECODER: Final = msgspec.json.Decoder(_Event)


def id_of(hit: Hit, stream_id: bytes) -> str:
    """Return an incident's id: a UUID of version 8, of what it is."""
    digest = hashlib.sha256(stream_id + hit.id.encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | 8 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def alert(found: Found, stream: str, stream_id: bytes, recorded_us: int) -> Alert:
    """Return the alert of what a rule found.

    Args:
        found: as it stands at that event.
        stream: its name.
        stream_id: its 16 bytes.
        recorded_us: when the event was recorded by which the rule held: the alert's
            time, so that its event is the same whenever it is made.
    """
    hit = found.hit
    synthetic = hit.key == TESTER
    made = id_of(hit, stream_id)
    severity = "low" if synthetic else hit.severity
    details: dict[str, Any] = {
        "rule": hit.rule,
        "version": hit.version,
        "severity": severity,
        "key": hit.key,
        "first_seq": hit.first.seq,
        "first_time": instants.text(hit.first.occurred_us),
        "last_seq": hit.last.seq,
        "attempts": hit.attempts,
        "accounts": [one for one, _ in hit.accounts[:LISTED]],
        "addresses": [one for one, _ in hit.addresses[:LISTED]],
        "distinct_accounts": hit.distinct_accounts,
        "subjects": hit.subjects,
        "remarks": list(hit.remarks),
        "synthetic": synthetic,
    }
    if found.instead_of is not None:
        details["instead_of"] = found.instead_of
    event = {
        "event_id": made,
        "timestamp": instants.text(recorded_us),
        "action": RAISE,
        "actor": ACTOR,
        "resource": {"type": "alert", "id": made},
        "result": "success",
        "details": details,
    }
    what = "a test of detection" if synthetic else f"{severity}: {hit.rule}"
    told = {
        "type": RAISE,
        "at": instants.text(recorded_us),
        "text": harmless(
            f"Prooftrail: {what} in {stream}, from entry {hit.first.seq} on"
        ),
        "alert": made,
        "rule": hit.rule,
        "version": hit.version,
        "severity": severity,
        "stream": stream,
        "firstSeq": hit.first.seq,
        "lastSeq": hit.last.seq,
        "attempts": hit.attempts,
        "synthetic": synthetic,
    }
    return Alert(made, stream, event, told)


def test_event() -> dict[str, Any]:
    """Return an event that must raise an alert, as `record` takes it."""
    return {
        "action": TEST,
        "actor": {"type": "system", "userId": TESTER},
        "result": "success",
        "authorization": {
            "decision": "allowed",
            "basis": "break_glass",
            "name": "synthetic",
        },
    }


def raised(events: Iterable[bytes]) -> Raised:
    """Return which alerts events tell of."""
    found = Raised(set(), set())
    for event in events:
        try:
            read = _DECODER.decode(event)
        except msgspec.MsgspecError:
            continue  # somebody else's event of that name: no alert of ours
        found.ids.add(read.eventId)
        found.keys.add((read.details.rule, read.details.key))
    return found
