"""Cases of events: what is accepted, what the sealer makes of it, its projections."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from making.primitives import EXAMPLE, NOW_US, ORIGIN, instant, jcs, uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALLEST: dict[str, Any] = {
    "actor": {"userId": "usr_1"},
    "action": "invoice.approve",
    "result": "success",
}
PROTECTED = {
    "$protected": {"class": "contact.email", "commitment": "sha256:" + "0" * 64}
}
UUID4 = "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69"
LOGIN, CHANNEL, RECEIVED_US = "billing_app", "tcp 192.0.2.7", NOW_US - 400_000
# Every column of an event that says no more than it must.
BARE: dict[str, Any] = {
    "eventId": UUID4,
    "occurredUs": 1_771_338_181_445_000,
    "actor": "usr_1",
    "role": None,
    "action": "invoice.approve",
    "resourceType": None,
    "resourceId": None,
    "result": "success",
    "ip": None,
    "pii": False,
    "continues": None,
    "authority": "unexplained",
}


def complete(**more: Any) -> dict[str, Any]:
    return {**SMALLEST, "eventId": UUID4, "timestamp": EXAMPLE["timestamp"], **more}


def acceptance() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield events that are accepted or refused, and for which key."""
    full = complete(
        actor={
            "type": "user",
            "userId": "usr_1",
            "email": PROTECTED,
            "name": None,
            "role": "admin",
            "ipAddress": "2001:db8::1",
            "host": "ec2.amazonaws.com",
            "userAgent": "curl",
            "sessionId": "hmac:1",
            "onBehalfOf": {"userId": "usr_2", "email": "x"},
            "department": "an unknown key is kept",
        },
        resource={"type": "customer", "id": "cust_1", "name": "Acme", "tier": 1},
        details={"amount": {"$number": "1.50"}},
        subjects=["cust_1", "cust_2"],
        part={"of": UUID4, "n": 1, "total": 3},
        changes=[{"field": "plan", "before": None, "after": {"$number": "9.99"}}],
        pii={"fields": ["email"], "classes": ["contact.email"]},
        authorization={
            "decision": "allowed",
            "basis": "break_glass",
            "name": "support",
            "policy": "p",
            "grant": "g",
            "approval": {"id": "1", "by": "usr_3", "at": "now", "ticket": "T"},
        },
        context={"requestId": "r", "status": 200, "durationMs": 12, "own": [1]},
        purpose="support",
        ticket=PROTECTED,
    )
    accepted = {
        "example": EXAMPLE,
        "smallest": SMALLEST,
        "every-key": full,
        "anonymous": {**SMALLEST, "actor": {"type": "anonymous"}},
        "nulls": complete(
            actor={"userId": "u", "email": None}, resource=None, details=None
        ),
        "dollar-key": complete(**{"$$own": 1}),
        "1000-subjects": complete(subjects=[f"c{n}" for n in range(1000)]),
        "5-minutes-ahead": complete(timestamp=instant(NOW_US + 300_000_000)),
        "long-ago": complete(timestamp="0001-01-01T00:00:00Z"),
        "escaped-claim": complete(action="$trail.quarantine"),
    }
    for name, event in accepted.items():
        yield f"accept-{name}", {"title": "Accepted", "nowUs": NOW_US, "event": event}
    refused: list[tuple[str, str, Any]] = [
        ("no-actor", "actor", {key: SMALLEST[key] for key in ("action", "result")}),
        ("no-action", "action", {key: SMALLEST[key] for key in ("actor", "result")}),
        ("no-result", "result", {key: SMALLEST[key] for key in ("actor", "action")}),
        ("nobody", "actor.userId", complete(actor={"type": "user"})),
        ("empty-user", "actor.userId", complete(actor={"userId": ""})),
        ("user-number", "actor.userId", complete(actor={"userId": 7})),
        ("long-user", "actor.userId", complete(actor={"userId": "u" * 1001})),
        ("actor-type", "actor.type", complete(actor={"userId": "u", "type": "robot"})),
        ("role-list", "actor.role", complete(actor={"userId": "u", "role": ["admin"]})),
        ("on-behalf", "userId", complete(actor={"userId": "u", "onBehalfOf": {}})),
        ("one-word", "action", complete(action="export")),
        ("action-space", "action", complete(action="a.b c")),
        ("action-unicode", "action", complete(action="kunde.löschen")),
        ("trail-claim", "trail.", complete(action="trail.quarantine")),
        ("trail-claim-case", "trail.", complete(action="Trail.Quarantine")),
        ("result-ok", "result", complete(result="ok")),
        ("resource-text", "resource", complete(resource="cust_1")),
        ("resource-no-type", "type", complete(resource={"id": "cust_1"})),
        (
            "resource-id-number",
            "resource.id",
            complete(resource={"type": "c", "id": 1}),
        ),
        ("details-list", "details", complete(details=[1])),
        ("subjects-null", "subjects", complete(subjects=None)),
        ("subject-number", "subjects", complete(subjects=["a", 1])),
        ("1001-subjects", "subjects", complete(subjects=["c"] * 1001)),
        ("long-subject", "subjects", complete(subjects=["c" * 1001])),
        ("part-no-total", "total", complete(part={"of": UUID4, "n": 1})),
        ("change-no-field", "field", complete(changes=[{"before": 1}])),
        ("pii-list", "pii", complete(pii=["email"])),
        (
            "decision",
            "authorization.decision",
            complete(authorization={"decision": "no"}),
        ),
        ("basis", "authorization.basis", complete(authorization={"basis": "luck"})),
        ("event-id", "eventId", complete(eventId="1")),
        ("event-id-upper", "eventId", complete(eventId=UUID4.upper())),
        (
            "event-id-ahead",
            "eventId",
            complete(eventId="ffffffff-ffff-7000-8000-000000000000"),
        ),
        ("timestamp", "timestamp", complete(timestamp="2026-02-17T14:23:01+00:00")),
        ("ahead", "timestamp", complete(timestamp=instant(NOW_US + 300_000_001))),
        ("seq", "seq", complete(seq=1)),
        ("recorded-at", "recordedAt", complete(recordedAt=EXAMPLE["timestamp"])),
        ("checksum", "checksum", complete(checksum="sha256:00")),
        ("unknown-key", "ressource", complete(ressource={"type": "c"})),
        ("list", "object", [SMALLEST]),
        ("text", "object", "invoice.approve"),
    ]
    for name, field, event in refused:
        yield (
            f"refuse-{name}",
            {"title": "Refused", "nowUs": NOW_US, "event": event, "refused": field},
        )


