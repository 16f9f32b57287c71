"""A personal value over HTTP: shown to whom may see it, and never unrecorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from prooftrail import Personal
from tests.api_rig import Api, serving
from tests.keeping_rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prooftrail.store.keys import Role
    from tests.trail import Trail

EMAIL = "dani.protected@company.example"
ASK = {"pointer": "/details/mail", "reason": "case 12"}


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Rig:
    made = Rig(trail, tmp_path / "keeper")
    made.keep()
    return made


@pytest.fixture
def api(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(rig.trail, monkeypatch, keeper_dir=rig.directory) as made:
        yield made


def kept(rig: Rig) -> str:
    event_id = rig.record(
        actor={"userId": "usr_1"},
        action="customer.profile.update",
        result="success",
        resource={"type": "customer", "id": "cust_7"},
        details={"mail": Personal(EMAIL, "contact.email")},
    )
    rig.seal()
    rig.keep()
    return event_id


def told(rig: Rig) -> list[Any]:
    rig.seal()
    return rig.events("prooftrail.reveal")


def test_a_value_is_answered_to_security_and_recorded(rig: Rig, api: Api) -> None:
    event_id = kept(rig)
    with api.client(api.key("security")) as client:
        answer = client.post(f"/audit/events/{event_id}/reveal", json=ASK)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "value": EMAIL,
        "class": "contact.email",
        "subject": "cust_7",
    }
    assert answer.headers["cache-control"] == "no-store"
    (event,) = told(rig)
    assert event["purpose"] == "case 12"
    assert event["actor"]["userId"].startswith("key:")
    assert event["resource"]["id"] == event_id
    assert EMAIL not in json.dumps(event)
    assert EMAIL not in api.log.getvalue()
    with api.client(api.key("auditor")) as client:
        shown = client.get(f"/audit/events/{event_id}")
    assert EMAIL not in shown.text
    assert "$protected" in shown.text


@pytest.mark.parametrize("role", ["writer", "auditor"])
def test_others_are_refused_and_that_is_recorded(
    rig: Rig, api: Api, role: Role
) -> None:
    event_id = kept(rig)
    with api.client(api.key(role)) as client:
        answer = client.post(f"/audit/events/{event_id}/reveal", json=ASK)
    assert answer.status_code == 403
    assert EMAIL not in answer.text
    assert [event["result"] for event in told(rig)] == ["denied"]


def test_without_a_key_nothing_is_answered(rig: Rig, api: Api) -> None:
    event_id = kept(rig)
    with api.client(None) as client:
        answer = client.post(f"/audit/events/{event_id}/reveal", json=ASK)
    assert answer.status_code == 401


def test_a_key_reveals_nothing_of_an_event_that_it_may_not_see(
    rig: Rig, api: Api
) -> None:
    event_id = kept(rig)
    rig.trail.stream("other")
    for limits in ({"names": ["other"]}, {"from_us": 0, "to_us": 1}):
        with api.client(api.key("admin", **limits)) as client:
            answer = client.post(f"/audit/events/{event_id}/reveal", json=ASK)
            unknown = client.post(f"/audit/events/{uuid4()}/reveal", json=ASK)
        assert answer.status_code == 404
        assert answer.text == unknown.text
        assert EMAIL not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"pointer": "/details/mail", "reason": " "}, 400),
        ({"pointer": "/details/mail"}, 400),
        ({**ASK, "more": 1}, 400),
        ([], 400),
        ({**ASK, "reason": "\0"}, 400),
        ({**ASK, "pointer": "/actor/email"}, 409),
        ({**ASK, "stream": "elsewhere"}, 404),
        ({**ASK, "reason": "x" * 20_000}, 413),
    ],
)
def test_what_cannot_be_answered_is_told_without_a_value(
    rig: Rig, api: Api, body: Any, status: int
) -> None:
    event_id = kept(rig)
    with api.client(api.key("admin")) as client:
        answer = client.post(f"/audit/events/{event_id}/reveal", json=body)
        assert (answer.status_code, EMAIL in answer.text) == (status, False)
        other = client.post("/audit/events/x/reveal", json=ASK)
        assert other.status_code == 400


def test_without_its_login_or_keys_nothing_is_revealed(
    rig: Rig, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = kept(rig)
    monkeypatch.setenv("PROOFTRAIL_KEEPER_DSN", rig.trail.login_dsn("writer"))
    with api.client(api.key("admin")) as client:
        answer = client.post(f"/audit/events/{event_id}/reveal", json=ASK)
    assert answer.status_code == 503
    assert "postgresql://" not in answer.text
    monkeypatch.setenv("PROOFTRAIL_KEEPER_DSN", rig.trail.login_dsn("keeper"))
    (rig.directory / "master.key").unlink()
    with api.client(api.key("admin")) as client:
        answer = client.post(f"/audit/events/{event_id}/reveal", json=ASK)
    assert answer.status_code == 503
    assert EMAIL not in answer.text
