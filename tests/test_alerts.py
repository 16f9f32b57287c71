"""Alerts, and what was done about each: over HTTP, by command, and in the trail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from prooftrail.catalog import missing, tell
from prooftrail.detections import Seen, detect
from prooftrail.detections.detector import Found
from prooftrail.service import alerting
from tests.api_rig import serving
from tests.commands import run
from tests.detecting import failed
from tests.sealing import event, insert, log, seal
from tests.test_reading_commands import key
from tests.trail import now_us

if TYPE_CHECKING:
    import pytest

    from tests.trail import Trail

EVIL = "ada\x1b[31m\u202e"


def raise_alert(
    trail: Trail, account: str, *, ago: int = 90, stream: str = "main"
) -> str:
    """Record an alert as the service does, so many seconds ago; return its id."""
    events: list[Seen] = [failed(at, account) for at in range(10)]
    (hit,) = detect(events)
    made = alerting.alert(
        Found(hit, None), stream, account.encode(), now_us() - ago * 1_000_000
    )
    fields = dict(made.event)
    fields["eventId"] = fields.pop("event_id")
    insert(trail, fields, stream=stream)
    return made.id


def test_an_alert_is_acknowledged_and_closed_and_each_is_an_event(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail.stream("b")
    first = raise_alert(trail, "usr_1")
    second = raise_alert(trail, "usr_2", ago=60, stream="b")
    seal(trail)
    with serving(trail, monkeypatch) as api, api.client(api.key("security")) as client:

        def listed(**params: str) -> dict[str, Any]:
            api.seal()
            answer = client.get("/audit/alerts", params=params)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        def post(alert: str, what: str, **body: Any) -> Any:
            return client.post(f"/audit/alerts/{alert}/{what}", json=body)

        found = listed()
        assert [one["id"] for one in found["alerts"]] == [second, first]
        assert (found["total"], found["open"]) == (2, 2)
        assert found["alerts"][1]["rule"] == "guessing"
        assert found["alerts"][1]["key"] == "usr_1"
        done = post(first, "acknowledge", comment="looking")
        assert done.status_code == 200, done.text
        assert done.json()["state"] == "acknowledged"
        api.seal()
        again = post(first, "acknowledge")  # changes nothing
        assert again.json()["acknowledged"] == done.json()["acknowledged"]
        for disposition in ("false positive", "true positive"):
            done = post(
                first, "dispose", disposition=disposition, comment="it was not Ada"
            )
            assert done.status_code == 200, done.text
        found = listed()
        told = found["alerts"][1]
        assert (told["state"], found["closed"], found["open"]) == ("closed", 1, 1)
        assert 90 <= told["acknowledged"]["seconds"] < 120
        assert found["medianSecondsToAcknowledge"] == told["acknowledged"]["seconds"]
        assert told["acknowledged"]["comment"] == "looking"
        assert told["closed"]["disposition"] == "true positive"
        assert told["closed"]["by"].startswith("key:")
        assert found["alerts"][0]["state"] == "open"
        assert listed(stream="b")["total"] == 1
        assert listed(q="during:2020")["total"] == 0
        for wrong in (
            post(first, "dispose", disposition="luck", comment="x"),
            post(first, "dispose", disposition="benign", comment=" "),
            post(first, "dispose", disposition="benign"),
            post(first, "acknowledge", comment="x" * 3_000),
            post("no-id", "acknowledge"),
            client.get("/audit/alerts", params={"q": "actor:usr_1"}),
        ):
            assert wrong.status_code == 400, wrong.text
        assert post(str(uuid4()), "acknowledge").status_code == 404
        api.seal()
    events = [one for one in log(trail) if one["action"].startswith("prooftrail.alert")]
    assert [one["action"].rpartition(".")[2] for one in events] == [
        "raise",
        "acknowledge",
        "dispose",
        "dispose",
    ]
    for one in events:
        assert missing(one) == []
        assert one["resource"] == {"type": "alert", "id": first}
    assert "closed alert" in tell(events[-1])
    assert "as true positive: it was not Ada" in tell(events[-1])
    views = [one for one in log(trail) if one["action"] == "audit.log.view"]
    assert views[0]["details"]["answer"] == "alerts"


def test_who_may_not_triage_does_not_and_a_key_sees_its_own_alerts(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail.stream("b")
    alert = raise_alert(trail, "usr_1")
    other = event(
        resource={"type": "alert", "id": alert}, action="prooftrail.alert.acknowledge"
    )
    insert(trail, other, stream="b")  # of another stream: it is none of this alert's
    seal(trail)
    with serving(trail, monkeypatch) as api:
        with api.client(api.key("auditor")) as client:
            assert client.get("/audit/alerts").json()["open"] == 1
            for what in ("acknowledge", "dispose"):
                answer = client.post(f"/audit/alerts/{alert}/{what}", json={})
                assert answer.status_code == 403
        with api.client(api.key("security", names=["b"])) as client:
            assert client.get("/audit/alerts").json()["total"] == 0
            body = {"comment": "x"}
            answer = client.post(f"/audit/alerts/{alert}/acknowledge", json=body)
            assert answer.status_code == 404
        now = now_us()
        past: dict[str, Any] = {"from_us": now - 10**12, "to_us": now - 10**11}
        with api.client(api.key("security", **past)) as client:
            assert client.get("/audit/alerts").json()["total"] == 0
        api.seal()
    refused = [one for one in log(trail) if one["action"] == "system.access.denied"]
    assert len(refused) >= 2


def test_commands_do_the_same(trail: Trail) -> None:
    alert = raise_alert(trail, EVIL)
    token = key(trail, "--role", "security")
    auditor = key(trail, "--role", "auditor")
    seal(trail)

    def said(*arguments: str, code: int = 0, by: str = token) -> str:
        done = run(trail, "alert", *arguments, PROOFTRAIL_KEY=by)
        seal(trail)
        assert done.returncode == code, done.stderr
        return done.stdout or done.stderr

    listed = said("list")
    assert "\x1b" not in listed
    assert "guessing" in listed
    assert f"open  {alert}" in listed
    assert said("acknowledge", alert).startswith("Acknowledged after ")
    assert said("acknowledge", alert).startswith("It is acknowledged, by key:")
    said("dispose", alert, "--as", "benign", "--comment", "a drill")
    assert "benign: a drill" in said("list")
    found = json.loads(said("list", "--json", "--during", "2020"))
    assert found["alerts"] == []
    assert "there is no alert" in said("acknowledge", str(uuid4()), code=1)
    assert "takes one of the roles" in said("acknowledge", alert, code=1, by=auditor)
    said("dispose", alert, "--as", "luck", "--comment", "x", code=2)
    (acted,) = [one for one in log(trail) if one["action"].endswith("acknowledge")]
    assert acted["details"]["caller"].startswith("os:")
    assert missing(acted) == []


def test_what_pages_have_is_whole(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prooftrail.search.alerts._PAGE", 3)
    monkeypatch.setattr("prooftrail.search.alerts.MOST", 8)
    ids = [raise_alert(trail, f"usr_{n}", ago=100 - n) for n in range(10)]
    seal(trail)
    with serving(trail, monkeypatch) as api, api.client(api.key("auditor")) as client:
        found = client.get("/audit/alerts").json()
    assert [one["id"] for one in found["alerts"]] == ids[:1:-1]
    assert found["more"] is True


def test_an_alert_s_id_is_a_uuid_of_what_it_is() -> None:
    (hit,) = detect([failed(at) for at in range(10)])
    one, other = (alerting.id_of(hit, bytes(16)), alerting.id_of(hit, bytes([1] * 16)))
    assert one != other
    assert one[14] == "8"
    assert one[19] in "89ab"