def sealing() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield inbox rows, and the event bytes that the sealer makes of them."""
    source = {"login": LOGIN, "channel": CHANNEL, "receivedAt": instant(RECEIVED_US)}
    row = {"login": LOGIN, "channel": CHANNEL, "receivedUs": RECEIVED_US}
    random = bytes(range(8))
    made: list[tuple[str, str, Any, dict[str, Any], bool]] = [
        ("example", "$source is added", EXAMPLE, EXAMPLE, False),
        (
            "completed",
            "A missing id and time come from the moment of receipt",
            SMALLEST,
            {
                **SMALLEST,
                "eventId": uuid7(RECEIVED_US, random),
                "timestamp": instant(RECEIVED_US),
            },
            False,
        ),
        (
            "converted",
            "Id and time are brought into form",
            complete(
                eventId=UUID4.upper(), timestamp="2026-02-17T15:23:01.4450009+01:00"
            ),
            complete(timestamp="2026-02-17T14:23:01.445Z"),
            False,
        ),
        (
            "dollar-keys",
            "Foreign $ keys gain one more $, $source among them",
            complete(**{"$source": {"login": "root"}, "$x": {"$y": 1}}),
            complete(**{"$$source": {"login": "root"}, "$$x": {"$$y": 1}}),
            False,
        ),
        (
            "claim",
            "An action that claims to be the trail's gains a $ and is reported",
            complete(action="trail.quarantine"),
            complete(action="$trail.quarantine"),
            True,
        ),
        (
            "claim-case",
            "In any case of letters",
            complete(action="TRAIL.x"),
            complete(action="$TRAIL.x"),
            True,
        ),
        (
            "protected",
            "A well-formed protected value stays beside an envelope",
            complete(actor={"userId": "u", "email": PROTECTED}),
            complete(actor={"userId": "u", "email": PROTECTED}),
            False,
        ),
        (
            "protected-alone",
            "Without one it is the writer's own",
            complete(actor={"userId": "u", "email": PROTECTED}),
            complete(
                actor={
                    "userId": "u",
                    "email": {"$$protected": PROTECTED["$protected"]},
                }
            ),
            False,
        ),
    ]
    for name, title, given, event, claim in made:
        text = jcs(given).decode()
        yield (
            f"seal-{name}",
            {
                "title": title,
                "row": {**row, "event": text, "envelope": name == "protected"},
                "randomHex": random.hex(),
                "eventBytes": jcs({**event, "$source": source}).decode(),
                "claim": claim,
            },
        )
    amount = jcs(complete()).decode()[:-1] + ',"details":{"amount":1.50}}'
    amounts = complete(details={"amount": {"$number": "1.50"}})
    yield (
        "seal-fraction",
        {
            "title": "A fraction becomes $number, an order of keys becomes the one",
            "row": {**row, "event": amount},
            "randomHex": random.hex(),
            "eventBytes": jcs({**amounts, "$source": source}).decode(),
            "claim": False,
        },
    )
    for name, reason, text in [
        ("not-json", "not JSON that can be sealed", "{"),
        ("duplicate-key", "not JSON that can be sealed", '{"actor":1,"actor":2}'),
        ("list", "not an event", "[]"),
        ("no-result", "not an event", '{"action":"a.b","actor":{"userId":"u"}}'),
        ("bad-id", "not an event", jcs(complete(eventId="1")).decode()),
        ("too-large", "not JSON that can be sealed", None),
    ]:
        event: dict[str, Any] = {"event": text}
        if text is None:
            event = {"eventParts": [['{"a":"', 1], ["x", 262_144], ['"}', 1]]}
        yield (
            f"quarantine-{name}",
            {
                "title": "Goes to quarantine; the log states this reason",
                "row": {**row, **event},
                "randomHex": random.hex(),
                "refused": reason,
            },
        )


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield trail statements as the sealer spells them."""
    row = {
        "inboxId": 7,
        "login": LOGIN,
        "channel": CHANNEL,
        "receivedAt": instant(RECEIVED_US),
    }
    digest = "sha256:" + sha256(b"{").hexdigest()
    details: dict[str, dict[str, Any]] = {
        "trail.stream.create": {
            "format": "prooftrail/v1",
            "origin": ORIGIN,
            "name": "main",
            "keys": [],
        },
        "trail.quarantine": {
            **row,
            "reason": "not JSON that can be sealed",
            "digest": digest,
        },
        "trail.claim": {**row, "eventId": UUID4},
        "trail.clock": {
            "clock": instant(NOW_US),
            "newest": instant(NOW_US + 2_000_000),
        },
        "trail.keeper.mismatch": {
            "eventId": UUID4,
            "reason": "a value does not fit its commitment",
        },
    }
    for action, stated in details.items():
        event_id = uuid7(NOW_US, sha256(action.encode()).digest()[:8])
        event = statement(action, stated, event_id, NOW_US)
        found = {
            **BARE,
            "eventId": event_id,
            "occurredUs": NOW_US,
            "actor": "prooftrail.sealer",
            "action": action,
            "resourceType": "stream",
            "resourceId": "main",
        }
        yield (
            action.removeprefix("trail.").replace(".", "-"),
            {
                "title": f"{action}, as the sealer states it",
                "action": action,
                "stream": "main",
                "details": stated,
                "eventId": event_id,
                "atUs": NOW_US,
                "eventBytes": jcs(event).decode(),
                "columns": found,
            },
        )


def statement(
    action: str, details: dict[str, Any], event_id: str, at_us: int
) -> dict[str, Any]:
    return {
        "eventId": event_id,
        "timestamp": instant(at_us),
        "actor": {"type": "system", "userId": "prooftrail.sealer"},
        "action": action,
        "resource": {"type": "stream", "id": "main"},
        "details": details,
        "result": "success",
    }
