"""The table: what each endpoint leaves where it succeeds, fails and refuses.

A row is one request, and the exact events of it. Texts may name things of
`furniture.furnish` (`{customer}`), and what the answer says: `{made}` is its id.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from prooftrail import catalog
from tests.fintech.house import AGENT

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIME = re.compile(r"\d{4}-\d\d-\d\dT.*Z")

Outcome = Literal["success", "failure", "denied"]

BY_ROLE = "by role"  # as the role of whoever asks decides
BY_SELF = "by self"
ALL = "all customers"
NOW = "now"
POLICY = "roles@7"
NONE = {  # names of what is not there
    "staff": "usr_none",
    "customer": "cust_none",
    "export": "exp_none",
    "key": "key_none",
    "document": "doc_none",
    "job": "no-such-job",
}
NOBODY = {"type": "anonymous", "ipAddress": "127.0.0.1", "userAgent": AGENT}


class Told(NamedTuple):
    """An event: all of it but its id, its time and the request's context."""

    action: str
    resource: str  # "type" or "type id"
    details: Mapping[str, Any] = MappingProxyType({})
    subjects: Any = ()  # or ALL
    changes: Any = ()  # (field, before, after); "$class" for a protected value
    pii: str = ""  # names of fields
    evidence: Any = BY_ROLE
    who: str | None = None  # where it is not whoever asks
    more: Mapping[str, Any] = MappingProxyType({})  # purpose and ticket


class Row(NamedTuple):
    """A request."""

    endpoint: str
    outcome: Outcome
    status: int
    who: str | None
    told: tuple[Told, ...]
    body: Any = None
    query: str = ""
    headers: Mapping[str, str] = MappingProxyType({})
    where: Mapping[str, str] = MappingProxyType({})  # names of others


def row(
    endpoint: str,
    outcome: Outcome,
    status: int,
    who: str | None,
    *told: Told,
    **given: Any,
) -> Row:
    return Row(endpoint, outcome, status, who, told, **given)


def shown(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as `expected` gives it; no required detail is missing."""
    assert catalog.missing(event) == [], event
    changes = [
        (one["field"], _plain(one["before"], event), _plain(one["after"], event))
        for one in event.get("changes", ())
    ]
    left_out = {"eventId", "timestamp", "context", "changes", "pii", "details"}
    return {key: value for key, value in event.items() if key not in left_out} | {
        "details": {
            key: _plain(value, event) for key, value in event.get("details", {}).items()
        },
        "changes": changes,
        "pii": event.get("pii", {}).get("fields", []),
    }


def _plain(value: Any, event: dict[str, Any]) -> Any:
    """Return a class in place of a protected value, which has a commitment."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        return NOW
    if not isinstance(value, dict) or "$protected" not in value:
        return value
    inner = value["$protected"]
    assert "dropped" not in inner, event
    assert inner["commitment"], event
    return f"${inner['class']}"
