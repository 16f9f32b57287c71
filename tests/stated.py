"""What the tests of stating share: the example, and events stated at a fixed time."""

from __future__ import annotations

import json
from typing import Any

from prooftrail.capture.stating import Stated, Stating
from prooftrail.store.waiting import InboxRow

NOW = 1_771_338_181_445_000  # 2026-02-17T14:23:01.445Z
EXAMPLE = {
    "eventId": "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
    "timestamp": "2026-02-17T14:23:01.445Z",
    "actor": {
        "userId": "usr_a1b2c3",
        "email": "dani@company.com",
        "role": "admin",
        "ipAddress": "203.0.113.42",
        "userAgent": "Mozilla/5.0...",
    },
    "action": "customer.pii.export",
    "resource": {"type": "customer", "id": "cust_x7y8z9", "name": "Acme Corp"},
    "details": {
        "fields_accessed": ["name", "email", "phone", "billing_address"],
        "export_format": "csv",
        "record_count": 1,
    },
    "result": "success",
}
SMALL: dict[str, Any] = {
    "actor": {"userId": "u"},
    "action": "auth.logout",
    "result": "success",
}
JWT = (
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
)


def stating(**options: Any) -> Stating:
    return Stating(clock=lambda: NOW, random=lambda n: b"\x5a" * n, **options)


def state(event: Any = None, **fields: Any) -> dict[str, Any]:
    made = stated(event, **fields)
    assert len(made.texts) == 1
    value: dict[str, Any] = json.loads(made.texts[0])
    assert value["eventId"] == made.event_id
    return value


def stated(event: Any = None, **fields: Any) -> Stated:
    return stating().state(event, fields)


def as_row(text: str) -> InboxRow:
    return InboxRow(1, "main", text, None, "app", "tcp 203.0.113.9", NOW)
