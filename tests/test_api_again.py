"""POST /audit/events again: the same is a duplicate, other bytes never pass for it."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from prooftrail.service import looking
from prooftrail.store import lookup
from tests.api_rig import Api, serving
from tests.stated import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from prooftrail.store.connect import Connection
    from tests.trail import Trail

TIMELESS = {name: item for name, item in EXAMPLE.items() if name != "timestamp"}
OTHER = {**EXAMPLE, "result": "denied"}


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


def post(client: httpx.Client, given: object) -> int:
    return client.post("/audit/events", json=given).status_code


def test_without_a_time_it_is_the_same_in_one_request_lately_and_sealed(
    api: Api,
) -> None:
    with api.client(api.key("writer")) as client:
        both = client.post("/audit/events", json=[TIMELESS, TIMELESS]).json()
        states = [one["status"] for one in both["results"]]
        assert states == ["accepted", "duplicate"]
        for sealed in (False, True):
            if sealed:
                api.seal()
            again = client.post("/audit/events", json=TIMELESS)
            assert (again.status_code, again.json()["status"]) == (200, "duplicate")
            assert again.json()["digest"] == both["results"][0]["digest"]
            assert post(client, {**TIMELESS, "result": "denied"}) == 409
            assert post(client, EXAMPLE) == 409  # it states another time


def test_whose_last_subjects_differ_is_another_event(api: Api) -> None:
    def of(last: str) -> dict[str, Any]:
        ids = [f"cust_{number}" for number in range(1_400)]
        return {**TIMELESS, "subjects": ids + [f"{last}_{n}" for n in range(100)]}

    with api.client(api.key("writer")) as client:
        first = client.post("/audit/events", json=of("a"))
        assert first.status_code == 201
        for sealed in (False, True):
            if sealed:
                api.seal()
            assert post(client, of("a")) == 200
            other = client.post("/audit/events", json=of("b"))
            assert other.status_code == 409
            assert other.json()["recordedDigest"] == first.json()["digest"]
            assert post(client, {**of("a"), "subjects": ["cust_1"]}) == 409


@pytest.mark.parametrize("other", [OTHER, EXAMPLE], ids=["other", "same"])
def test_two_at_once_under_a_new_id_are_one_event(
    api: Api, other: dict[str, Any]
) -> None:
    token = api.key("writer")
    with (
        api.client(token) as client,
        psycopg.connect(api.trail.dsn) as held,
        ThreadPoolExecutor(2) as pool,
    ):
        held.execute("lock table prooftrail.inbox in access exclusive mode")
        first = pool.submit(post, client, EXAMPLE)
        time.sleep(0.5)
        second = pool.submit(post, client, other)
        time.sleep(0.5)
        assert not any(one.done() for one in (first, second))  # told when known
        held.rollback()
        expected = 200 if other == EXAMPLE else 409
        assert (first.result(), second.result()) == (201, expected)
    api.seal()
    counts = api.trail.superuser().execute(
        "select (select count(*) from prooftrail.quarantine),"
        " (select count(*) from prooftrail.log where event_id = %s)",
        (EXAMPLE["eventId"],),
    )
    assert counts.fetchone() == (0, 1)


def test_an_id_whose_event_was_not_recorded_is_free(api: Api) -> None:
    superuser = api.trail.superuser()
    with api.client(api.key("writer")) as client:
        superuser.execute(
            "revoke insert (event) on prooftrail.inbox from prooftrail_writer"
        )
        assert post(client, EXAMPLE) == 503
        superuser.execute(
            "grant insert (event) on prooftrail.inbox to prooftrail_writer"
        )
        assert post(client, OTHER) == 201


def test_how_many_continue_an_event_is_not_believed_beyond_what_a_body_holds(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counted(
        connection: Connection, stream: str, ids: list[str], period: tuple[int, int]
    ) -> dict[str, bytes | None]:
        asked.append(len(ids))
        return found(connection, stream, ids, period)

    found = lookup.events
    monkeypatch.setattr(lookup, "events", counted)
    ids = [str(uuid.uuid4()) for _ in range(20)]
    given = [
        {**EXAMPLE, "eventId": one, "part": {"of": one, "n": 1, "total": 1_000}}
        for one in ids
    ]
    with api.client(api.key("writer")) as client:
        client.post("/audit/events", json=given)
        api.seal()
        again = client.post("/audit/events", json=given).json()["results"]
    assert {one["status"] for one in again} == {"duplicate"}
    assert sum(asked) <= 2 * len(ids) + looking.MOST_PARTS


def test_what_is_not_looked_up_whole_does_not_pass_for_whole(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {**EXAMPLE, "subjects": [f"cust_{number}" for number in range(2_500)]}
    with api.client(api.key("writer")) as client:
        assert post(client, given) == 201
        api.seal()
        for most in (0, 1):
            monkeypatch.setattr(looking, "MOST_PARTS", most)
            assert post(client, given) == 200
