"""The trail over HTTP: written, searched, followed and checked, each by whom it may."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.api_rig import Api, serving
from tests.sealing import event, insert
from tests.stated import EXAMPLE, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

PATHS = (
    "/audit/events",
    "/audit/events/count",
    f"/audit/events/{EXAMPLE['eventId']}",
    "/audit/events?after_seq=-1&stream=main",
    "/audit/integrity-check",
    "/audit/integrity-check/0190a5a0-0000-7000-8000-000000000009",
    "/readyz",
    "/readyz/read",
    "/readyz/write",
    "/metrics",
    "/openapi.json",
    "/docs",
)


def us(month: int) -> int:
    return int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


@pytest.mark.parametrize("path", PATHS)
def test_without_a_key_nothing_is_answered(api: Api, path: str) -> None:
    for token in (None, "ptk_" + "a" * 43, "x"):
        with api.client(token) as client:
            assert client.get(path).status_code == 401
            assert client.post("/audit/events", json=EXAMPLE).status_code == 401
            assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("role", "opens"),
    [
        ("writer", (False, False, False)),
        ("auditor", (True, True, False)),
        ("security", (True, True, True)),
        ("admin", (True, True, True)),
    ],
)
def test_a_role_opens_what_it_is_for(api: Api, role: Any, opens: Any) -> None:
    paths = ("/audit/events", "/audit/integrity-check", "/metrics")
    with api.client(api.key(role)) as client:
        found = tuple(client.get(path).status_code < 300 for path in paths)
        assert found == opens
        writes = client.post("/audit/events", json=EXAMPLE).status_code == 201
        assert writes == (role in {"writer", "admin"})


def test_every_read_is_in_the_trail(api: Api) -> None:
    insert(api.trail, event())
    api.seal()
    with api.client(api.key("auditor")) as client:
        client.get("/audit/events?result=success&limit=1")
        client.get("/audit/events/count?pii=true")
        client.get(f"/audit/events/{EXAMPLE['eventId']}")
        client.get("/audit/events?after_seq=-1")
        assert client.get("/metrics").status_code == 403
        api.seal()
        found = client.get("/audit/events?action=audit.log.*").json()["events"]
        refused = "/audit/events?action=system.access.denied"
        (denied,) = client.get(refused).json()["events"]
    told = [(one["result"], one["details"]) for one in reversed(found)]
    assert told[:5] == [
        (
            "success",
            {
                "filters": {"result": "success"},
                "rows": 1,
                "continued": False,
            },
        ),
        ("success", {"filters": {"pii": "true"}, "count": 1}),
        ("success", {"eventId": EXAMPLE["eventId"], "rows": 0}),
        ("success", {"filters": {}, "afterSeq": -1, "follow": False}),
        ("success", {"filters": {}, "rows": 2, "afterSeq": 1}),
    ]
    assert len(told) == 5
    assert denied["details"] == {"refused": "operate", "reason": "may not operate"}


def test_a_key_of_one_stream_and_march_sees_nothing_else(api: Api) -> None:
    api.trail.stream("b")
    ids = {}
    for stream in ("main", "b"):
        for month in ("02", "03", "04"):
            made = event(timestamp=f"2026-{month}-15T12:00:00Z")
            ids[stream, month] = made["eventId"]
            insert(api.trail, made, stream=stream)
    api.seal()
    token = api.key("auditor", names=["main"], from_us=us(3), to_us=us(4))
    with api.client(token) as client:

        def seen(path: str) -> list[str]:
            return [one["eventId"] for one in client.get(path).json()["events"]]

        assert seen("/audit/events") == [ids["main", "03"]]
        assert seen("/audit/events?from=2026-02-01&to=2026-05-01") == [
            ids["main", "03"]
        ]
        assert client.get("/audit/events/count").json() == {"count": 1}
        lines = client.get("/audit/events?after_seq=-1").text.splitlines()
        assert [json.loads(line).get("eventId") for line in lines] == [
            ids["main", "03"],
            None,
        ]
        newest = json.loads(lines[0])["seq"]
        assert json.loads(lines[-1]) == {"after_seq": newest}
        there, not_there = (
            client.get(f"/audit/events/{one}")
            for one in (ids["b", "03"], EXAMPLE["eventId"])
        )
        assert there.status_code == not_there.status_code == 404
        assert there.json() == not_there.json()
        assert client.get(f"/audit/events/{ids['main', '04']}").status_code == 404
        texts = {
            client.get(f"{path}stream={name}").text.replace(f"'{name}'", "")
            for name in ("b", "nowhere-at-all")
            for path in ("/audit/events?", "/audit/events/count?")
        }
        assert len(texts) == 1
        run = client.get("/audit/integrity-check")
        assert run.status_code == 202
        told = _result(client, run.headers["location"])
        assert told["verdict"] == "verified"
        times = {"startedAt", "finishedAt"}
        assert set(told) == {"id", "state", "verdict", "checked", *times}
        assert client.get("/audit/integrity-check?stream=b").status_code == 400
        # the epoch is a bound like any other
        bound = "/audit/integrity-check?from=2026-01-01&to=1970-01-01"
        assert client.get(bound).status_code == 400
    with api.client(api.key("auditor")) as other:
        assert other.get(run.headers["location"]).status_code == 404


def _result(client: Any, place: str) -> dict[str, Any]:
    told: dict[str, Any] = client.get(place).json()
    for _ in range(300):
        if told["state"] != "running":
            break
        time.sleep(0.1)
        told = client.get(place).json()
    return told


def test_an_export_of_ten_thousand_is_one_result_for_each_of_them(api: Api) -> None:
    customers = [f"cust_{number}" for number in range(10_000)]
    parts = stated({**EXAMPLE, "subjects": customers}).texts
    insert(api.trail, *parts)
    api.seal()
    with api.client(api.key("auditor")) as client:
        for customer in ("cust_0", "cust_456", "cust_9999"):
            asked = {"resource": customer}
            found = client.get("/audit/events", params=asked).json()
            assert [one["eventId"] for one in found["events"]] == [EXAMPLE["eventId"]]
            assert client.get("/audit/events/count", params=asked).json() == {
                "count": 1
            }
        whole = client.get(f"/audit/events/{EXAMPLE['eventId']}").json()
    shown = whole["subjects"] + [
        subject for part in whole["parts"] for subject in part["subjects"]
    ]
    assert shown == customers


def test_pages_stay_the_same_while_events_arrive(api: Api) -> None:
    before = [event(timestamp="2026-03-01T00:00:00Z") for _ in range(25)]
    insert(api.trail, *before)
    api.seal()
    found: list[str] = []
    asked = {"limit": "4", "action": before[0]["action"]}
    with api.client(api.key("auditor")) as client:
        while True:
            page = client.get("/audit/events", params=asked).json()
            found += [one["eventId"] for one in page["events"]]
            late = event(timestamp="2026-02-01T00:00:00Z")
            insert(api.trail, event(timestamp="2026-03-01T00:00:00Z"), late)
            api.seal()
            if page["cursor"] is None:
                break
            asked["cursor"] = page["cursor"]
        other = client.get("/audit/events", params={**asked, "pii": "true"})
        assert other.status_code == 400
    assert sorted(found) == sorted(one["eventId"] for one in before)


def test_numbers_are_shown_as_they_were_written(api: Api) -> None:
    with api.client(api.key()) as client:
        text = json.dumps(EXAMPLE).replace('"record_count": 1', '"amount": 12.50')
        assert client.post("/audit/events", content=text).status_code == 201
        api.seal()
        shown = client.get(f"/audit/events/{EXAMPLE['eventId']}").text
    assert '"amount":12.50' in shown


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "from=yesterday",
        "from=2026-02-30",
        "from=2026-03-01&to=2026-02-01",
        "result=maybe",
        "ip=host.example",
        "ip=1.2.3.4%00",
        "actor=",
        "actor=a%00b",
        "actor=%ff%fe%00",
        "pii=perhaps",
        "limit=0",
        "limit=1001",
        "limit=9e9",
        "cursor=abc",
        "cursor=%00",
        "after_seq=x",
        "after_seq=-2",
        "after_seq=1&follow=maybe",
        "after_seq=1&cursor=x",
        "pii=true&pii=false",
    ],
)
def test_what_is_not_understood_is_said(api: Api, query: str) -> None:
    with api.client(api.key("auditor")) as client:
        answer = client.get(f"/audit/events?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_the_pages_for_people_and_programs_are_there(api: Api) -> None:
    with api.client(api.key("auditor")) as client:
        document = client.get("/openapi.json").json()
        assert "/audit/events" in document["paths"]
        page = client.get("/docs")
        assert page.status_code == 200
        assert all(path in page.text for path in document["paths"])
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text


def test_large_events_come_a_few_at_a_time_and_all_of_them(api: Api) -> None:
    made = [event(details={f"t{n}": "x" * 8_000 for n in range(30)}) for _ in range(50)]
    insert(api.trail, *made)
    api.seal()
    wanted = sorted(one["eventId"] for one in made)
    asked: dict[str, Any] = {"limit": 1_000, "action": made[0]["action"]}
    found, most = [], 0
    with api.client(api.key("auditor")) as client:
        while True:
            answer = client.get("/audit/events", params=asked)
            most = max(most, len(answer.content))
            found += [one["eventId"] for one in answer.json()["events"]]
            asked["cursor"] = answer.json()["cursor"]
            if asked["cursor"] is None:
                break
        assert sorted(found) == wanted
        assert most < 5_000_000
        lines = client.get("/audit/events?after_seq=-1&limit=51").text.splitlines()
        rows = [json.loads(line) for line in lines]
        assert [one.get("seq") for one in rows] == [*range(51), None]
        assert rows[-1] == {"after_seq": 50}


def test_what_cannot_be_done_is_told_with_what_can(api: Api) -> None:
    with api.client(api.key()) as client:
        answer = client.put("/audit/events")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
        assert client.post("/audit/events/count").headers["allow"] == "GET"
