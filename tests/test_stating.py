from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail import (
    Actor,
    Catalog,
    Change,
    Event,
    OnBehalfOf,
    Personal,
    Redactor,
    Resource,
)
from prooftrail.capture.stating import MAX_BYTES, Fields
from prooftrail.catalog import customer
from prooftrail.core import events, jcs
from prooftrail.errors import EventError
from prooftrail.seal import prepare
from tests.stated import EXAMPLE, JWT, NOW, SMALL, as_row, state, stated, stating


def test_the_example_of_the_design_is_recorded_as_it_stands() -> None:
    made = stated(EXAMPLE)
    assert made.event_id == EXAMPLE["eventId"]
    assert made.texts == [jcs.canonical(EXAMPLE).decode()]


def test_struct_mapping_and_keywords_give_the_same_bytes() -> None:
    actor = EXAMPLE["actor"]
    assert isinstance(actor, dict)
    struct = Event(
        event_id="0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
        timestamp="2026-02-17T14:23:01.445Z",
        actor=Actor(
            user_id="usr_a1b2c3",
            email="dani@company.com",
            role="admin",
            ip_address="203.0.113.42",
            user_agent="Mozilla/5.0...",
        ),
        action="customer.pii.export",
        resource=Resource(type="customer", id="cust_x7y8z9", name="Acme Corp"),
        details=EXAMPLE["details"],  # type: ignore[arg-type]
        result="success",
    )
    by_keywords = stated(
        event_id=UUID("0B8E7C62-6D6F-4C0E-9A55-3F1C2D4B5A69"),
        timestamp=datetime(
            2026, 2, 17, 15, 23, 1, 445_000, timezone(timedelta(hours=1))
        ),
        actor=struct.actor,
        action="customer.pii.export",
        resource=EXAMPLE["resource"],
        details=EXAMPLE["details"],
        result="success",
        purpose=None,
    )
    assert stated(struct) == stated(EXAMPLE) == by_keywords


def test_id_and_time_are_made_where_they_are_missing() -> None:
    value = state(SMALL)
    assert value["timestamp"] == "2026-02-17T14:23:01.445Z"
    assert UUID(value["eventId"]).version == 7
    assert UUID(value["eventId"]).int >> 80 == NOW // 1000


def test_values_of_python_become_json_that_loses_nothing() -> None:
    class Colour(Enum):
        RED = "red"

    value = state(
        **SMALL,
        details={
            "amount": Decimal("10.50"),
            "nothing": Decimal(0),
            "ratio": 0.1,
            "at": datetime(2026, 1, 1, 12, 0, 0, 999_999, UTC),
            "colour": Colour.RED,
            "id": UUID(int=5),
            "big": 2**60,
            "set": {3, 1, 2},
        },
    )
    assert value["details"] == {
        "amount": {"$number": "10.50"},
        "nothing": 0,
        "ratio": {"$number": "0.1"},
        "at": "2026-01-01T12:00:00.999999Z",
        "colour": "red",
        "id": "00000000-0000-0000-0000-000000000005",
        "big": {"$number": str(2**60)},
        "set": [1, 2, 3],
    }


def test_ids_that_are_integers_become_texts() -> None:
    value = state(
        actor={"userId": 42, "onBehalfOf": OnBehalfOf(user_id="7")},
        action="auth.logout",
        result="success",
        resource={"type": "user", "id": 2**60},
        subjects=[1, "2", UUID(int=3)],
    )
    assert value["actor"] == {"userId": "42", "onBehalfOf": {"userId": "7"}}
    assert value["resource"]["id"] == str(2**60)
    assert value["subjects"] == ["1", "2", str(UUID(int=3))]


def test_a_change_from_nothing_keeps_its_null() -> None:
    value = state(**SMALL, changes=[Change(field="plan", after="pro")])
    assert value["changes"] == [{"field": "plan", "before": None, "after": "pro"}]


