"""What tests that fuzz the API share: what no answer and no log line may show."""

from __future__ import annotations

import json
import re
import socket
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from hypothesis import HealthCheck, Phase, settings

from tests.stated import EXAMPLE
from tests.trail import PASSWORD

if TYPE_CHECKING:
    from tests.api_rig import Api

PERSON = "canary.person@example.com"  # personal, in the log and in questions
NEVER = ("Traceback", 'File "', "psycopg", "site-packages", "postgresql://", PASSWORD)
IN_NO_PROBLEM = (
    PERSON, ".py", "/prooftrail/", "host=", "dbname", "prooftrail_reader",
    "prooftrail_writer", "prooftrail_verifier", "SQLSTATE", "LINE 1:", 'relation "',
    "invalid input syntax", "invalid byte sequence", "Internal Server Error",
    "set_config", "prooftrail.token", "insert into",
)  # fmt: skip
FUZZ = settings(
    max_examples=150,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
_STATUS = re.compile(rb"^HTTP/1\.1 ([0-9]{3})", re.MULTILINE)
_LINE = re.compile(r'"places": |"failure": |a defect')


def prepare(api: Api) -> None:
    """Have something to find, with a personal value in it."""
    actor = {"userId": "usr_1", "email": PERSON}
    with api.client(api.key("writer")) as client:
        for _ in range(3):
            given = {**EXAMPLE, "eventId": str(uuid4()), "actor": actor}
            assert client.post("/audit/events", json=given).status_code == 201
    api.seal()


def harmless(status: int, text: str, *tokens: str, busy: tuple[int, ...] = ()) -> None:
    """Check an answer: no failure of ours, and nothing told that is not to be."""
    assert status < 500 or status in busy, (status, text[:500])
    for word in (*NEVER, *tokens, *(IN_NO_PROBLEM if status >= 400 else ())):
        assert word not in text, (word, status, text[:500])


def well(api: Api, *tokens: str) -> None:
    """Check what is left: it answers, records, finds; the log verifies, is clean."""
    given = {**EXAMPLE, "eventId": str(uuid4())}
    with api.client(api.key("admin")) as client:
        assert client.get("/healthz").status_code == 200
        assert client.post("/audit/events", json=given).status_code == 201
        api.seal()
        found = client.get(f"/audit/events/{given['eventId']}").json()
        assert found["actor"] == given["actor"]
        until = time.monotonic() + 60
        while (begun := client.get("/audit/integrity-check")).status_code == 429:
            assert time.monotonic() < until
            time.sleep(0.2)
        while (run := client.get(begun.headers["location"]).json())[
            "state"
        ] == "running":
            assert time.monotonic() < until
            time.sleep(0.1)
        assert run["verdict"] == "verified"
    written = api.log.getvalue()
    for word in (*tokens, PASSWORD, PERSON, "postgresql://", "Traceback"):
        assert word not in written, word
    assert not _LINE.search(written), [
        line for line in written.splitlines() if _LINE.search(line)
    ][:3]
    for line in written.splitlines():
        told: dict[str, Any] = json.loads(line)
        assert (
            told.get("message") != "request"
            or told["status"] < 500
            or (told["status"] == 503)
        ), told


def exchange(api: Api, *pieces: bytes, wait: float = 5.0) -> bytes:
    """Send bytes as they are; return what is answered until the end, or for a while."""
    got = b""
    with socket.create_connection(api.address, 10) as sock:
        sock.settimeout(wait)
        try:
            for piece in pieces:
                sock.sendall(piece)
            while more := sock.recv(1 << 20):
                got += more
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass  # it waits for more, or has cut us off: both are answers
    return got


def statuses(answer: bytes) -> list[int]:
    return [int(one) for one in _STATUS.findall(answer)]
