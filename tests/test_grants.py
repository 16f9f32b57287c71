"""Access grants: which events are, what each tells, and who approved it beforehand."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.catalog import registry
from prooftrail.console import grants as page_of_grants
from prooftrail.grants import grant
from prooftrail.grants.segregation import FAILURES, Approval, Deed, failures, lead_us
from prooftrail.grants.types import TYPES
from prooftrail.sampling import drawing
from prooftrail.search import granted
from tests.test_questions import numbers

if TYPE_CHECKING:
    from tests.console_rig import Console

NAMES = st.sampled_from(["usr_1", "usr_2", "usr_3", "a@b.example", "A@b.example"])
SEVERAL = st.sets(NAMES, max_size=2)
TIMES = st.integers(-5, 5)
DEEDS = st.builds(
    Deed,
    TIMES,
    SEVERAL,
    st.none() | SEVERAL,
    st.none() | st.builds(Approval, st.none() | NAMES, st.none() | TIMES),
)
DONE = "2026-03-02T10:00:00Z"
APPROVED: dict[str, Any] = {
    "id": "APR-1",
    "by": "usr_boss",
    "at": "2026-03-01T08:30:00+01:00",
    "ticket": "OPS-7",
}


def event(approval: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    authorization = {"decision": "allowed", "basis": "role", "name": "admin"}
    return {
        "action": "admin.permission.grant",
        "resource": {"type": "staff", "id": "usr_2"},
        "details": {"permission": "customers:reveal"},
        "authorization": authorization
        | ({} if approval is None else {"approval": approval}),
        "timestamp": DONE,
        "pii": None,
        "subjects": [],
    } | changes


CASES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "approved": (event(APPROVED), set()),
    "bare": (event(), {"not-approved"}),
    "late": (event(APPROVED | {"at": DONE}), {"approved-afterwards"}),
    "by himself": (event(APPROVED | {"by": "usr_1"}), {"self-approved"}),
    "by his address": (
        event(APPROVED | {"by": "DANI@company.com"}),
        {"self-approved"},
    ),
    "by whom it is for": (event(APPROVED | {"by": "usr_2"}), {"recipient-approved"}),
    "by nobody": (
        event({"id": "APR-2", "at": DONE[:-1] + "+02:00"}),
        {"approver-unnamed"},
    ),
    "at no time": (event({"by": "usr_boss", "at": "yesterday"}), {"approval-undated"}),
    "for himself": (
        event(resource={"type": "staff", "id": "usr_1"}),
        {"not-approved", "self-granted"},
    ),
    "as another, for him": (
        event(
            APPROVED,
            actor={"userId": "usr_9", "onBehalfOf": {"userId": "usr_2"}},
        ),
        {"self-granted"},
    ),
    "by nobody named": (
        event(APPROVED, actor={"type": "anonymous"}, resource={"type": "staff"}),
        {"actor-unnamed", "recipient-unnamed"},
    ),
    "a key": (
        event(
            action="admin.apikey.create",
            resource={"type": "api_key", "id": "key_1"},
            details={"scopes": ["read", "write"]},
        ),
        {"not-approved"},
    ),
    "a role": (
        event(
            action="admin.role.change",
            details={"old_role": "support", "new_role": "admin"},
        ),
        {"not-approved"},
    ),
    "an account": (
        event(action="admin.user.create", details={"role": "ops"}),
        {"not-approved"},
    ),
}


@given(DEEDS)
def test_nothing_fails_where_somebody_else_approved_beforehand_and_only_there(
    deed: Deed,
) -> None:
    def alike(one: str | None) -> str | None:
        return one.lower() if one is not None and "@" in one else one

    actors, recipients = (
        {*map(alike, one or ())} for one in (deed.actors, deed.recipients)
    )
    good = (
        deed.approval is not None
        and deed.approval.by is not None
        and deed.approval.at_us is not None
        and deed.approval.at_us < deed.at_us
        and bool(actors)
        and (deed.recipients is None or bool(recipients))
        and not actors & recipients
        and alike(deed.approval.by) not in actors | recipients
    )
    assert (failures(deed) == ()) == good


@given(DEEDS)
def test_what_fails_is_told_once_and_goes_with_the_lead_time(deed: Deed) -> None:
    found = failures(deed)
    assert [one for one in FAILURES if one in found] == list(found)
    lead = lead_us(deed)
    assert (lead is None) == bool({"not-approved", "approval-undated"} & {*found})
    assert lead is None or (lead <= 0) == ("approved-afterwards" in found)


@given(DEEDS, st.permutations(["usr_1", "usr_2", "usr_3"]))
def test_it_does_not_matter_who_somebody_is(deed: Deed, names: list[str]) -> None:
    renamed = dict(zip(["usr_1", "usr_2", "usr_3"], names, strict=True))

    def new(one: str) -> str:
        return renamed.get(one, one)

    approval = deed.approval
    if approval is not None and approval.by is not None:
        approval = approval._replace(by=new(approval.by))
    other = Deed(
        deed.at_us,
        {*map(new, deed.actors)},
        None if deed.recipients is None else {*map(new, deed.recipients)},
        approval,
    )
    assert failures(other) == failures(deed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$protected", "id", "by", "at"]), inner)
    ),
    max_leaves=8,
)
KEYS = ["actor", "resource", "details", "authorization", "changes", "ticket", "eventId"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.sampled_from(TYPES))
def test_whatever_an_event_holds_is_a_grant(item: dict[str, Any], action: str) -> None:
    found = grant.read({**item, "action": action, "seq": 7}, 0)
    assert found.seq == 7
    assert {*found.fails} <= {*FAILURES}


def test_a_long_text_is_cut_and_a_protected_one_is_not_stated() -> None:
    hidden = {"$protected": {"class": "contact.email", "commitment": "sha256:00"}}
    stated = event(APPROVED | {"by": hidden}, details={"permission": "x" * 5_000})
    found = grant.read(stated, 0)
    assert found.gives == "x" * (grant.LONGEST - 1) + "…"
    assert found.approver is None
    assert "approver-unnamed" in found.fails


def test_grants_are_event_types_of_the_catalog_and_closed() -> None:
    known = {**registry.BUILT_IN, **registry.PRODUCT}
    for name in TYPES:
        assert known[name].policy == "closed"
        assert {"SOC 2 CC6.2", "SOC 2 CC6.3"} & {*known[name].controls}
    giving = {3001: 1, 3005: 1}  # OCSF: an account is created, privileges are assigned
    for name, one in known.items():
        if name.startswith("admin.") and one.ocsf is not None:
            gives = giving.get(one.ocsf.v1_8.class_uid) == one.ocsf.v1_8.activity_id
            assert not gives or name in TYPES, name


def recorded(console: Console) -> dict[str, str]:
    """Record each case, and what is no grant; return the cases by their event ids."""
    ids = {console.record(**stated): name for name, (stated, _) in CASES.items()}
    for result in ("failure", "denied"):
        console.record(**event(), result=result)
    console.record(**event(action="admin.permission.revoke"))
    console.record(**event(action="admin.user.disable", details={"reason": "left"}))
    console.record()
    console.api.seal()
    return ids


@pytest.fixture
def ids(console: Console) -> dict[str, str]:
    return recorded(console)


def test_each_grant_is_answered_with_what_is_not_as_it_should_be(
    console: Console, ids: dict[str, str]
) -> None:
    q = "during:2026-03"
    with console.api.client(console.api.key("auditor")) as client:
        answer = client.get("/audit/grants", params={"q": q})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        console.api.seal()
        views = {"action": "audit.log.view"}
        read = client.get("/audit/events", params=views).json()["events"][0]
        one = client.get("/audit/grants", params={"q": f"{q} actor:usr_9"}).json()
        assert [each["actor"] for each in one["grants"]] == ["usr_9"]
        assert client.get("/audit/grants", params={"days": "1"}).status_code == 400
        assert client.get("/audit/grants", params={"n": "3"}).status_code == 400
        asked = {"q": q, "n": "3", "seed": "Ada"}
        drawn = client.get("/audit/grants", params=asked).json()
        assert drawn["grants"] == told["grants"]
        ordered = sorted(told["grants"], key=lambda each: each["seq"])
        assert [each["eventId"] for each in drawn["sample"]["items"]] == [
            ordered[each.position]["eventId"]
            for each in drawing.draw("Ada", len(ordered), 3)
        ]
    found = {ids[each["eventId"]]: {*each["fails"]} for each in told["grants"]}
    assert found == {name: fails for name, (_, fails) in CASES.items()}
    assert told["total"] == len(CASES)
    assert told["approved"] == 1
    assert told["query"] == q
    for failure, n in told["fails"].items():
        assert n == sum(failure in fails for _, fails in CASES.values())
    by = {ids[each["eventId"]]: each for each in told["grants"]}
    approved = by["approved"]
    assert approved["approvedBeforehandByAnother"]
    assert approved["approval"] == {
        "id": "APR-1",
        "by": "usr_boss",
        "at": APPROVED["at"],
    }
    assert approved["ticket"] == "OPS-7"
    assert approved["leadSeconds"] == 26.5 * 3600
    assert approved["to"] == {"type": "staff", "id": "usr_2", "name": None}
    assert by["bare"]["approval"] is None
    assert by["bare"]["leadSeconds"] is None
    assert {name: by[name]["gives"] for name in ("bare", "a key", "a role")} == {
        "bare": "customers:reveal",
        "a key": "read, write",
        "a role": "admin, before support",
    }
    assert by["an account"]["gives"] == "ops"
    assert by["as another, for him"]["onBehalfOf"] == "usr_2"
    assert read["details"]["answer"] == "grants"
    assert read["details"]["count"] == len(CASES)


def test_the_page_has_those_first_that_nobody_else_approved(
    console: Console, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    person = console.person()
    console.api.seal()
    page = person.get("/grants?q=during:2026-03")
    assert numbers(page) == {
        "Grants in all": len(CASES),
        "Approved beforehand, by somebody else": 1,
        "Not so": len(CASES) - 1,
    }
    failing, approved = (
        page.partition(f"<caption>{title}")[2].partition("</table>")[0]
        for title in ("Not approved", "Approved")
    )
    events = re.compile(r"/events/([0-9a-f-]{36})")
    assert [ids[one] for one in events.findall(approved)] == ["approved"]
    assert {ids[one] for one in events.findall(failing)} == {*CASES} - {"approved"}
    assert "2026-03-01 07:30:00" in approved  # UTC, as all times of a page
    assert "1 d 2 h before" in approved
    assert "approved by whom it is for" in failing
    for link in re.findall(r'href="(/(?:\?q=|events/)[^"]*)"', page):
        assert "No event answers" not in person.get(unescape(link))
    admin = console.person(role="admin", email="admin@company.com")
    invited = {"name": "Sam", "email": "sam@auditors.example", "role": "auditor"}
    shown = {"days": "30", "streams": "main", "from": "", "to": ""}
    assert admin.post("/access/invite", **invited, **shown).status_code == 200
    console.api.seal()  # access to the trail is access
    assert "Invited to this console" in person.get("/grants?q=")
    monkeypatch.setattr(page_of_grants, "SHOWN", 2)
    assert "The 2 newest of 13" in person.get("/grants?q=during:2026-03")
    assert "No access was granted" in person.get("/grants?q=during:2019")


def test_all_are_answered_over_several_pages_or_none(
    console: Console,
    ids: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(granted, "PAGE", 3)
    with console.api.client(console.api.key("auditor")) as client:
        params = {"q": "during:2026-03"}
        told = client.get("/audit/grants", params=params).json()
        assert {one["eventId"] for one in told["grants"]} == {*ids}
        monkeypatch.setattr(granted, "MOST", len(ids) - 1)
        answer = client.get("/audit/grants", params=params)
        assert answer.status_code == 400
        assert "ask for a shorter time" in answer.text
