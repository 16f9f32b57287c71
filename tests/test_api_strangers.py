"""Who has no key learns nothing, and no other site has a browser act for somebody."""

from __future__ import annotations

import atexit
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette

from prooftrail.service.app import mountable
from prooftrail.service.http import Http
from tests.api_rig import Api, serving
from tests.stated import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

BASIC_OPENS = ("/docs", "/openapi.json", "/audit/events", "/readyz", "/metrics")


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


def test_without_a_key_nobody_learns_what_is_there(api: Api) -> None:
    with api.client(None) as client:
        asked = (("GET", "/nowhere"), ("PUT", "/audit/events"), ("HEAD", "/docs"))
        for method, path in (*asked, ("POST", "/healthz"), ("GET", "/")):
            assert client.request(method, path).status_code == 401
    with api.client(api.key("writer")) as client:
        assert client.get("/nowhere").status_code == 404
        assert client.put("/audit/events").status_code == 405


def test_whether_it_is_alive_may_be_asked_without_a_body(api: Api) -> None:
    with api.client(None) as client:
        answer = client.head("/healthz")
        assert (answer.status_code, answer.content) == (200, b"")


def test_the_password_of_a_browser_opens_pages_and_does_nothing(api: Api) -> None:
    basic = ("anybody", api.key("admin"))
    with httpx.Client(base_url=api.url, auth=basic, trust_env=False) as client:
        for path in BASIC_OPENS:
            assert client.get(path).status_code == 200
        for method, path in (
            ("POST", "/audit/events"),
            ("GET", "/audit/integrity-check"),
        ):
            answer = client.request(method, path, json=EXAMPLE)
            assert answer.status_code == 401
            assert "Basic" not in answer.headers["www-authenticate"]


def test_what_another_site_has_a_browser_send_is_refused(api: Api) -> None:
    token = api.key("admin")
    site = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    with api.client(token) as client:
        posted = client.post("/audit/events", json=EXAMPLE, headers=site)
        assert posted.status_code == 403
        assert client.get("/audit/events", headers=site).status_code == 403
        own = {"Sec-Fetch-Site": "same-origin"}
        assert client.get("/audit/events", headers=own).status_code == 200


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded"]
)
def test_events_are_taken_as_json_alone(api: Api, kind: str) -> None:
    with api.client(api.key("writer")) as client:
        for said, status in (
            (kind, 415),
            ("application/json; charset=utf-8", 201),
        ):
            answer = (
                client.post(
                    "/audit/events", content=b"", headers={"Content-Type": said}
                )
                if status == 415
                else client.post(
                    "/audit/events", json=EXAMPLE, headers={"Content-Type": said}
                )
            )
            assert answer.status_code == status


@pytest.fixture
def mounted(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    closed: list[Any] = []
    monkeypatch.setattr(atexit, "register", closed.append)
    application: Any = Starlette()
    application.mount("/trail", mountable())
    with closing(Http("127.0.0.1", 0, 10)) as http:
        http.start(application)
        yield Api(api.trail, f"{http.url}/trail", api.log)
    for close in closed:
        close()


def test_where_it_is_mounted_its_links_lead_there(mounted: Api) -> None:
    with mounted.client(mounted.key()) as client:
        begun = client.get("/audit/integrity-check")
        assert begun.json()["result"] == begun.headers["location"]
        assert (
            httpx.get(
                str(begun.url.join(begun.headers["location"])),
                headers=client.headers,
                trust_env=False,
            ).json()["id"]
            == begun.json()["id"]
        )
        assert "href='/trail/openapi.json'" in client.get("/docs").text
        servers = client.get("/openapi.json").json()["servers"]
        assert servers == [{"url": "/trail"}]


def test_where_it_is_mounted_it_knows_whether_events_are_taken_in(
    mounted: Api,
) -> None:
    mounted.trail.superuser().execute(
        "revoke insert on prooftrail.inbox from prooftrail_writer"
    )
    with mounted.client(mounted.key()) as client:
        assert client.get("/readyz/write").status_code == 503
        assert client.get("/readyz/read").status_code == 200
