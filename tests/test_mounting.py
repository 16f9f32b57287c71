"""The API in an application of one's own, by one line."""

from __future__ import annotations

import atexit
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from starlette.applications import Starlette

from prooftrail.service.app import mountable
from prooftrail.service.http import Http
from tests.api_rig import Api, serving
from tests.stated import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from tests.trail import Trail


@contextmanager
def mounted(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[Any]]]:
    """Serve an application that has it; give where, and what closes at the end."""
    closed: list[Any] = []
    monkeypatch.setattr(atexit, "register", closed.append)
    application: Any = Starlette()
    application.mount("/trail", mountable())
    http = Http("127.0.0.1", 0, 10)
    with closing(http):
        http.start(application)
        yield http.url, closed
    for close in closed:
        close()


def test_one_line_mounts_it(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serving(trail, monkeypatch) as api,
        mounted(monkeypatch) as (url, closed),
        Api(trail, f"{url}/trail", api.log).client(api.key()) as client,
    ):
        assert client.post("/audit/events", json=EXAMPLE).status_code == 201
        api.seal()
        found = client.get("/audit/events?action=customer.*").json()["events"]
        assert len(closed) >= 3
    assert [one["eventId"] for one in found] == [EXAMPLE["eventId"]]


def test_where_it_cannot_be_opened_the_application_around_it_goes_on(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("PROOFTRAIL_DSN", "PROOFTRAIL_READER_DSN"):
        monkeypatch.delenv(name, raising=False)
    with (
        mounted(monkeypatch) as (url, _),
        httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
    ):
        answer = client.get("/trail/healthz")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert "log says why" in answer.json()["error"]["message"]
        assert client.get("/elsewhere").status_code == 404
        assert "no database is named" in capsys.readouterr().err
        for login in ("READER", "WRITER", "VERIFIER"):
            dsn = trail.login_dsn(login.lower())
            monkeypatch.setenv(f"PROOFTRAIL_{login}_DSN", dsn)
        assert client.get("/trail/healthz").status_code == 200
