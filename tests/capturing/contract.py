"""What every framework's middleware must do: one test a rule.

A test module gives the fixture `site`, and collects these by importing them.
"""

from __future__ import annotations

import hashlib
import json
import socket
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from prooftrail.middleware.routes import Emits
from tests.capturing.stated import ROUTES, slow

if TYPE_CHECKING:
    from tests.capturing.rig import Site

HOSTILE = "203.0.113.9"


def test_a_mapped_route_leaves_its_event_with_all_that_is_known(site: Site) -> None:
    headers = {
        "x-request-id": "req-1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "x-forwarded-for": HOSTILE,
    }
    assert site.call("PUT", "/customers/cust_7", headers=headers) == 200
    event = site.event()
    assert event["action"] == "customer.pii.update"
    assert event["result"] == "success"
    assert event["actor"] == {
        "userId": "usr_1",
        "ipAddress": "127.0.0.1",
        "userAgent": "contract/1",
    }
    assert event["resource"] == {"type": "customer", "id": "cust_7"}
    assert event["changes"] == [{"field": "plan", "before": "free", "after": "pro"}]
    context = event["context"]
    assert context.pop("durationMs") >= 0
    assert context.pop("route").startswith("/customers/")
    assert context == {
        "requestId": "req-1",
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "method": "PUT",
        "status": 200,
        "service": "contract",
        "version": "1.2",
    }


def test_what_a_handler_fills_in_is_in_the_event(site: Site) -> None:
    assert site.call("POST", "/customers") == 201
    event = site.event()
    assert event["action"] == "customer.pii.create"
    assert event["resource"] == {"type": "customer", "id": "cust_9"}
    assert len(event["context"]["requestId"]) == 36


def test_an_unmapped_route_gets_a_derived_action(site: Site) -> None:
    assert site.call("POST", "/things/7/parts") == 200
    event = site.event()
    assert event["action"] == "http.parts.create"
    assert event["resource"] == {"type": "parts", "id": "7"}


def test_an_id_that_no_event_can_hold_costs_itself_alone(site: Site) -> None:
    id_ = "7" * 1_001
    assert site.call("POST", f"/things/{id_}/parts") == 200
    event = site.event()
    assert event["action"] == "http.parts.create"
    digest = hashlib.sha256(id_.encode()).hexdigest()
    assert event["resource"] == {"type": "parts", "id": f"sha256:{digest}"}
    assert event["details"] == {"not_recorded": ["resource.id"]}


def test_a_path_that_no_route_serves_leaves_a_failure(site: Site) -> None:
    assert site.call("POST", "/nowhere/hunter2") == 404
    event = site.event()
    assert event["action"] == "http.unmatched.create"
    assert event["result"] == "failure"
    assert "hunter2" not in json.dumps(event)


def test_reading_leaves_nothing_unless_the_route_is_marked(site: Site) -> None:
    assert site.call("GET", "/free") == 200
    assert site.events() == []
    assert site.call("GET", "/customers/cust_7") == 200
    event = site.event()
    assert event["action"] == "customer.pii.view"
    assert event["authorization"] == {
        "decision": "allowed",
        "basis": "role",
        "name": "support",
        "policy": "roles@7",
    }


def test_a_refusal_of_a_mapped_route_keeps_its_action(site: Site) -> None:
    assert site.call("GET", "/customers/cust_7", user="usr_2") == 403
    event = site.event()
    assert event["action"] == "customer.pii.view"
    assert event["result"] == "denied"
    assert event["actor"]["userId"] == "usr_2"
    assert event["authorization"]["decision"] == "denied"


def test_a_refusal_of_an_unmapped_route_is_an_access_denied(site: Site) -> None:
    for method, status, attempted in (
        ("POST", 403, "http.refused.create"),
        ("GET", 401, "http.refused.read"),
    ):
        assert site.call(method, "/refused") == status
        event = site.event()
        assert event["action"] == "system.access.denied"
        assert event["result"] == "denied"
        assert event["details"] == {"attempted": attempted}


