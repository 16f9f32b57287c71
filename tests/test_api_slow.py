"""A database that is slow, hangs or fails in between: who waits for it, and who not."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from prooftrail.search import viewing
from prooftrail.service.api import caller, checking
from prooftrail.store import readers
from tests.api_rig import Api, serving
from tests.sealing import event, insert
from tests.stated import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.trail import Trail

MANY = 60  # readers, more than a framework has threads
GIVEN = {name: item for name, item in EXAMPLE.items() if name != "eventId"}


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(caller, "BELIEVED", 0.3)
    with serving(trail, monkeypatch) as made:
        yield made


@contextmanager
def locked(api: Api, table: str) -> Iterator[psycopg.Connection[Any]]:
    """Have everybody else wait for a table, until this is rolled back."""
    with psycopg.connect(api.trail.dsn) as connection:
        connection.execute(f"lock table prooftrail.{table} in access exclusive mode")
        yield connection
        connection.rollback()


@contextmanager
def waiting(api: Api, token: str, path: str) -> Iterator[list[int]]:
    """Have many ask for a path; their statuses are there in the end."""
    found: list[int] = []

    def ask() -> None:
        with api.client(token) as client:
            found.append(client.get(path).status_code)

    with ThreadPoolExecutor(MANY) as pool:
        for _ in range(MANY):
            pool.submit(ask)
        time.sleep(1)
        yield found


def took(client: httpx.Client, path: str) -> float:
    begun = time.monotonic()
    assert client.get(path).status_code == 200
    return time.monotonic() - begun


def test_while_the_inbox_hangs_it_is_said_whether_the_service_is_well(api: Api) -> None:
    token = api.key()
    with api.client(token) as client:
        assert client.get("/readyz").status_code == 200
        with (
            locked(api, "inbox") as held,
            waiting(api, token, "/audit/events/count") as found,
        ):
            assert not found
            for path in ("/healthz", "/readyz", "/metrics"):
                assert took(client, path) < 3
            held.rollback()
        assert set(found) == {200}


def test_a_read_that_cannot_be_recorded_is_refused_in_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewing, "PATIENCE", 0.5)
    with api.client(api.key()) as client:
        assert client.get("/audit/events").status_code == 200
        with locked(api, "inbox"):
            begun = time.monotonic()
            answer = client.get("/audit/events")
            assert answer.status_code == 503
            assert "events" not in answer.json()
            assert time.monotonic() - begun < 5


def test_readers_who_wait_for_the_log_stop_no_writer(api: Api) -> None:
    insert(api.trail, event())
    api.seal()
    token = api.key()
    with (
        api.client(token) as client,
        locked(api, "log") as held,
        waiting(api, token, "/audit/events/count") as found,
    ):
        begun = time.monotonic()
        for _ in range(3):
            assert client.post("/audit/events", json=GIVEN).status_code == 201
            time.sleep(0.5)  # and is not believed any more
        assert time.monotonic() - begun < 5
        assert not found
        time.sleep(6)  # until those without a place are told to come again
        held.rollback()
    assert set(found) == {200, 503}


def test_a_writer_who_is_known_waits_for_no_lookup_for_a_minute(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "KEY_MS", 500)
    token, reader = api.key("writer"), api.key("auditor")
    with api.client(token) as client, api.client(reader) as other:
        assert client.post("/audit/events", json=GIVEN).status_code == 201
        assert other.get("/readyz").status_code == 200
        with locked(api, "api_key"):
            time.sleep(0.5)
            assert client.post("/audit/events", json=GIVEN).status_code == 201
            assert other.get("/readyz").status_code == 503
            monkeypatch.setattr(caller, "AWAY", 0.0)
            assert client.post("/audit/events", json=GIVEN).status_code == 503
        monkeypatch.setattr(caller, "AWAY", 60.0)
        assert client.post("/audit/events", json=GIVEN).status_code == 201
        api.trail.superuser().execute(
            "update prooftrail.api_key set revoked_at = now()"
        )
        time.sleep(0.5)
        assert client.post("/audit/events", json=GIVEN).status_code == 401


@pytest.mark.parametrize("follow", ["true", "false"])
def test_what_is_followed_ends_with_a_line_that_says_so(
    api: Api, monkeypatch: pytest.MonkeyPatch, follow: str
) -> None:
    monkeypatch.setattr(readers, "STATEMENT_MS", 500)
    details = {f"t{number}": "x" * 8_000 for number in range(30)}
    insert(api.trail, *(event(details=details) for _ in range(60)))
    api.seal()
    asked = f"/audit/events?after_seq=-1&follow={follow}"
    with (
        api.client(api.key("auditor")) as client,
        client.stream("GET", asked) as answer,
    ):
        lines = answer.iter_lines()
        assert json.loads(next(lines))["seq"] == 0
        with locked(api, "log"):
            told = [json.loads(line) for line in lines]
    assert set(told[-1]) == {"after_seq", "error"}
    assert told[-1]["after_seq"] == len(told) - 1
    assert "defect" not in api.log.getvalue()


@pytest.mark.parametrize("end", ["outage", "revoke"])
def test_progress_ends_with_an_event_that_says_so(
    api: Api, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(checking, "PAUSE", 0.3)
    superuser = api.trail.superuser()
    token = api.key("auditor")
    rename = "alter table prooftrail.{} rename to {}"
    with api.client(token) as client:
        client.headers["Accept"] = "text/event-stream"
        with (
            locked(api, "checkpoint"),  # so that the run goes on
            client.stream("GET", "/audit/integrity-check") as answer,
        ):
            lines = answer.iter_lines()
            assert next(lines) == "event: progress"
            if end == "outage":
                superuser.execute(rename.format("check_run", "away"))
            else:
                superuser.execute("update prooftrail.api_key set revoked_at = now()")
            told = list(lines)
            if end == "outage":
                superuser.execute(rename.format("away", "check_run"))
    assert "event: error" in told
    assert "event: result" not in told
    assert "defect" not in api.log.getvalue()