def test_secrets_leave_an_event_wherever_they_stand() -> None:
    value = state(
        **SMALL,
        details={"password": "hunter2", "note": f"Bearer {JWT}"},
        changes=[{"field": "api_key", "before": "abc", "after": "def"}],
        purpose="card 4111 1111 1111 1111",
    )
    assert value["details"]["password"] == "[redacted]"
    assert JWT not in value["details"]["note"]
    assert value["changes"][0]["after"] == "[redacted]"
    assert value["purpose"] == "card 411111******1111"


def test_the_applications_own_secret_names_count() -> None:
    made = stating(redactor=Redactor(extra_names=["geheim"])).state(
        {**SMALL, "details": {"geheim": "x"}}, {}
    )
    assert '"geheim":"[redacted]"' in made.texts[0]


def test_an_id_that_looks_like_a_card_number_stays_whole() -> None:
    number = "4111111111111111"
    value = state(
        actor={"userId": number, "onBehalfOf": {"userId": number}},
        action="auth.logout",
        result="success",
        resource={"type": "order", "id": number},
        subjects=[number, "-password", "x"],
    )
    assert value["actor"] == {"userId": number, "onBehalfOf": {"userId": number}}
    assert value["resource"]["id"] == number
    assert value["subjects"] == [number, "-password", "x"]


def test_a_token_does_not_get_in_as_an_id() -> None:
    value = state(
        actor={"userId": JWT},
        action="auth.logout",
        result="success",
        resource={"type": "session", "id": f"postgres://u:{'p' * 9}@h/d"},
        subjects=[JWT],
    )
    assert value["actor"]["userId"] == "[redacted]"
    assert value["resource"]["id"] == "postgres://u:[redacted]@h/d"
    assert value["subjects"] == ["[redacted]"]


