"""Every endpoint leaves exactly the events that the table says, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from examples.fintech.main import create_app

from prooftrail.middleware.routes import shape
from tests.fintech.asking import expected, send
from tests.fintech.rows import ROWS
from tests.fintech.table import shown

if TYPE_CHECKING:
    from tests.fintech.house import House
    from tests.fintech.table import Row

WANTED = json.loads((Path(__file__).parent / "routes.json").read_text())


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row.endpoint} {row.outcome} {row.status}"
)
def test_a_request_leaves_exactly_its_events(house: House, row: Row) -> None:
    answer, names = send(house, row)
    assert answer.status_code == row.status, answer.text
    events = house.events()
    for event in events:
        context = event["context"]
        assert context["service"] == "fintech"
        assert shape(context["route"]) == shape(row.endpoint.split()[1])
        if event["resource"]["type"] == "import" and row.outcome == "success":
            names["import"], (names["imported"],) = (
                event["resource"]["id"],
                event["subjects"],
            )
    assert [shown(event) for event in events] == [
        expected(house, row, told, names) for told in row.told
    ]


def test_the_application_has_the_endpoints_that_are_wanted_and_no_others() -> None:
    found = {
        (method.upper(), shape(path))
        for path, methods in create_app().openapi()["paths"].items()
        for method in methods
    }
    assert found == {
        (method, shape(path))
        for method, path in (one["endpoint"].split() for one in WANTED)
    }
    assert len(found) == 34


def test_the_table_has_each_endpoint_with_all_its_events_and_outcomes() -> None:
    emitted: dict[str, set[str]] = {}
    outcomes: dict[str, set[str]] = {}
    for row in ROWS:
        outcomes.setdefault(row.endpoint, set()).add(row.outcome)
        emitted.setdefault(row.endpoint, set()).update(one.action for one in row.told)
    # tests of their own: five failures in a row, and what only a fault brings about
    emitted["POST /auth/login"].add("auth.account.lock")
    outcomes["GET /customers/export"].add("failure")
    outcomes["POST /auth/logout"].add("failure")
    outcomes["POST /auth/login"].add("denied")  # whoever cannot log in is no one yet
    assert emitted == {one["endpoint"]: set(one["events"]) for one in WANTED}
    assert len(set().union(*emitted.values())) == 40
    for endpoint, found in outcomes.items():
        assert found == {"success", "failure", "denied"}, endpoint


def test_a_fifth_failure_locks_the_account_once(house: House) -> None:
    staff = house.hire("support")
    body: dict[str, Any] = {"email": f"{staff}@fintech.example", "password": "hunter2"}
    for _ in range(4):
        assert house.send("POST", "/auth/login", None, body).status_code == 401
    assert [one["action"] for one in house.events()] == ["auth.login.failure"] * 4
    assert house.send("POST", "/auth/login", None, body).status_code == 401
    lock, failure = house.events()
    assert lock["action"] == "auth.account.lock"
    assert lock["actor"]["userId"] == "lockout"
    assert lock["actor"]["type"] == "system"
    assert lock["resource"] == {"type": "staff", "id": staff}
    assert lock["details"].pop("until")
    assert lock["details"] == {"reason": "too many failures", "failures": 5}
    assert failure["details"] == {"reason": "bad_password", "failures": 5}
    assert house.send("POST", "/auth/login", None, body).status_code == 401
    (refused,) = house.events()
    assert refused["details"]["reason"] == "locked"


# the server closes the connection of a request that broke: no other may use it
LAST = {"connection": "close"}


def test_an_export_that_breaks_is_a_failure(house: House) -> None:
    house.looking.execute("alter table fintech.customer rename to away")
    try:
        answer = house.send("GET", "/customers/export", "admin", headers=LAST)
    finally:
        house.looking.execute("alter table fintech.away rename to customer")
    assert answer.status_code == 500
    (event,) = house.events()
    assert event["action"] == "customer.pii.export"
    assert event["result"] == "failure"
    assert event["actor"] == house.actor("admin")
    assert event["details"] == {"error": "sqlalchemy.exc.ProgrammingError"}


def test_a_logout_that_breaks_is_a_failure(house: House) -> None:
    house.looking.execute(
        "create function fintech.stays() returns trigger language plpgsql as"
        " $$ begin raise exception 'no'; end $$;"
        "create trigger stays before delete on fintech.login_session"
        " execute function fintech.stays()"
    )
    try:
        answer = house.send("POST", "/auth/logout", "support", headers=LAST)
    finally:
        house.looking.execute("drop function fintech.stays() cascade")
    assert answer.status_code == 500
    (event,) = house.events()
    assert event["action"] == "auth.logout"
    assert event["result"] == "failure"
    assert event["actor"] == house.actor("support")
    assert event["details"]["error"] == "sqlalchemy.exc.ProgrammingError"
    assert house.send("GET", "/customers", "support").status_code == 200
    house.events()
