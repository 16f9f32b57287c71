"""Sending a row of the table, and what it must leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fintech.furniture import customers, furnish
from tests.fintech.house import filled
from tests.fintech.table import ALL, BY_ROLE, BY_SELF, NOBODY, POLICY

if TYPE_CHECKING:
    import httpx

    from tests.fintech.house import House
    from tests.fintech.table import Row, Told

_PLACES = {
    "/customers/:id": "/customers/{customer}",
    "/admin/users/:id": "/admin/users/{staff}",
    "/admin/api-keys/:id": "/admin/api-keys/{key}",
    "/data/exports/:id": "/data/exports/{export}",
    ":doc": "{document}",
    ":name": "{job}",
}


def path_of(endpoint: str) -> str:
    """Return an endpoint's path, with the names of what it is about."""
    path = endpoint.split()[1]
    for place, name in _PLACES.items():
        path = path.replace(place, name)
    return path


def send(house: House, row: Row) -> tuple[httpx.Response, dict[str, str]]:
    """Send a row's request; return the answer and the names of what is there."""
    names = furnish(house) | dict(row.where)
    answer = house.send(
        row.endpoint.split()[0],
        filled(path_of(row.endpoint) + row.query, names),
        filled(row.who, names),
        filled(row.body, names),
        row.headers,
    )
    if answer.content and answer.headers["content-type"] == "application/json":
        given = answer.json()
        for name, key in (("made", "id"), ("own", "account_id"), ("grant", "grant")):
            if isinstance(given, dict) and key in given:
                names[name] = given[key]
        if row.endpoint == "POST /auth/login" and row.told[0].who is not None:
            house.tokens[filled(row.told[0].who, names)] = given.get("token")
    return answer, names


def expected(
    house: House, row: Row, told: Told, names: dict[str, str]
) -> dict[str, Any]:
    """Return the event that a row must leave, as `shown` gives it."""
    who = filled(told.who or row.who, names)
    actor = NOBODY if who is None else house.actor(who)
    kind, _, one = filled(told.resource, names).partition(" ")
    subjects = customers() if told.subjects == ALL else filled([*told.subjects], names)
    made = {
        "actor": actor,
        "action": told.action,
        "result": row.outcome,
        "resource": {"type": kind, "id": one} if one else {"type": kind},
        "details": {
            key: len(subjects) if value == ALL else value
            for key, value in filled(told.details, names).items()
        },
        "changes": [
            tuple(filled(part, names) for part in change) for change in told.changes
        ],
        "pii": told.pii.split(),
        **filled(told.more, names),
    }
    if subjects:
        made["subjects"] = subjects
    evidence = told.evidence
    if evidence == BY_SELF:
        evidence = {"decision": "allowed", "basis": "self"}
    elif evidence == BY_ROLE and row.who is not None:
        evidence = {
            "decision": "denied" if row.outcome == "denied" else "allowed",
            "basis": "role",
            "name": actor["role"],
            "policy": POLICY,
        }
    elif evidence == BY_ROLE:
        evidence = None
    return made if evidence is None else made | {"authorization": evidence}