def test_redaction_and_form_are_the_same_the_second_time() -> None:
    event = {**EXAMPLE, "details": {"password": "x", "n": 0.1, "s": "é" * 9_000}}
    first = stated(event)
    assert stated(json.loads(first.texts[0])) == first == stated(event)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({}, "actor is missing"),
        ({**SMALL, "actor": None}, "actor is missing"),
        ({**SMALL, "actor": {}}, "userId is missing"),
        ({**SMALL, "actor": "ann"}, "actor: expected"),
        ({**SMALL, "action": "logout"}, "dotted names"),
        ({**SMALL, "action": "trail.stream.create"}, "trail's own statements"),
        ({**SMALL, "result": "ok"}, "result"),
        ({**SMALL, "event_id": "x"}, "did you mean 'eventId'"),
        ({**SMALL, "checksum": "x"}, "'checksum' is not known"),
        ({**SMALL, "eventId": "not-a-uuid"}, "RFC 9562"),
        ({**SMALL, "eventId": 7}, "eventId is no text"),
        ({**SMALL, "actor": {"user_id": "u"}}, "actor.user_id is spelled actor.userId"),
        (
            {**SMALL, "actor": {"userId": "u", "ipAddress": "ec2.amazonaws.com"}},
            "actor.host",
        ),
        ({**SMALL, "timestamp": "2026-02-17 14:23"}, "RFC 3339"),
        ({**SMALL, "timestamp": "2026-02-17T14:29:00Z"}, "5 minutes ahead"),
        ({**SMALL, "timestamp": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
        ({**SMALL, "resource": {"id": "x"}}, "resource"),
        ({**SMALL, "resource": {"type": "x", "id": "i" * 1_001}}, "never cut"),
        ({**SMALL, "details": {"x": b"bytes"}}, "bytes"),
        ({**SMALL, "details": {"x": float("nan")}}, "nan"),
        ({**SMALL, "details": {"x": "\ud800"}}, "surrogate"),
        ({**SMALL, "details": {"x": "a\0b"}}, "U\\+0000"),
        ({**SMALL, "details": {"x": ["y" * 8_000] * 40}}, "at most"),
        ({**SMALL, "details": {"x": [object()]}}, "object"),
        (7, "pass an Event"),
        (["x"], "pass an Event"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_a_remedy(
    event: Any, told: str
) -> None:
    with pytest.raises(EventError, match=told):
        stated(event)


def test_more_than_32_levels_are_refused() -> None:
    nested: Any = "x"
    for _ in range(40):
        nested = [nested]
    with pytest.raises(EventError, match="32 levels"):
        stated({**SMALL, "details": {"x": nested}})


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(EventError, match="32 levels"):
        stated({**SMALL, "details": {"x": loop}, "changes": loop})


def test_an_unknown_keyword_is_refused() -> None:
    with pytest.raises(EventError, match="takes no 'user'"):
        stated(user="ann")
    with pytest.raises(EventError, match="beside it"):
        stated(SMALL, action="auth.logout")


def test_a_strict_catalog_refuses_unknown_actions() -> None:
    strict = stating(known=Catalog(frozenset({"plan.change"}), strict=True))
    strict.state({**SMALL, "action": "plan.change"}, {})
    strict.state({**SMALL, "action": "aws.s3.GetObject"}, {})
    with pytest.raises(EventError, match="not in the catalog"):
        strict.state({**SMALL, "action": "plan.changed"}, {})


def test_an_action_may_be_given_as_its_type() -> None:
    fields: Fields = {"action": customer.PII_VIEW, "result": "success"}
    fields["actor"] = {"userId": "usr_1"}
    assert state(**fields)["action"] == "customer.pii.view"
    assert state({**SMALL, "action": customer.PII_VIEW})["action"] == (
        "customer.pii.view"
    )


def test_a_protected_address_passes() -> None:
    commitment = "sha256:" + "0" * 64
    protected = {"$protected": {"class": "ip", "commitment": commitment}}
    value = state({**SMALL, "actor": {"userId": "u", "ipAddress": protected}})
    assert value["actor"]["ipAddress"] == protected


def test_escapes_that_the_sealer_adds_count_as_bytes() -> None:
    details = {"x": [{"$": 1}] * 30_000}
    assert len(jcs.canonical(details)) < MAX_BYTES - 1_000
    with pytest.raises(EventError, match="at most"):
        stated({**SMALL, "details": details})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(
                st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
                max_size=8,
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(details=st.dictionaries(st.sampled_from(["a", "$b", "é", "id"]), JSON))
def test_what_is_stated_is_sealed(details: dict[str, Any]) -> None:
    made = stated({**EXAMPLE, "details": details})
    (text,) = made.texts
    assert jcs.canonical(jcs.parse(text)) == text.encode()
    ready = prepare.prepare(as_row(text), now_us=NOW, random=lambda n: b"\0" * n)
    assert isinstance(ready, prepare.Ready)
    # what `accepting` relies on where it does not ask the sealer
    assert '"$' in text or ready.stated == text.encode()
    again = stated(json.loads(text))
    assert again.texts == made.texts


@pytest.mark.parametrize(("levels", "fits"), [(29, True), (30, False)])
def test_a_protected_value_counts_its_own_levels(levels: int, *, fits: bool) -> None:
    """What goes in must be what the sealer can take."""
    inner: Any = Personal("ann@mail.example", "contact.email", subject="cust_1")
    for _ in range(levels):
        inner = {"x": inner}
    event = {**SMALL, "details": inner}
    if fits:
        assert jcs.canonical(state(event))
    else:
        with pytest.raises(EventError, match="deeper than 32 levels"):
            stated(event)


def test_few_long_ids_are_split_as_many_are() -> None:
    subjects = ["\u0001" * 900 + str(n) for n in range(events.MAX_SUBJECTS // 2)]
    parts = stated({**SMALL, "subjects": subjects}).texts
    assert [s for text in parts for s in json.loads(text)["subjects"]] == subjects
    assert len(parts) > 1
