"""POST /audit/events: durable, once, each event for itself; nothing secret stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.api_rig import Api, serving
from tests.stated import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


def test_an_event_is_recorded_once_and_other_bytes_are_a_conflict(api: Api) -> None:
    with api.client(api.key("writer")) as client:
        first = client.post("/audit/events", json=EXAMPLE)
        assert (first.status_code, first.json()["status"]) == (201, "accepted")
        for sealed in (False, True):
            if sealed:
                api.seal()
            again = client.post("/audit/events", json=EXAMPLE)
            assert (again.status_code, again.json()["status"]) == (200, "duplicate")
            other = client.post("/audit/events", json={**EXAMPLE, "result": "denied"})
            assert other.status_code == 409
            told = other.json()
            assert told["recordedDigest"] == first.json()["digest"] != told["digest"]
            assert told["recordedDigest"] in told["error"]


def test_an_event_without_a_time_is_the_same_when_it_comes_again(api: Api) -> None:
    given = {name: item for name, item in EXAMPLE.items() if name != "timestamp"}
    with api.client(api.key()) as client:
        assert client.post("/audit/events", json=given).status_code == 201
        api.seal()
        assert client.post("/audit/events", json=given).status_code == 200
        other = {**given, "result": "denied"}
        assert client.post("/audit/events", json=other).status_code == 409


def test_a_bad_event_spoils_no_other(api: Api) -> None:
    with api.client(api.key()) as client:
        body = f'[{json.dumps(EXAMPLE)}, {{"action": "x"}}, 3, {{"a": 1, "a": 2}}]'
        answer = client.post("/audit/events", content=body)
    assert answer.status_code == 200
    states = [one["status"] for one in answer.json()["results"]]
    assert states == ["accepted", "refused", "refused", "refused"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"[1", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b"[" + b"1," * 1_000 + b"1]", 413),
        (b"x" * (16 * 1024 * 1024 + 1), 413),
    ],
    ids=["empty", "none", "half", "bytes", "deep", "many", "long"],
)
def test_a_body_that_is_none_is_refused(api: Api, body: bytes, status: int) -> None:
    with api.client(api.key()) as client:
        answer = client.post("/audit/events", content=body)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_a_key_that_is_known_from_reading_may_not_write_either(api: Api) -> None:
    with api.client(api.key("auditor")) as client:
        assert client.get("/audit/events").status_code == 200
        assert client.post("/audit/events", json=EXAMPLE).status_code == 403
        api.seal()
        found = client.get("/audit/events?result=denied").json()["events"]
    assert [one["details"] for one in found] == [{"refused": "write"}]


def test_a_secret_reaches_neither_the_inbox_nor_a_line_of_the_log(api: Api) -> None:
    token = api.key()
    with api.client(token) as client:
        given = {**EXAMPLE, "details": {"note": f"with {token}"}}
        assert client.post("/audit/events", json=given).status_code == 201
        client.get("/audit/events", params={"actor": token})
    (row,) = api.trail.superuser().execute(
        "select string_agg(event, ' ') from prooftrail.inbox"
    )
    assert token not in row[0]
    assert token not in api.log.getvalue()
