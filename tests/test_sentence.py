"""Events as sentences, and what they do not say: for any event whatsoever."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.catalog import (
    Detail,
    EventType,
    declare,
    find,
    missing,
    registry,
    tell,
    template,
)
from prooftrail.catalog.places import ABSENT, at
from prooftrail.core import normal
from prooftrail.demo import scenario

DANI = {"userId": "usr_a1b2c3", "email": "dani@company.com", "role": "admin"}
ACME = {"type": "customer", "id": "cust_x7y8z9", "name": "Acme Corp"}
PROTECTED = {
    "$protected": {"class": "contact.email", "commitment": f"sha256:{'0' * 64}"}
}
TYPES = [*registry.BUILT_IN.values(), *registry.PRODUCT.values()]


def event(action: str, result: str = "success", **fields: Any) -> dict[str, Any]:
    return {"actor": DANI, "action": action, "result": result} | fields


def exported(count: Any, **fields: Any) -> str:
    return tell(event("customer.pii.export", details={"record_count": count}, **fields))


def test_the_example_of_the_design_is_told() -> None:
    details = {"export_format": "csv", "record_count": 1}
    told = tell(event("customer.pii.export", resource=ACME, details=details))
    assert told == "dani@company.com exported 1 customer as csv"


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 customers"),
        (1, "1 customer"),
        (10_000, "10,000 customers"),
        ({"$number": "12345678901234567890"}, "12,345,678,901,234,567,890 customers"),
        (Decimal("1.50"), "1.50 customers"),
        ("many", "many customers"),
        (None, "customers"),
        (PROTECTED, "[protected] customers"),
    ],
)
def test_numbers_have_their_noun(count: Any, told: str) -> None:
    assert exported(count) == f"dani@company.com exported {told}"


def test_subjects_are_counted_where_all_of_them_are_there() -> None:
    subjects = ["cust_1", "cust_2"]
    one = event("customer.pii.export", subjects=subjects)
    assert tell(one) == "dani@company.com exported 2 customers"
    part = {"of": "x", "n": 1, "total": 3}
    assert tell(one | {"part": part}) == (
        "dani@company.com exported customers (part 1 of 3)"
    )


def test_attempts_are_told_as_such() -> None:
    denied = event("customer.pii.export", "denied")
    assert tell(denied) == ("dani@company.com tried to export customers and was denied")
    failed = event("customer.pii.view", "failure", resource=ACME)
    failed["details"] = {"reason": "TimeoutError"}
    assert tell(failed) == (
        "dani@company.com tried to view personal data of customer Acme Corp and "
        "failed: TimeoutError"
    )


def test_a_failure_that_is_expected_needs_no_attempt() -> None:
    one = {"type": "anonymous", "ipAddress": "198.51.100.66"}
    details = {"reason": "bad_password"}
    login = event("auth.login.failure", "failure", actor=one, details=details)
    assert tell(login) == "somebody at 198.51.100.66 could not log in: bad_password"
    refused = event("system.access.denied", "denied", context={"route": "/admin"})
    assert tell(refused) == "dani@company.com was denied access at /admin"
    odd = event("auth.login.failure", "success", actor=one)
    assert tell(odd) == "somebody at 198.51.100.66: auth.login.failure (success)"


def test_a_verification_that_found_something_was_run() -> None:
    found = event("audit.chain.verify", "failure", details={"verdict": "tampered"})
    assert tell(found) == "dani@company.com verified the trail: tampered"
    assert missing(found | {"details": {}}) == ["verdict"]
    refused = event("audit.chain.verify", "denied")
    assert tell(refused).endswith("tried to verify the trail and was denied")
    assert missing(refused) == []


def test_before_and_after_come_from_the_changes() -> None:
    changes = [{"field": "billing_plan", "before": None, "after": "plus"}]
    told = tell(event("admin.config.update", changes=changes))
    assert told == "dani@company.com changed billing_plan from nothing to plus"
    update = event("customer.pii.update", resource=ACME, changes=changes * 7)
    assert tell(update) == (
        "dani@company.com changed billing_plan, billing_plan, billing_plan, "
        "billing_plan, billing_plan and 2 more of customer Acme Corp"
    )


def test_somebody_acting_as_another_is_told_with_both() -> None:
    actor = DANI | {"onBehalfOf": {"userId": "usr_9"}}
    assert tell(event("auth.mfa.enable", actor=actor)) == (
        "dani@company.com (as usr_9) added a second factor"
    )


def test_protected_values_are_not_shown() -> None:
    shared = event(
        "customer.pii.share",
        actor=DANI | {"email": PROTECTED},
        resource=ACME | {"name": PROTECTED},
        details={"provider": PROTECTED, "fields_accessed": ["name", PROTECTED]},
    )
    assert tell(shared) == (
        "usr_a1b2c3 shared name, [protected] of customer [protected] with [protected]"
    )


def test_what_would_move_the_cursor_is_spelled_out() -> None:
    actor = {"userId": "a\x1b[2Jb\u202ec\nd"}
    assert tell(event("auth.logout", actor=actor)) == (
        "the session of a\\x1b[2Jb\\u202ec\\nd ended"
    )


def test_events_of_no_type_are_told_plainly() -> None:
    resource = {"type": "account", "id": "acct_1"}
    assert tell(event("billing.plan.unknown", "denied", resource=resource)) == (
        "dani@company.com: billing.plan.unknown on account acct_1 (denied)"
    )
    assert tell({}) == "somebody: did something (no result)"
    request = event("http.customers.update", context={"route": "/c/{id}"})
    assert tell(request) == "dani@company.com called /c/{id}"


def test_an_applications_own_type_is_told_by_its_own_sentence() -> None:
    declare(
        EventType(
            name="sentence.entry.sign",
            meaning="Signed",
            sentence="{actor} signed {entries:entry}[ for {purpose}]",
            required=(Detail("entries", "count", "how many"),),
        )
    )
    one = event("sentence.entry.sign", details={"entries": 2}, purpose="the audit")
    assert tell(one) == "dani@company.com signed 2 entries for the audit"
    assert tell(one | {"result": "failure"}) == (
        "dani@company.com: sentence.entry.sign (failure)"
    )


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(st.characters(), max_size=8)
    | st.just(PROTECTED)
    | st.builds(lambda token: {"$number": token}, st.text(max_size=5) | st.just("1e9")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=6,
)


def shaped(known: EventType) -> st.SearchStrategy[dict[str, Any]]:
    names = [detail.name for detail in known.details]
    return st.fixed_dictionaries(
        {"action": st.just(known.name)},
        optional={
            "result": st.sampled_from(["success", "failure", "denied"]) | json,
            "details": st.dictionaries(st.sampled_from([*names, "reason"]), json)
            | json,
            "changes": st.lists(
                st.dictionaries(st.sampled_from(["field", "before", "after"]), json),
                max_size=3,
            )
            | json,
            "actor": st.dictionaries(
                st.sampled_from(["userId", "email", "name", "ipAddress", "onBehalfOf"]),
                json,
            )
            | json,
            "resource": st.dictionaries(st.sampled_from(["id", "type", "name"]), json)
            | json,
            "subjects": st.lists(json, max_size=4),
            "part": st.dictionaries(st.sampled_from(["n", "total"]), json) | json,
            "context": json,
            "pii": st.dictionaries(st.sampled_from(["fields", "classes"]), json),
            "purpose": json,
        },
    )


@given(
    st.dictionaries(st.text(max_size=8), json) | st.sampled_from(TYPES).flatmap(shaped)
)
def test_any_event_whatsoever_is_one_harmless_line(one: dict[str, Any]) -> None:
    told = tell(one)
    assert told
    assert told.isprintable()
    assert "sha256:" not in told
    assert "$number" not in told or "$number" in str(one)
    assert isinstance(missing(one), list)


@given(st.sampled_from(TYPES).flatmap(shaped))
def test_nothing_is_told_as_done_that_was_not(one: dict[str, Any]) -> None:
    known = find(one["action"])
    assert known is not None
    result = one.get("result")
    if result in ("failure", "denied") and result not in known.expected:
        told = tell(one)
        assert " tried to " in told or told.endswith(f"({result})") or "part" in one


@pytest.mark.parametrize("known", TYPES, ids=lambda one: one.name)
def test_an_event_that_says_everything_lacks_nothing(known: EventType) -> None:
    values = {"count": 3, "list": ["a", "b"], "value": None}
    details = {one.name: values.get(one.kind, "x") for one in known.details}
    one = event(known.name, known.expected[0], resource=ACME, details=details)
    assert missing(one) == []
    told = tell(one)
    assert f"{known.name}" not in told
    assert not set("{}[]|") & set(told)
    lists = {one.name for one in known.details if one.kind == "list"}
    assert not lists & {*template.names(known.sentence)} or "a, b" in told


@pytest.mark.parametrize("known", TYPES, ids=lambda one: one.name)
def test_an_event_that_says_nothing_is_told_and_lacks_what_is_required(
    known: EventType,
) -> None:
    bare = {"actor": DANI, "action": known.name}
    for result in ("success", "failure", "denied"):
        told = tell(bare | {"result": result})
        assert told.count("dani@company.com") == 1
        assert missing(bare | {"result": result}) == [
            one.name for one in known.required if result in known.expected or one.always
        ]


def test_what_is_said_elsewhere_is_not_missing() -> None:
    one = event("customer.pii.export", pii={"fields": ["name"]}, subjects=["cust_1"])
    assert missing(one) == ["export_format"]
    assert missing(one | {"details": {"export_format": ""}}) == ["export_format"]
    assert missing(event("billing.unknown.name")) == []
    assert missing({"action": 7}) == []
    continued = {"of": "x", "n": 2, "total": 2}
    assert missing(event("customer.pii.export", part=continued)) == []
    first = {"of": "x", "n": 1, "total": 2}
    assert missing(event("auth.logout", part=first)) == ["reason"]


def test_a_value_that_was_or_becomes_nothing_is_said() -> None:
    changes = [{"field": "limit", "before": None, "after": None}]
    assert missing(event("admin.config.update", changes=changes)) == []
    one = {"before": None, "after": 1, "setting": None}
    assert missing(event("admin.config.update", details=one)) == ["setting"]


def test_the_demonstrations_events_lack_nothing() -> None:
    for one in scenario.events(1_790_000_000_000_000, cases=40):
        assert missing(one) == [], one
        assert find(one["action"]) is not None
        assert one["action"] not in tell(one)


def test_stored_and_shown_forms_of_an_event_are_told_alike() -> None:
    stored = event("customer.pii.export", details={"record_count": {"$number": "2.0"}})
    assert tell(stored) == tell(normal.unescape(stored))


def test_a_pointer_finds_what_is_there_and_nothing_else() -> None:
    where = {"a/b": {"~": [1, {"c": None}]}, "s": "text"}
    assert at(where, "/a~1b/~0/0") == 1
    assert at(where, "/a~1b/~0/1/c") is None
    for pointer in ("/s/0", "/a~1b/~0/2", "/a~1b/~0/-1", "/a~1b/~0/x", "/none"):
        assert at(where, pointer) is ABSENT


@pytest.mark.parametrize(
    ("noun", "many"),
    [("customer", "customers"), ("entry", "entries"), ("key", "keys"),
     ("address", "addresses"), ("box", "boxes"), ("y", "ys"), ("row", "rows")],
)  # fmt: skip
def test_nouns_have_plurals(noun: str, many: str) -> None:
    assert template.plural(noun) == many


def test_names_that_templates_share_are_said_by_every_event() -> None:
    assert missing(event("customer.pii.share", resource=ACME, purpose="credit check",
        details={"provider": "Bureau", "fields_accessed": ["name"]})) == []  # fmt: skip