def test_a_404_that_hides_a_refusal_is_denied(site: Site) -> None:
    assert site.call("GET", "/hidden/cust_7") == 404
    event = site.event()
    assert event["action"] == "system.access.denied"
    assert event["result"] == "denied"


def test_nobody_known_is_anonymous(site: Site) -> None:
    assert site.call("POST", "/things/7/parts", user=None) == 200
    assert site.event()["actor"] == {
        "type": "anonymous",
        "ipAddress": "127.0.0.1",
        "userAgent": "contract/1",
    }


def test_who_is_bound_in_the_handler_is_the_actor(site: Site) -> None:
    assert site.call("POST", "/login?name=dani", user=None) == 200
    event = site.event()
    assert event["action"] == "auth.login.success"
    assert event["actor"]["userId"] == "usr_dani"
    assert event["actor"]["role"] == "admin"


def test_a_failure_may_be_another_type(site: Site) -> None:
    assert site.call("POST", "/login?name=hunter2", user=None) == 401
    event = site.event()
    assert event["action"] == "auth.login.failure"
    assert event["actor"]["type"] == "anonymous"
    assert "hunter2" not in json.dumps(event)


def test_a_handler_that_records_is_not_recorded_twice(site: Site) -> None:
    assert site.call("POST", "/explicit") == 200
    event = site.event()
    assert event["action"] == "admin.config.update"
    assert event["actor"]["userId"] == "usr_1"
    assert event["context"]["service"] == "contract"
    assert event["context"]["route"].startswith("/explicit")


def test_a_request_that_fails_after_all_leaves_that_too(site: Site) -> None:
    assert site.call("POST", "/explicit/failing") == 500
    explicit, request = site.events()
    assert (explicit["action"], explicit["result"]) == (
        "admin.config.update",
        "success",
    )
    assert request["action"] == "http.failing.create"
    assert request["result"] == "failure"


def test_an_exception_is_told_by_its_type_alone(site: Site) -> None:
    assert site.call("POST", "/boom") == 500
    event = site.event()
    assert event["result"] == "failure"
    assert event["details"] == {"error": "ValueError"}
    assert event["context"]["status"] == 500
    assert "hunter2" not in json.dumps(event)


def test_an_excused_route_leaves_nothing(site: Site) -> None:
    assert site.call("POST", "/pixels") == 200
    assert site.events() == []


def test_a_token_in_a_path_is_no_id(site: Site) -> None:
    assert site.call("POST", "/reset/abcdef0123456789") == 200
    event = site.event()
    assert event["action"] == "http.reset.create"
    assert "abcdef0123456789" not in json.dumps(event)


def test_a_query_string_is_never_recorded(site: Site) -> None:
    assert site.call("POST", "/things/7/parts?password=hunter2&q=hunter2") == 200
    assert "hunter2" not in json.dumps(site.event())


def test_head_of_a_mapped_route_is_what_get_is(site: Site) -> None:
    status = site.call("HEAD", "/export")
    event = site.event()
    assert event["action"] == "customer.pii.export"
    assert event["result"] == ("success" if status == 200 else "failure")
    assert event["context"]["method"] == "HEAD"


def test_a_method_that_is_overridden_is_the_one_that_was_done(site: Site) -> None:
    override = {"x-http-method-override": "DELETE"}
    for method in ("POST", "GET"):
        assert site.call(method, "/customers/cust_7", headers=override) == 204
        event = site.event()
        assert event["action"] == "customer.pii.delete"
        assert event["context"]["method"] == "DELETE"


def test_what_is_sent_on_before_any_view_leaves_nothing(site: Site) -> None:
    assert site.call("DELETE", "/slashed/7", user=None) in {301, 307, 308}
    assert site.events() == []
    assert site.call("DELETE", "/slashed/7/") == 200
    assert site.event()["action"] == "customer.pii.delete"


