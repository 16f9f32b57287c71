"""POST /audit/events: durable, once, each event for itself; nothing secret stays."""

from __future__ import annotations

import json
import resource
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from prooftrail.errors import BusyError
from prooftrail.service.api.writing import Pressure
from tests.api_rig import Api, serving
from tests.stated import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


def test_an_event_is_recorded_once_and_other_bytes_are_a_conflict(api: Api) -> None:
    with api.client(api.key("writer")) as client:
        first = client.post("/audit/events", json=EXAMPLE)
        assert (first.status_code, first.json()["status"]) == (201, "accepted")
        for sealed in (False, True):
            if sealed:
                api.seal()
            again = client.post("/audit/events", json=EXAMPLE)
            assert (again.status_code, again.json()["status"]) == (200, "duplicate")
            other = client.post("/audit/events", json={**EXAMPLE, "result": "denied"})
            assert other.status_code == 409
            told = other.json()
            assert told["recordedDigest"] == first.json()["digest"] != told["digest"]
            assert told["recordedDigest"] in told["error"]


def test_an_event_without_a_time_is_the_same_when_it_comes_again(api: Api) -> None:
    given = {name: item for name, item in EXAMPLE.items() if name != "timestamp"}
    with api.client(api.key()) as client:
        assert client.post("/audit/events", json=given).status_code == 201
        api.seal()
        assert client.post("/audit/events", json=given).status_code == 200
        other = {**given, "result": "denied"}
        assert client.post("/audit/events", json=other).status_code == 409


def test_a_bad_event_spoils_no_other(api: Api) -> None:
    with api.client(api.key()) as client:
        body = f'[{json.dumps(EXAMPLE)}, {{"action": "x"}}, 3, {{"a": 1, "a": 2}}]'
        answer = client.post("/audit/events", content=body)
    assert answer.status_code == 200
    states = [one["status"] for one in answer.json()["results"]]
    assert states == ["accepted", "refused", "refused", "refused"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"[1", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b"[" + b"1," * 1_000 + b"1]", 413),
        (b"x" * (16 * 1024 * 1024 + 1), 413),
    ],
    ids=["empty", "none", "half", "bytes", "deep", "many", "long"],
)
def test_a_body_that_is_none_is_refused(api: Api, body: bytes, status: int) -> None:
    with api.client(api.key()) as client:
        answer = client.post("/audit/events", content=body)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_a_key_that_is_known_from_reading_may_not_write_either(api: Api) -> None:
    with api.client(api.key("auditor")) as client:
        assert client.get("/audit/events").status_code == 200
        assert client.post("/audit/events", json=EXAMPLE).status_code == 403
        api.seal()
        found = client.get("/audit/events?result=denied").json()["events"]
    assert [one["details"] for one in found] == [
        {"refused": "write", "reason": "may not write"}
    ]


def test_a_secret_reaches_neither_the_inbox_nor_a_line_of_the_log(api: Api) -> None:
    token = api.key()
    with api.client(token) as client:
        given = {**EXAMPLE, "details": {"note": f"with {token}"}}
        assert client.post("/audit/events", json=given).status_code == 201
        client.get("/audit/events", params={"actor": token})
    (row,) = api.trail.superuser().execute(
        "select string_agg(event, ' ') from prooftrail.inbox"
    )
    assert token not in row[0]
    assert token not in api.log.getvalue()


def test_no_key_keeps_the_others_out() -> None:
    pressure = Pressure(100)
    pressure.take(1, 50)
    with pytest.raises(BusyError):
        pressure.take(1, 1)
    pressure.take(2, 50)
    for key_id in (2, 3):
        with pytest.raises(BusyError):
            pressure.take(key_id, 1)
    pressure.give(1, 50)
    pressure.give(2, 50)
    pressure.look(1, 50)


def test_who_announces_much_and_sends_little_keeps_nobody_out(api: Api) -> None:
    bad, good = api.key("writer"), api.key("writer")
    head = b"POST /audit/events HTTP/1.1\r\nAuthorization: Bearer %s\r\n" % bad.encode()
    with ExitStack() as stack:
        for number in range(40):
            sock = stack.enter_context(socket.create_connection(api.address, 10))
            kind = b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"
            if number % 2:
                kind = b"Content-Length: 16000000\r\n\r\n{"
            sock.sendall(head + kind)
        time.sleep(0.5)
        for token in (good, bad):
            with api.client(token) as client:
                given = {**EXAMPLE, "eventId": str(uuid4())}
                assert client.post("/audit/events", json=given).status_code == 201


def test_a_body_that_would_become_much_is_refused_before_it_does(api: Api) -> None:
    empty = b"{}," * 5_000_000 + b"{}"
    with api.client(api.key("writer")) as client:
        before = peak()
        for body, status in (
            (b"[" + empty + b"]", 413),
            (b"[[" + empty + b"]]", 200),
            (b'{"details": [' + empty + b"]}", 400),
        ):
            assert client.post("/audit/events", content=body).status_code == status
    assert peak() - before < 150 * 1024 * 1024  # this process's, server and client


def peak() -> int:
    """Return the most memory that this process has had, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize(
    "action",
    [
        "prooftrail.reveal",
        "audit.log.view",
        "audit.log.export",
        "audit.chain.verify",
        "audit.retention.archive",
        "Audit.Chain.VERIFY",
    ],
)
def test_what_the_service_tells_of_itself_is_not_stated_over_http(
    api: Api, action: str
) -> None:
    with api.client(api.key("admin")) as client:
        given = [{**EXAMPLE, "action": action}, EXAMPLE]
        results = client.post("/audit/events", json=given).json()["results"]
    assert [one["status"] for one in results] == ["refused", "accepted"]
    assert action in results[0]["error"]
