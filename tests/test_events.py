"""Events: the example is accepted, each key has its type, each refusal its name."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail import Catalog
from prooftrail.core import events, instants, jcs
from prooftrail.errors import EventError

NOW = instants.microseconds("2026-02-17T14:23:02Z")
UUID7 = "019c6b0f-5bb0-7000-8000-000000000000"

# As the design states it, letter for letter.
EXAMPLE = """
    {"eventId": "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69", "timestamp": "2026-02-17T14:23:01.445Z",
     "actor": {"userId": "usr_a1b2c3", "email": "dani@company.com", "role": "admin",
               "ipAddress": "203.0.113.42", "userAgent": "Mozilla/5.0..."},
     "action": "customer.pii.export",
     "resource": {"type": "customer", "id": "cust_x7y8z9", "name": "Acme Corp"},
     "details": {"fields_accessed": ["name", "email", "phone", "billing_address"],
                 "export_format": "csv", "record_count": 1},
     "result": "success"}
"""  # noqa: E501
SMALLEST: dict[str, Any] = {
    "actor": {"userId": "u"},
    "action": "a.b",
    "result": "success",
}
PROTECTED = {
    "$protected": {"class": "contact.email", "commitment": "sha256:" + 64 * "0"}
}
# Every optional key, each with values that are fine.
OPTIONAL: list[tuple[str, list[Any]]] = [
    ("eventId", [None, "0b8e7c62-6d6f-1c0e-9a55-3f1c2d4b5a69", UUID7]),
    ("timestamp", [None, "2026-02-17T14:28:02Z", "0001-01-01T00:00:00.000001Z"]),
    ("actor.type", [None, "user", "service", "system", "anonymous"]),
    ("actor.email", [None, "dani@company.com", PROTECTED]),
    ("actor.name", [None, "Dani", PROTECTED]),
    ("actor.role", [None, "admin", PROTECTED]),
    ("actor.ipAddress", [None, "203.0.113.42", "2001:db8::1", "no address", PROTECTED]),
    ("actor.host", [None, "ec2.amazonaws.com", PROTECTED]),
    ("actor.userAgent", [None, "Mozilla/5.0...", PROTECTED]),
    ("actor.sessionId", [None, "hmac:9f", PROTECTED]),
    ("actor.onBehalfOf", [None, {"userId": "usr_2"}]),
    ("actor.team", ["an unknown key of an actor is kept", 1, {"a": [None]}]),
    ("resource", [None, {"type": "customer"}, {"type": "c", "id": "1", "name": "A"}]),
    ("resource", [{"type": "c", "id": None, "name": PROTECTED, "more": [1]}]),
    ("details", [None, {}, {"any": ["thing", {"$number": "1.5"}, None, True]}]),
    ("subjects", [[], ["cust_1"], ["c" * 1000], ["c" * 200] * 1000]),
    ("part", [None, {"of": UUID7, "n": 1, "total": 3}]),
    (
        "changes",
        [[], [{"field": "plan", "before": "a", "after": None}, {"field": "x"}]],
    ),
    ("pii", [None, {}, {"fields": ["email"], "classes": ["contact.email"]}]),
    ("authorization", [None, {}, {"decision": "allowed"}, {"decision": "denied"}]),
    ("authorization.basis", ["role", "permission", "grant", "break_glass"]),
    ("authorization.basis", ["self", "system", None]),
    ("authorization.name", [None, "billing"]),
    ("authorization.policy", [None, "p"]),
    ("authorization.grant", [None, "g"]),
    (
        "authorization.approval",
        [None, {"id": "1", "by": "u", "at": "t", "ticket": "T"}],
    ),
    ("context", [None, {}, {"requestId": "r", "status": 200, "own": {"x": 1}}]),
    ("purpose", [None, "support", PROTECTED]),
    ("ticket", [None, "OPS-1", PROTECTED]),
    ("result", ["success", "failure", "denied"]),
    ("action", ["a.b", "A-1.b_2.C", "$trail.quarantine", "aws.s3.GetObject"]),
    ("$$own", [1, {"x": 2}]),
    ("$source", [{"login": "x"}]),
]


def put(event: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    event = copy.deepcopy(event)
    inner = event
    *way, last = path.split(".") if not path.startswith("$") else [path]
    for name in way:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return event


def check(event: Any, **more: Any) -> events.Event:
    return events.check(jcs.canonical(event), event, now_us=NOW, **more)


def test_the_example_of_the_design_is_accepted_as_it_stands() -> None:
    value, data = jcs.read(EXAMPLE.encode())
    found = events.check(data, value, now_us=NOW)
    assert value == json.loads(EXAMPLE)
    assert found.event_id == "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69"
    assert found.actor.user_id == "usr_a1b2c3"
    assert found.actor.ip_address == "203.0.113.42"
    assert found.resource == events.Resource(
        type="customer", id="cust_x7y8z9", name="Acme Corp"
    )
    assert found.details is not None
    assert found.details["record_count"] == 1


def test_who_what_and_outcome_are_enough() -> None:
    assert check(SMALLEST).action == "a.b"
    assert check(SMALLEST | {"actor": {"type": "anonymous"}}).actor.user_id is None


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, fine in OPTIONAL for value in fine]
)
def test_every_optional_key_is_accepted(path: str, value: Any) -> None:
    check(put(SMALLEST, path, value))


def test_all_keys_at_once_are_accepted_and_read() -> None:
    event: dict[str, Any] = json.loads(EXAMPLE)
    for path, fine in OPTIONAL:
        if fine[-1] is not None and not path.startswith("$"):
            event = put(event, path, fine[-1])
    found = check(event)
    assert found.changes == [
        events.Change(field="plan", before="a"),
        events.Change(field="x"),
    ]
    assert found.authorization is not None
    assert found.authorization.basis == "break_glass"
    assert found.part == events.Part(of=UUID7, n=1, total=3)
    assert set(event) == events.KEYS


# path, a wrong value, what the message must say besides naming the path
REFUSED: list[tuple[str, Any, str]] = [
    ("actor", None, "expected `object`, got `null`"),
    ("actor", "usr_1", "expected `object`, got `str`"),
    ("actor.userId", None, "say who did it"),
    ("actor.userId", "", "say who did it"),
    ("actor.userId", 7, "expected `str"),
    ("actor.userId", "u" * 1001, "1001 characters"),
    ("actor.type", "robot", "one of user, service, system, anonymous"),
    ("actor.email", 7, "expected"),
    ("actor.role", ["admin"], "expected"),
    ("actor.ipAddress", 1, "expected"),
    ("actor.onBehalfOf", {}, "userId"),
    ("actor.onBehalfOf.userId", 1, "expected `str`"),
    ("action", 1, "expected `str`, got `int`"),
    ("action", None, "expected `str`, got `null`"),
    ("action", "", "dotted names"),
    ("action", "export", "dotted names"),
    ("action", "a..b", "dotted names"),
    ("action", "a.b ", "dotted names"),
    ("action", "a.b\n", "dotted names"),
    ("action", "a.é", "dotted names"),
    ("action", "$$a.b", "dotted names"),
    ("action", "a." + "b" * 999, "1001 characters"),
    ("result", "ok", "one of success, failure, denied"),
    ("result", None, "expected `str`, got `null`"),
    ("resource", "cust_1", "expected `object"),
    ("resource", {"id": "1"}, "`type`"),
    ("resource.type", 1, "expected `str`"),
    ("resource", {"type": "c", "id": 1}, "resource.id"),
    ("resource", {"type": "c" * 1001}, "resource.type has 1001 characters"),
    ("resource", {"type": "c", "id": "i" * 1001}, "resource.id has 1001 characters"),
    ("details", [1], "expected `object"),
    ("subjects", "cust_1", "expected `array`"),
    ("subjects", None, "expected `array`"),
    ("subjects", ["a", 1], r"subjects\[1\]: expected `str`"),
    ("subjects", ["s"] * 1001, "1001 ids, at most 1000"),
    ("subjects", ["s" * 1001], "1001 characters"),
    ("part", {"of": "x", "n": 1}, "`total`"),
    ("part", {"of": "x", "n": "1", "total": 2}, "part.n"),
    ("changes", [{"before": 1}], "`field`"),
    ("pii", ["email"], "expected `object"),
    ("pii", {"fields": "email"}, "pii.fields"),
    ("pii", {"classes": [1]}, "pii.classes"),
    ("authorization", {"decision": "maybe"}, "one of allowed, denied"),
    ("authorization", {"basis": "luck"}, "one of role, permission"),
    ("authorization", {"approval": "yes"}, "authorization.approval"),
    ("context", "GET /", "expected `object"),
    ("purpose", 1, "expected"),
    ("ticket", 1, "expected"),
    ("eventId", 1, "expected `str"),
    ("eventId", "", "not an RFC 9562 UUID"),
    ("eventId", "0b8e7c626d6f4c0e9a553f1c2d4b5a69", "not an RFC 9562 UUID"),
    ("eventId", "00000000-0000-0000-0000-000000000000", "not an RFC 9562 UUID"),
    ("eventId", "0B8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69", "lower case"),
    ("eventId", "ffffffff-ffff-7000-8000-000000000000", "5 minutes ahead"),
    ("timestamp", 1, "expected `str"),
    ("timestamp", "yesterday", "write UTC"),
    ("timestamp", "2026-02-17 14:23:01Z", "write UTC"),
    ("timestamp", "2026-02-17T14:23:01+00:00", "write UTC"),
    ("timestamp", "2026-02-30T14:23:01Z", "is no time"),
    ("timestamp", "2026-02-17T14:28:02.000001Z", "5 minutes ahead"),
    ("seq", 1, "not known at the top"),
    ("recordedAt", "2026-02-17T14:23:01Z", "not known at the top"),
    ("checksum", "sha256:00", "not known at the top"),
    ("previousChecksum", "sha256:00", "not known at the top"),
    ("ressource", {"type": "c"}, "did you mean 'resource'"),
    ("detail", {}, "did you mean 'details'"),
    ("event_id", UUID7, "did you mean 'eventId'"),
    ("", 1, "not known at the top"),
]


@pytest.mark.parametrize(("path", "value", "reason"), REFUSED)
def test_every_refusal_names_the_field_and_what_is_wrong(
    path: str, value: Any, reason: str
) -> None:
    with pytest.raises(EventError, match=reason) as raised:
        check(put(SMALLEST, path, value))
    for name in path.split(".")[:1]:
        assert name in str(raised.value)


@pytest.mark.parametrize(
    ("name", "question"),
    [("actor", "who did it"), ("action", "what was done"), ("result", "denied")],
)
def test_missing_who_what_or_outcome_is_asked_for(name: str, question: str) -> None:
    event = {key: value for key, value in SMALLEST.items() if key != name}
    with pytest.raises(EventError, match=f"^{name} is missing: .*{question}"):
        check(event)


@pytest.mark.parametrize("value", [None, True, 1, "x", [], [SMALLEST], {}])
def test_what_is_no_object_or_an_empty_one_is_refused(value: Any) -> None:
    with pytest.raises(EventError, match=r"object|missing"):
        check(value)


def test_a_missing_key_far_below_is_not_taken_for_one_at_the_top() -> None:
    event = SMALLEST | {"actor": {"onBehalfOf": {"email": "x"}, "userId": "u"}}
    with pytest.raises(EventError, match=r"^actor.onBehalfOf: .*`userId`"):
        check(event)


def test_a_hostile_key_or_value_does_not_fill_the_message() -> None:
    for event in (
        SMALLEST | {"k" * 100_000: 1},
        SMALLEST | {"action": "\x1b[31m" * 10_000},
        SMALLEST | {"eventId": "e" * 100_000},
        SMALLEST | {"timestamp": "t" * 100_000},
    ):
        with pytest.raises(EventError) as raised:
            check(event)
        assert len(str(raised.value)) < 500
        assert "\x1b" not in str(raised.value)


def test_a_time_may_be_five_minutes_ahead_and_any_time_behind() -> None:
    late = instants.text(NOW + events.AHEAD_US)
    check(SMALLEST | {"timestamp": late})
    check(SMALLEST | {"timestamp": "1970-01-01T00:00:00Z"})
    with pytest.raises(EventError, match=r"timestamp .* ahead"):
        check(SMALLEST | {"timestamp": instants.text(NOW + events.AHEAD_US + 1)})


def test_a_strict_catalog_refuses_what_it_does_not_know() -> None:
    strict = Catalog(strict=True)
    check(SMALLEST | {"action": "data.export.create"}, known=strict)
    with pytest.raises(EventError, match=r"'a.b' is not in the catalog"):
        check(SMALLEST, known=strict)


@pytest.mark.parametrize("action", ["trail.quarantine", "Trail.x", "TRAIL.CLOCK"])
def test_a_statement_of_the_trail_is_refused_in_any_case(action: str) -> None:
    with pytest.raises(EventError, match="the trail's own statements"):
        check(SMALLEST | {"action": action})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab$", max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*sorted(events.KEYS), "userId", "id", "type"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_accepted_or_refused_with_an_event_error(value: Any) -> None:
    with suppress(EventError):
        check(value)
