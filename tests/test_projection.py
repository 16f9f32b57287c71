"""Projections: the same columns from the event and from its bytes, always."""

from __future__ import annotations

import json
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import events, instants, jcs, projection
from prooftrail.errors import EventError
from tests.test_events import EXAMPLE

NOW = instants.microseconds("2026-02-17T14:23:02Z")
BASE: dict[str, Any] = {
    "eventId": "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
    "timestamp": "2026-02-17T14:23:01.445Z",
    "actor": {"userId": "u"},
    "action": "a.b",
    "result": "success",
}
PROTECTED = {"$protected": {"class": "network.ip", "commitment": "sha256:" + 64 * "0"}}

wild = st.text(st.characters(codec="utf-8", min_codepoint=1), max_size=8)
long = st.builds(str.__mul__, wild, st.integers(0, 60))
personal = st.none() | long | st.just(PROTECTED)
accepted = st.fixed_dictionaries(
    {
        "eventId": st.uuids(version=4).map(str),
        "timestamp": st.integers(-(10**15), NOW).map(instants.text),
        "actor": st.fixed_dictionaries(
            {"userId": long.filter(bool)},
            optional={
                "role": personal,
                "ipAddress": personal | st.ip_addresses().map(str),
                "own": wild,
            },
        ),
        "action": st.from_regex(r"\A[A-Za-z_-]{1,9}(\.[A-Za-z0-9]{1,150}){1,2}\Z"),
        "result": st.sampled_from(["success", "failure", "denied"]),
    },
    optional={
        "resource": st.none()
        | st.fixed_dictionaries({"type": long}, optional={"id": st.none() | long}),
        "subjects": st.lists(long | st.sampled_from("ab"), max_size=6),
        "pii": st.none()
        | st.fixed_dictionaries({}, optional={"fields": st.lists(wild, max_size=1)}),
        "part": st.none()
        | st.fixed_dictionaries(
            {
                "of": wild | st.uuids().map(str) | st.just(BASE["eventId"]),
                "n": st.integers(-1, 3),
                "total": st.integers(0, 3),
            }
        ),
        "authorization": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "decision": st.sampled_from(["allowed", "denied", None]),
                "basis": st.sampled_from(["role", "break_glass", None]),
            },
        ),
        "details": st.none() | st.dictionaries(wild, wild, max_size=2),
    },
)


def read(**more: Any) -> tuple[projection.Projection, list[str]]:
    event = BASE | more
    data = jcs.canonical(event)
    events.check(data, event, now_us=NOW)
    return projection.read(data)


@given(accepted)
def test_every_accepted_event_projects_the_same_from_its_bytes(
    event: dict[str, Any],
) -> None:
    data = jcs.canonical(event)
    try:
        checked = events.check(data, event, now_us=NOW)
    except EventError:
        return  # an action that is the trail's, say
    found, touched = projection.read(data)
    assert projection.project(checked) == found
    assert projection.subjects(checked) == touched
    texts = [item for item in found if isinstance(item, str)] + touched
    assert all(len(text) <= 200 for text in texts)
    assert touched == sorted(set(touched), key=str.encode)
    assert len(touched) <= events.MAX_SUBJECTS


def test_the_example_projects_to_its_columns() -> None:
    found, touched = projection.read(jcs.read(EXAMPLE.encode())[1])
    assert found == projection.Projection(
        event_id=UUID("0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69").bytes,
        occurred_us=1_771_338_181_445_000,
        actor="usr_a1b2c3",
        role="admin",
        action="customer.pii.export",
        resource_type="customer",
        resource_id="cust_x7y8z9",
        result="success",
        ip=ip_address("203.0.113.42").packed,
        pii=True,
        continues=None,
        authority="unexplained",
    )
    assert touched == []
    assert UUID(bytes=found.event_id) == UUID("0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69")


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "255.255.255.255",
        "203.0.113.42",
        "::",
        "::1",
        "2001:db8::1",
        "2001:DB8::1",
        "2001:0db8:0000:0000:0000:0000:0000:0001",
        "::ffff:203.0.113.42",
        "::203.0.113.42",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
    ],
)
def test_an_address_projects_to_itself(text: str) -> None:
    found = read(actor={"userId": "u", "ipAddress": text})[0].ip
    assert found == ip_address(text).packed


def test_a_mapped_address_stays_one_of_version_6() -> None:
    found = read(actor={"userId": "u", "ipAddress": "::ffff:203.0.113.42"})[0].ip
    assert found == bytes(10) + b"\xff\xff" + bytes([203, 0, 113, 42])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 203.0.113.42",
        "203.0.113.42 ",
        "203.0.113.42\n",
        "203.0.113.042",
        "203.0.113.00",
        "0x7f.0.0.1",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.42/32",
        "203.0.113.42:443",
        "3405803818",
        "[2001:db8::1]",
        "2001:db8::1/128",
        "fe80::1%eth0",
        "fe80::1%",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2:3:4:5:6:7:8",
        "12345::",
        ":::",
        "::ffff:203.0.113.042",
        "g::1",
        "\u0662.0.0.1",
        "localhost",
        "1" * 100_000,
        PROTECTED,
        None,
    ],
)
def test_what_is_no_address_projects_to_none(text: object) -> None:
    assert read(actor={"userId": "u", "ipAddress": text})[0].ip is None


