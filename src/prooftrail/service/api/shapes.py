"""Shapes of answers, as JSON Schema: how they are put together, and what auditors get.

Guarantees: pure. Source: JSON Schema 2020-12, as OpenAPI 3.1 has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prooftrail.grants.segregation import FAILURES
from prooftrail.search.answers import LEAVERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def fields(required: Sequence[str] = (), **properties: object) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "required": list(required), "properties": properties}


def ref(name: str) -> dict[str, str]:
    """Return a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def either(*schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of what is one of several."""
    return {"anyOf": list(schemas)}


STRING: Final = {"type": "string"}
TIME: Final = {"type": ["string", "null"]}
WHOLE: Final = {"type": "integer", "minimum": 0}
_NOTHING: Final = {"type": "null"}
_STATES: Final = ("open", "acknowledged", "closed")
_PERHAPS: Final = {"type": ["string", "null"]}
_COUNTS: Final = ("authorised", "breakGlass", "denied", "unexplained")

ANSWERS: Final[dict[str, Any]] = {
    "Authority": fields(
        ["total", *_COUNTS, "actors", "others"],
        total=WHOLE,
        **dict.fromkeys(_COUNTS, WHOLE),
        actors={
            "type": "array",
            "items": fields(
                ["actor", "total", *_COUNTS, "last"],
                actor={"type": ["string", "null"]},
                total=WHOLE,
                **dict.fromkeys(_COUNTS, WHOLE),
                last=STRING,
            ),
        },
        others=WHOLE,
        query=STRING,
    ),
    "Reports": fields(
        ["reports"],
        reports={
            "type": "array",
            "items": fields(["name", "summary"], name=STRING, summary=STRING),
        },
    ),
    "Accounts": fields(
        ["days", "asOf", "accounts"],
        days=WHOLE,
        asOf=STRING,
        accounts={
            "type": "array",
            "items": fields(
                ["account", "state", "unusedDays", "created", "lastUse", "disabled"],
                account=STRING,
                state={"enum": ["active", "dormant", "disabled"]},
                unusedDays=WHOLE,
                **dict.fromkeys(("created", "lastUse", "disabled"), TIME),
            ),
        },
    ),
    "Grant": fields(
        [
            *("eventId", "stream", "seq", "timestamp", "action", "actor"),
            *("onBehalfOf", "to", "gives", "ticket", "approval", "leadSeconds"),
            *("approvedBeforehandByAnother", "fails"),
        ],
        **dict.fromkeys(("eventId", "stream", "timestamp", "action"), STRING),
        seq=WHOLE,
        **dict.fromkeys(("actor", "onBehalfOf", "gives", "ticket"), _PERHAPS),
        to=fields(
            ["type", "id", "name"], **dict.fromkeys(("type", "id", "name"), _PERHAPS)
        ),
        approval=either(
            fields(["id", "by", "at"], **dict.fromkeys(("id", "by", "at"), _PERHAPS)),
            {"type": "null"},
        ),
        leadSeconds={"type": ["integer", "null"]},
        approvedBeforehandByAnother={"type": "boolean"},
        fails={"type": "array", "items": {"enum": list(FAILURES)}},
    ),
    "Grants": fields(
        ["total", "approved", "fails", "grants"],
        total=WHOLE,
        approved=WHOLE,
        fails=fields(list(FAILURES), **dict.fromkeys(FAILURES, WHOLE)),
        grants={"type": "array", "items": ref("Grant")},
        sample=fields(
            ["population", "digest", "query", "seed", "n", "byMonth", "draw", "items"],
            **dict.fromkeys(("population", "n", "draw"), WHOLE),
            **dict.fromkeys(("digest", "query", "seed"), STRING),
            byMonth={"type": "boolean"},
            items={
                "type": "array",
                "items": {
                    "allOf": [
                        ref("Grant"),
                        fields(["k", "position"], k=WHOLE, position=WHOLE),
                    ]
                },
            },
        ),
        query=STRING,
    ),
    "Leavers": fields(
        ["asOf", "total", *LEAVERS, "leavers"],
        asOf=STRING,
        total=WHOLE,
        **dict.fromkeys(LEAVERS, WHOLE),
        leavers={
            "type": "array",
            "items": fields(
                [
                    *("named", "account", "lastDay", "state", "lastUseBefore", "uses"),
                    *("firstUse", "lastUse", "disabled", "daysLate", "query"),
                ],
                **dict.fromkeys(("named", "account", "lastDay", "query"), STRING),
                state={"enum": list(LEAVERS)},
                uses=WHOLE,
                daysLate={"type": ["integer", "null"], "minimum": 0},
                **dict.fromkeys(
                    ("lastUseBefore", "firstUse", "lastUse", "disabled"), TIME
                ),
            ),
        },
    ),
    "Between": fields(
        ["stream", "from", "to", "seconds"],
        stream=STRING,
        to=TIME,
        seconds={"type": ["integer", "null"]},
        **{"from": STRING},
    ),
    "Continuity": fields(
        ["stops", "unended", "silences", "signatures"],
        stops={"type": "array", "items": ref("Between")},
        unended={
            "type": "array",
            "items": fields(
                ["service", "stream", "process", "since"],
                **dict.fromkeys(("service", "stream", "process", "since"), STRING),
            ),
        },
        silences={"type": "array", "items": ref("Between")},
        signatures={
            "type": "array",
            "items": fields(
                ["stream", "n", "longest"],
                stream=STRING,
                n=WHOLE,
                longest={"type": "array", "items": ref("Between")},
            ),
        },
        query=STRING,
    ),
    "Alert": fields(
        ["id", "stream", "at", "state", "acknowledged", "closed"],
        id=STRING,
        stream=STRING,
        at=STRING,
        state={"enum": list(_STATES)},
        acknowledged=either(fields(["by", "at", "seconds", "comment"]), _NOTHING),
        closed=either(fields(["by", "at", "disposition", "comment"]), _NOTHING),
    ),
    "Alerts": fields(
        ["total", *_STATES, "medianSecondsToAcknowledge", "more", "alerts"],
        total=WHOLE,
        **dict.fromkeys(_STATES, WHOLE),
        medianSecondsToAcknowledge={"type": ["integer", "null"]},
        more={"type": "boolean"},
        alerts={"type": "array", "items": ref("Alert")},
        query=STRING,
    ),
    "Administrators": fields(
        ["could", "acts", "verification"],
        could={
            "type": "array",
            "items": fields(
                ["login", "through", "power", "can", "against"],
                **dict.fromkeys(
                    ("login", "through", "power", "can", "against"), STRING
                ),
            ),
        },
        acts=fields(
            ["query", "total", "actions"],
            query=STRING,
            total=WHOLE,
            actions={
                "type": "array",
                "items": fields(["action", "n"], action=STRING, n=WHOLE),
            },
        ),
        verification=either(ref("Run"), {"type": "null"}),
        query=STRING,
    ),
}
