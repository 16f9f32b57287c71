"""What a key is refused stands in the trail, the same whether it is there or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from prooftrail.service.api import caller
from tests.api_rig import Api, serving
from tests.stated import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

OTHER, ABSENT = "tenant-b", "tenant-x"


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    trail.stream(OTHER)
    monkeypatch.setattr(caller, "BELIEVED", 0.0)
    with serving(trail, monkeypatch) as made:
        yield made


def denials(api: Api) -> list[dict[str, Any]]:
    rows = api.trail.superuser().execute(
        "select stream, event from prooftrail.inbox order by id"
    )
    found = [(stream, json.loads(text)) for stream, text in rows]
    assert {stream for stream, _ in found} <= {"main"}
    return [one for _, one in found if one["result"] == "denied"]


def told(one: dict[str, Any]) -> tuple[object, ...]:
    return one["action"], one["actor"]["role"], one["resource"], one["details"]


@pytest.mark.parametrize(
    ("path", "status", "action", "right"),
    [
        ("/audit/events?stream={}", 400, "audit.log.view", "read"),
        ("/audit/events/count?stream={}", 400, "audit.log.view", "read"),
        ("/audit/events?after_seq=-1&stream={}", 400, "audit.log.view", "read"),
        ("/audit/integrity-check?stream={}", 400, "audit.chain.verify", "verify"),
        ("POST {}", 404, "system.access.denied", "write"),
    ],
)
def test_a_stream_that_is_not_the_keys_is_a_denial_there_or_not(
    api: Api, path: str, status: int, action: str, right: str
) -> None:
    with api.client(api.key("admin", names=["main"])) as client:
        for name in (OTHER, ABSENT):
            if path.startswith("POST"):
                answer = client.post(f"/audit/events?stream={name}", json=EXAMPLE)
            else:
                answer = client.get(path.format(name))
            assert answer.status_code == status
    one, other = denials(api)
    assert told(one) == told(other)
    assert one["action"] == action
    assert one["details"] == {
        "refused": right,
        "reason": f"may not {right}",
        "what": "stream",
    }
    assert not {OTHER, ABSENT} & set(json.dumps([one, other]).split('"'))


def test_somebody_elses_verification_is_a_denial_there_or_not(api: Api) -> None:
    with api.client(api.key("auditor", names=["main"])) as owner:
        place = owner.get("/audit/integrity-check").json()["result"]
    with api.client(api.key("auditor", names=["main"])) as client:
        for path in (place, f"/audit/integrity-check/{uuid4()}"):
            assert client.get(path).status_code == 404
    one, other = denials(api)
    assert told(one) == told(other)
    assert one["details"] == {
        "refused": "verify",
        "reason": "may not verify",
        "what": "verification",
    }


def test_a_key_that_ended_is_told_once_in_a_while(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with api.client(api.key("auditor", names=["main"])) as client:
        assert client.get("/audit/events").status_code == 200
        api.trail.superuser().execute(
            "update prooftrail.api_key set revoked_at = now()"
        )
        for _ in range(3):
            assert client.get("/audit/events").status_code == 401
        (one,) = denials(api)
        assert one["details"] == {
            "refused": "read",
            "reason": "may not read",
            "what": "key",
        }
        monkeypatch.setattr(caller, "AGAIN", 0.0)
        assert client.get("/audit/events").status_code == 401
        assert len(denials(api)) == 2


def test_a_refusal_that_cannot_be_recorded_is_not_given(api: Api) -> None:
    with api.client(api.key("admin", names=["main"])) as client:
        api.trail.superuser().execute(
            "revoke insert (event) on prooftrail.inbox from prooftrail_writer"
        )
        for name in (OTHER, ABSENT):
            answer = client.get(f"/audit/events?stream={name}")
            assert answer.status_code == 503
