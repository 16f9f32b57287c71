"""A key that was revoked or has expired: told so at once, whatever it asks."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from prooftrail.store.readers import Readers
from tests.api_rig import Api, serving
from tests.sealing import event, insert
from tests.stated import EXAMPLE
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_a_key_that_ended_is_told_so_by_its_next_request(api: Api, end: str) -> None:
    insert(api.trail, event())
    api.seal()
    asked = (
        "/audit/events",
        "/audit/events/count",
        "/audit/events?after_seq=-1",
        "/audit/summary",
        "/audit/authority",
        "/audit/integrity-check",
        "/metrics",
        "/readyz",
        "/docs",
    )
    with api.client(api.key("admin")) as client:
        for path in asked:
            assert client.get(path).status_code in {200, 202}
        api.trail.superuser().execute(f"update prooftrail.api_key set {end} = now()")
        for path in asked:
            assert client.get(path).status_code == 401, path


@pytest.mark.parametrize("path", ["/audit/events", "/audit/events/count"])
def test_a_key_that_ends_while_it_asks_gets_no_empty_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    insert(api.trail, event())
    api.seal()
    token = api.key("auditor")
    with closing(Readers()) as readers:
        found = readers.holder(token)
    with api.client(token) as client:
        api.trail.superuser().execute(
            "update prooftrail.api_key set revoked_at = now()"
        )
        # as it was a moment before
        monkeypatch.setattr(Readers, "holder", lambda *_: found)
        answer = client.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "revoked" in answer.json()["error"]["message"]


def test_a_key_that_writes_is_not_believed_beyond_its_time(api: Api) -> None:
    ends_us = now_us() + 4_000_000
    ends = datetime.fromtimestamp(ends_us / 1e6, UTC)
    with api.client(api.key("writer", expires_at=ends)) as client:
        assert client.post("/audit/events", json=EXAMPLE).status_code == 201
        while now_us() < ends_us:
            status = client.post("/audit/events", json=EXAMPLE).status_code
            assert status == 200 or now_us() >= ends_us
        assert client.post("/audit/events", json=EXAMPLE).status_code == 401
