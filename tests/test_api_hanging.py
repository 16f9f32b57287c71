"""Writing while the database hangs: everybody is answered, and never that it is in."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from prooftrail import Recorder
from prooftrail.errors import DatabaseError
from prooftrail.service import http, looking
from prooftrail.service.api import writing
from prooftrail.service.looking import Looking
from prooftrail.store.keys import FIRST_US, LAST_US
from tests.api_rig import Api, serving
from tests.stated import EXAMPLE
from tests.watching_rig import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.trail import Trail

MORE = writing.PARSING + 1  # than are looked up at once
IDS = "019aa3c5-7a54-7d3e-a1a7-5e1a5e4b"
GIVEN = {name: item for name, item in EXAMPLE.items() if name != "eventId"}


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(looking, "STATEMENT_MS", 700)
    monkeypatch.setattr(looking, "PATIENCE", 0.5)
    monkeypatch.setattr(Recorder, "longest", 0.5)
    with serving(trail, monkeypatch) as made:
        yield made


@contextmanager
def locked(trail: Trail, table: str) -> Iterator[psycopg.Connection[Any]]:
    """Have everybody else wait for a table, until this is rolled back."""
    with psycopg.connect(trail.dsn) as connection:
        connection.execute(f"lock table prooftrail.{table} in access exclusive mode")
        yield connection
        connection.rollback()


def waits(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select pid from pg_locks where not granted and database ="
        " (select oid from pg_database where datname = current_database())"
    ).fetchall()


def write(api: Api, token: str, event: dict[str, Any]) -> httpx.Response:
    with api.client(token) as client:
        return client.post("/audit/events", json=event)


def numbered(number: int) -> dict[str, Any]:
    return GIVEN | {"eventId": named(number)}


def named(number: int) -> str:
    return f"{IDS}{number:04x}"


def is_asked_again(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and "retry-after" in answer.headers


def logged(api: Api) -> list[str]:
    api.seal()
    rows = api.trail.superuser().execute(
        "select event_id from prooftrail.log where starts_with(event_id::text, %s)"
        " order by 1",
        (IDS,),
    )
    return [str(row[0]) for row in rows]


def test_while_no_event_can_be_looked_up_all_are_answered_and_new_ones_get_in(
    api: Api,
) -> None:
    token = api.key("writer")
    assert write(api, token, numbered(0)).status_code == 201
    begun = time.monotonic()
    with locked(api.trail, "log"), ThreadPoolExecutor(MORE) as pool:
        work = [pool.submit(write, api, token, numbered(n)) for n in range(1, MORE + 1)]
        time.sleep(0.1)
        assert write(api, token, GIVEN).status_code == 201
        assert all(is_asked_again(one.result()) for one in work)
    assert time.monotonic() - begun < 6
    for number in range(1, MORE + 1):
        assert write(api, token, numbered(number)).status_code == 201
    assert logged(api) == [named(number) for number in range(MORE + 1)]


def test_while_the_inbox_is_locked_nobody_is_told_that_an_event_is_in(
    api: Api,
) -> None:
    token = api.key("writer")
    assert write(api, token, numbered(0)).status_code == 201
    with locked(api.trail, "inbox"):
        answer = write(api, token, numbered(1))
        assert is_asked_again(answer)
        assert "send it again with the same eventId" in answer.text
        assert is_asked_again(write(api, token, numbered(1)))
    assert write(api, token, numbered(1)).status_code in {200, 201}
    assert logged(api) == [named(0), named(1)]
    assert "never retrieved" not in api.log.getvalue()


def test_a_server_that_ends_no_statement_is_not_waited_for(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "STATEMENT_MS", 60_000)
    monkeypatch.setattr(writing, "TAKING_SECONDS", 0.5)
    token = api.key("writer")
    with locked(api.trail, "log"):
        begun = time.monotonic()
        assert is_asked_again(write(api, token, numbered(1)))
        assert time.monotonic() - begun < 5
    assert write(api, token, numbered(1)).status_code == 201


def test_looking_up_can_be_ended_while_it_hangs(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "ENDING", 0.3)
    monkeypatch.setattr(looking, "STATEMENT_MS", 60_000)
    monkeypatch.setenv("PROOFTRAIL_VERIFIER_DSN", trail.login_dsn("verifier"))
    made = Looking()
    told: list[str] = []

    def look() -> None:
        try:
            made.sealed("main", [named(1)], (FIRST_US, LAST_US))
        except DatabaseError as error:
            told.append(str(error))

    with locked(trail, "log") as held:
        thread = threading.Thread(target=look)
        thread.start()
        time.sleep(0.5)
        begun = time.monotonic()
        assert not made.close()
        thread.join(5)
        assert time.monotonic() - begun < 5
        assert len(told) == 1
        until(lambda: not waits(held), "the server to go on no more")


def test_who_waits_when_the_service_ends_is_told_to_come_again(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "ENDING", 0.3)
    monkeypatch.setattr(looking, "STATEMENT_MS", 60_000)
    monkeypatch.setattr(http, "REQUESTS", 1)
    with locked(trail, "log") as held, ThreadPoolExecutor(1) as pool:
        with serving(trail, monkeypatch) as api:
            work = pool.submit(write, api, api.key("writer"), numbered(1))
            until(lambda: waits(held), "the look-up")
            api.health.stop()
            begun = time.monotonic()
        assert time.monotonic() - begun < 8
        assert is_asked_again(work.result())
        assert "the service ends" in work.result().text


def test_looking_up_that_rests_ends_at_once(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROOFTRAIL_VERIFIER_DSN", trail.login_dsn("verifier"))
    made = Looking()
    found = made.sealed("main", [named(1)], (FIRST_US, LAST_US))
    assert made.close()
    assert found == {}