def test_names_are_folded_in_ascii_only_and_ids_are_exact() -> None:
    found, _ = read(
        actor={"userId": "UsrÉ", "role": "ADMIN-ÉİK\u212a"},
        action="Aws.S3.GetObject",
        resource={"type": "AWS::S3", "id": "ID-É"},
    )
    assert found.actor == "UsrÉ"
    assert found.role == "admin-Éİk\u212a"
    assert found.action == "aws.s3.getobject"
    assert found.resource_type == "aws::s3"
    assert found.resource_id == "ID-É"


def test_texts_are_cut_to_200_characters_not_bytes() -> None:
    found, touched = read(
        actor={"userId": "😀" * 201, "role": "R" * 201},
        action="a." + "B" * 300,
        resource={"type": "T" * 201, "id": "é" * 201},
        subjects=["s" * 250, "s" * 300, "t" * 200],
    )
    assert found.actor == "😀" * 200
    assert found.role == "r" * 200
    assert found.action == "a." + "b" * 198
    assert found.resource_type == "t" * 200
    assert found.resource_id == "é" * 200
    assert touched == ["s" * 200, "t" * 200]


@pytest.mark.parametrize(
    ("more", "pii"),
    [
        ({}, False),
        ({"action": "customer.pii.view"}, True),
        ({"action": "Customer.PII.View"}, True),
        ({"action": "customer.piix.view"}, False),
        ({"action": "customer.pii"}, False),
        ({"pii": None}, False),
        ({"pii": {}}, False),
        ({"pii": {"fields": [], "classes": []}}, False),
        ({"pii": {"fields": ["email"]}}, True),
        ({"pii": {"classes": ["contact.email"]}}, True),
    ],
)
def test_personal_data_is_where_it_says_so_or_its_type_does(
    more: dict[str, Any],
    pii: bool,  # noqa: FBT001
) -> None:
    assert read(**more)[0].pii is pii


@pytest.mark.parametrize(
    ("subjects", "resource_id", "rows"),
    [
        ([], "a", []),
        (["b", "a", "b"], None, ["a", "b"]),
        (["b", "a", "b"], "a", ["b"]),
        (["a" * 201], "a" * 250, []),
        (["Z", "a", "é", "\uffff", "😀"], None, ["Z", "a", "é", "\uffff", "😀"]),
        ([""], None, [""]),
    ],
)
def test_subject_rows_are_distinct_sorted_and_without_the_resource(
    subjects: list[str], resource_id: str | None, rows: list[str]
) -> None:
    resource = None if resource_id is None else {"type": "c", "id": resource_id}
    assert read(subjects=subjects, resource=resource)[1] == rows


FIRST = "0190a5a0-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("of", "n", "continues"),
    [
        (FIRST, 1, False),
        (FIRST, 2, True),
        (FIRST, 3, True),
        (FIRST, 0, False),
        (FIRST, -2, False),
        (BASE["eventId"], 1, False),
        (BASE["eventId"], 2, False),  # no entry continues itself
        (FIRST.upper().replace("-7", "-A"), 2, False),
        (FIRST + "\n", 2, False),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", 2, False),
        ("an event", 2, False),
    ],
)
def test_an_entry_continues_the_event_that_its_part_names(
    of: str,
    n: int,
    continues: bool,  # noqa: FBT001
) -> None:
    found, _ = read(part={"of": of, "n": n, "total": 2})
    assert found.continues == (UUID(FIRST).bytes if continues else None)


def test_what_an_event_leaves_out_projects_to_none() -> None:
    found, touched = read(actor={"type": "anonymous"})
    assert (found.actor, found.role, found.resource_type, found.resource_id) == (
        None,
    ) * 4
    assert (found.ip, found.pii, found.continues, touched) == (None, False, None, [])
    assert read(actor={"type": "anonymous", "role": PROTECTED})[0].role is None


@pytest.mark.parametrize(
    "event",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"actor":{}',
        jcs.canonical({key: BASE[key] for key in BASE if key != "eventId"}),
        jcs.canonical({key: BASE[key] for key in BASE if key != "timestamp"}),
        jcs.canonical(BASE | {"timestamp": "noon"}),
        jcs.canonical(BASE | {"eventId": "xyz"}),
        jcs.canonical(BASE | {"eventId": "abcd"}),
        jcs.canonical(BASE | {"subjects": [1]}),
        jcs.canonical(BASE | {"actor": {"userId": 1}}),
        jcs.canonical(BASE | {"part": {"of": BASE["eventId"], "n": 2}}),
        jcs.canonical(BASE | {"part": {"of": 1, "n": 2, "total": 2}}),
        jcs.canonical(BASE) + b"x",
    ],
)
def test_bytes_that_no_event_has_are_an_event_error(event: bytes) -> None:
    with pytest.raises(EventError, match=r"not the bytes of an event|YYYY"):
        projection.read(event)


@given(
    st.lists(
        accepted.map(jcs.canonical)
        | st.sampled_from([b"{}", jcs.canonical(BASE | {"eventId": "abcd"})])
        | st.from_regex(r"\A[0-9T:.-]{18,28}Z\Z").map(
            lambda text: jcs.canonical(BASE | {"timestamp": text})
        ),
        max_size=6,
    )
)
def test_many_project_as_one_by_one(events: list[bytes]) -> None:
    try:
        singly = [projection.read(event) for event in events]
    except EventError:
        with pytest.raises(EventError):
            projection.read_all(events)
        return
    found, touched = projection.read_all(events)
    each = [projection.Projection._make(one) for one in zip(*found, strict=True)]
    assert list(zip(each, touched, strict=True)) == singly


@given(st.binary(max_size=40) | accepted.map(lambda event: json.dumps(event).encode()))
def test_any_bytes_project_or_are_an_event_error(data: bytes) -> None:
    with suppress(EventError):
        projection.read(data)
