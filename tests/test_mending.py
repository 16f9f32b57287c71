"""What of an event cannot be recorded costs itself alone."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from typing import Any

import pytest

from prooftrail import event
from prooftrail.capture.effects import ROOM, Change, Effect
from prooftrail.capture.ledger import Ledger, record
from prooftrail.capture.protection import Personal
from prooftrail.testing import capture

BAD = "case 4 \ud800"


def told(**details: Any) -> dict[str, Any]:
    """Return the event of an export with subjects, changes, pii and these details."""
    with (
        capture() as events,
        event("customer.pii.export", actor="usr_1", resource=("list", "7")) as e,
    ):
        e.subject("cust_1", "cust_2")
        e.touch(["email"], ["contact.email"])
        e.change("plan", "free", "pro")
        e.detail(record_count=2, **details)
    found = events.only()
    assert found["resource"] == {"type": "list", "id": "7"}
    assert found["subjects"] == ["cust_1", "cust_2"]
    assert found["pii"] == {"fields": ["email"], "classes": ["contact.email"]}
    assert found["changes"] == [{"field": "plan", "before": "free", "after": "pro"}]
    details = found["details"]
    assert details.pop("record_count") == 2
    return details


@pytest.mark.parametrize(
    ("bad", "kept"),
    [
        (BAD, "case 4 \ufffd"),
        ("a\x00b", "a\ufffdb"),
        (b"bytes", "[cannot be recorded]"),
        (float("nan"), "[cannot be recorded]"),
        (dt.timedelta(1), "[cannot be recorded]"),
        ({"in": [1, {"deep": BAD}]}, {"in": [1, {"deep": "case 4 \ufffd"}]}),
        ({BAD: 1}, {"case 4 \ufffd": 1}),
        ({(1, 2): 3, "good": 4}, {"[cannot be recorded]": 3, "good": 4}),
    ],
)
def test_a_bad_value_costs_that_value_alone(bad: object, kept: object) -> None:
    details = told(reason=bad, good="stays")
    assert details["good"] == "stays"
    assert details["reason"] == kept


def test_it_is_said_which_values_are_not_as_they_were() -> None:
    details = told(reason=BAD, more={"x": b""})
    assert details["not_recorded"] == ["details.reason", "details.more.x"]


def test_what_holds_itself_is_cut_off() -> None:
    ring: list[Any] = []
    ring.append(ring)
    assert told(ring=ring)["not_recorded"] == ["details.ring"]


@pytest.mark.parametrize("text", ["7" * 1_001, "x\x00", BAD])
def test_an_id_that_cannot_be_recorded_is_its_digest(text: str) -> None:
    digest = "sha256:" + sha256(text.encode(errors="surrogatepass")).hexdigest()
    with (
        capture() as events,
        event("customer.pii.delete", actor="usr_1", resource=("customer", text)) as e,
    ):
        e.subject(text, "cust_2")
    found = events.only()
    assert found["resource"] == {"type": "customer", "id": digest}
    assert found["subjects"] == [digest, "cust_2"]
    assert found["details"]["not_recorded"] == ["resource.id", "subjects"]


def test_a_personal_value_is_mended_and_stays_protected() -> None:
    with capture() as events, event("customer.pii.update", actor="usr_1") as e:
        e.on("customer", "7")
        e.change("name", Personal(BAD, "person.name"), Personal("x", "person.name"))
    found = events.only()
    assert "case 4" not in str(found)
    assert found["changes"][0]["before"]["$protected"]["class"] == "person.name"


def test_an_event_that_is_too_large_keeps_its_details_cut() -> None:
    details = told(**{f"text_{n}": "x" * 8_000 for n in range(40)})
    assert details["text_0"].startswith("x" * 500 + "… [cut, 8000 characters]")


def test_details_without_end_cost_the_details_alone() -> None:
    with capture() as events, event("customer.pii.export", actor="usr_1") as e:
        e.subject("cust_1")
        e.detail(**{f"number_{n}": n for n in range(30_000)})
    found = events.only()
    assert found["subjects"] == ["cust_1"]
    assert found["details"] == {"not_recorded": ["details"]}


def test_an_actor_that_is_none_costs_what_is_odd_of_it() -> None:
    actor = {"userId": "usr_1", "ipAddress": "my host"}
    with capture() as events, event("customer.pii.view", actor=actor):
        pass
    assert events.only()["actor"] == {"userId": "usr_1"}


@pytest.mark.parametrize("value", ["x" * 7_000, "漢" * 5_000])
def test_many_rows_of_long_values_are_told_in_as_many_events_as_they_need(
    value: str,
) -> None:
    def personal(text: str) -> Personal:
        return Personal(text, "person.notes")

    ledger, statement = Ledger(), object()
    with capture() as events:
        for made in (str, personal):
            for n in range(30):
                change = Change("notes", made("a"), made(value))
                one = Effect(
                    "update", "note", str(n), [change], [f"s{n}"], statement=statement
                )
                assert one.weight < ROOM
                ledger.enter(one)
        ledger.commit()
        record(ledger.settled(), recorder=None, stream=None)
    assert sum(len(one["changes"]) for one in events) == 60
    assert not any("not_recorded" in one["details"] for one in events)
    assert {s for one in events for s in one["subjects"]} == {
        f"s{n}" for n in range(30)
    }
