"""What one stream is told of a read, a verification or a key is nothing of others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from prooftrail.cli import main
from tests.api_rig import Api, serving
from tests.sealing import event, insert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

SECRET = "tenant-b"


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    trail.stream(SECRET)
    with serving(trail, monkeypatch) as made:
        insert(trail, *(event() for _ in range(3)))
        insert(trail, *(event() for _ in range(40)), stream=SECRET)
        made.seal()
        yield made


def told(api: Api, stream: str) -> list[dict[str, Any]]:
    rows = api.trail.superuser().execute(
        "select event from prooftrail.inbox where stream = %s order by id", (stream,)
    )
    return [json.loads(text) for (text,) in rows]


@pytest.mark.parametrize("path", ["/audit/summary", "/audit/authority"])
def test_a_total_is_told_to_the_stream_that_it_is_of(api: Api, path: str) -> None:
    with api.client(api.key("auditor")) as client:
        one = client.get(path, params={"stream": SECRET, "actor": "usr_1"}).json()
        both = client.get(path, params={"actor": "usr_1"}).json()
    assert (one["total"], both["total"]) == (40, 43)
    alone, shared = (one["details"] for one in told(api, SECRET))
    assert alone["count"] == 40
    assert "count" not in shared
    (main_,) = told(api, "main")
    assert "count" not in main_["details"]


def test_a_read_of_several_streams_is_told_in_each_for_itself(api: Api) -> None:
    with api.client(api.key("auditor")) as client:
        assert len(client.get("/audit/events?limit=1000").json()["events"]) == 45
        both = f"/audit/events/count?stream=main&stream={SECRET}&actor=usr_1"
        assert client.get(both).json()["count"] == 43
        client.get("/audit/integrity-check")
    main_, other = told(api, "main"), told(api, SECRET)
    listed, counted = (one["details"] for one in main_[:2])
    assert (listed["rows"], counted["count"]) == (4, 3)  # and its first statement
    assert counted["filters"] == {"actor": "usr_1"}
    listed, counted = (one["details"] for one in other[:2])
    assert (listed["rows"], counted["count"]) == (41, 40)
    for one in main_:
        assert SECRET not in json.dumps(one)
        assert not {"43", "45"} & set(
            json.dumps(one["details"]).replace(",", " ").split()
        )
    assert [one["eventId"] for one in main_[:2]] == [
        one["eventId"] for one in other[:2]
    ]


def test_a_key_for_several_streams_is_told_in_each_for_itself(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail.stream(SECRET)
    monkeypatch.setenv("PROOFTRAIL_DSN", trail.dsn)
    words = ["key", "create", "Ann", "--role", "auditor", "--stream", "main"]
    done = CliRunner().invoke(
        main, [*words, "--stream", SECRET], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    rows = trail.superuser().execute("select stream, event from prooftrail.inbox")
    for stream, text in rows.fetchall():
        assert json.loads(text)["details"]["sees"] == stream


def test_a_key_that_cannot_be_recorded_is_not_made(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROOFTRAIL_DSN", trail.dsn)
    superuser = trail.superuser()
    superuser.execute(
        "revoke insert (event) on prooftrail.inbox from prooftrail_writer"
    )
    words = ["key", "create", "Ann", "--role", "auditor"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code != 0
    assert "ptk_" not in done.output
    assert superuser.execute("select count(*) from prooftrail.api_key").fetchone() == (
        0,
    )