@pytest.mark.parametrize(
    ("method", "path", "user", "result"),
    [
        ("POST", "/form", None, "success"),  # a form, sent by nobody known
        ("POST", "/moved", "usr_1", "failure"),  # ask there
        ("POST", "/guarded", None, "denied"),  # log in, and come back
        ("GET", "/guarded", None, "denied"),
        ("GET", "/guarded", "usr_1", "denied"),
        ("POST", "/guarded", "usr_1", "success"),  # in doubt he did it
        ("POST", "/session", "usr_1", "success"),
        ("POST", "/session", None, "denied"),
    ],
)
def test_what_a_redirect_says(
    site: Site, method: str, path: str, user: str | None, result: str
) -> None:
    assert 300 < site.call(method, path, user=user) < 400
    event = site.event()
    assert event["result"] == result
    expected = ROUTES[f"{method} {path}"]
    if isinstance(expected, Emits):
        assert expected.failure is not None
        failed = result != "success"
        expected = expected.failure.name if failed else expected.types[0].name
    assert event["action"] == expected
    if result != "success":
        assert event["details"] == {"redirected": event["context"]["status"]}


def test_an_answer_that_streams_leaves_one_event(site: Site) -> None:
    assert site.call("GET", "/export") == 200
    event = site.event()
    assert (event["action"], event["result"]) == ("customer.pii.export", "success")


def test_whose_data_a_stream_read_is_told_when_it_ends(site: Site) -> None:
    assert site.call("GET", "/export/late") == 200
    begun, ended = site.several(2)
    assert begun["action"] == ended["action"] == "customer.pii.export"
    assert (begun.get("subjects"), ended["subjects"]) == (None, ["cust_7"])
    assert ended["details"] == {"follows": begun["eventId"]}
    for name in ("actor", "result"):
        assert begun[name] == ended[name]


def test_an_answer_that_breaks_off_leaves_a_second_event(site: Site) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        site.call("GET", "/broken")
    begun, broke = site.events()
    assert begun["result"] == "success"
    assert broke["result"] == "failure"
    assert broke["details"] == {"error": "RuntimeError", "follows": begun["eventId"]}
    assert broke["context"]["requestId"] == begun["context"]["requestId"]


@pytest.mark.parametrize("path", ["/slow", "/slow/async"])
def test_a_client_that_goes_away_leaves_its_event(site: Site, path: str) -> None:
    slow.begun.clear()
    slow.may_end.clear()
    url = site.client.base_url
    with socket.create_connection((url.host, url.port), timeout=30) as client:
        asked = f"POST {path} HTTP/1.1\r\nHost: x\r\nx-test-user: usr_1\r\n"
        client.sendall(f"{asked}Content-Length: 0\r\n\r\n".encode())
        assert slow.begun.wait(30)
    time.sleep(0.2)  # so that the server sees it while the view is at work
    slow.may_end.set()
    event = site.awaited()
    assert event["action"] == "customer.pii.delete"
    assert event["actor"]["userId"] == "usr_1"
    if event["result"] != "success":  # what Django cancels is no success
        assert event["details"] == {"error": "cancelled"}


def test_a_client_that_goes_away_in_the_middle_leaves_a_second_event(
    site: Site,
) -> None:
    headers = {"x-test-user": "usr_1"}
    with site.client.stream("GET", "/endless", headers=headers) as answer:
        assert next(answer.iter_bytes())
    begun, broke = site.awaited_all(2)
    assert (begun["result"], broke["result"]) == ("success", "failure")
    assert broke["details"].pop("error") in {"not read to the end", "cancelled"}
    assert broke["details"] == {"follows": begun["eventId"]}
    assert broke["actor"] == begun["actor"]


def test_a_request_id_that_is_no_id_is_replaced(site: Site) -> None:
    headers = {"x-request-id": "<script>alert(1)</script>"}
    assert site.call("POST", "/things/7/parts", headers=headers) == 200
    assert "script" not in json.dumps(site.event())


def test_methods_of_any_spelling_and_odd_paths_are_survived(site: Site) -> None:
    for path in ("/%00", "/" + "a" * 4_000, "/%ff%fe", "/customers/%2e%2e"):
        assert site.call("POST", path) in {400, 404, 405, 414}
    for event in site.events():
        assert event["result"] == "failure"
