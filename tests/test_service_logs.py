"""The service's log lines: structured, and without what must not be in a log."""

from __future__ import annotations

import io
import json
import os
import secrets
from contextlib import suppress

import pytest

from prooftrail.service import logs
from tests.trail import now_us


def lines(written: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def written(message: str, **values: object) -> dict[str, object]:
    file = io.StringIO()
    logs.open_log(file, clock=now_us).warning(message, **values)
    (line,) = lines(file)
    return line


def test_a_request_has_one_line_of_its_route_and_never_of_its_path() -> None:
    file = io.StringIO()
    logs.request(
        logs.open_log(file, clock=lambda: 1_770_000_000_000_000),
        method="GET",
        route="/audit/events/{event_id}",
        status=200,
        seconds=0.0123,
        key_id=7,
    )
    assert lines(file) == [
        {
            "message": "request",
            "level": "info",
            "timestamp": "2026-02-02T02:40:00Z",
            "method": "GET",
            "route": "/audit/events/{event_id}",
            "status": 200,
            "milliseconds": 12.3,
            "key_id": 7,
        }
    ]


@pytest.mark.parametrize(
    "secret",
    [
        "postgresql://prooftrail_reader:hunter2@db.example/audit",
        "postgres:///audit?host=/run/x",
        "host=db.example user=prooftrail_writer password='a b c' dbname=audit",
        secrets.token_urlsafe(32) + "Zz_9",
        "pt_" + secrets.token_urlsafe(32) + "Zz9",
        "Bearer " + secrets.token_urlsafe(24),
    ],
    ids=["dsn", "dsn without a user", "keywords", "token", "named token", "header"],
)
def test_what_looks_like_a_token_or_a_dsn_is_not_written(secret: str) -> None:
    line = written(f"it said {secret}", told=[{"inner": f"x {secret} y"}])
    text = json.dumps(line)
    assert secret not in text
    assert "hunter2" not in text
    assert "[redacted]" in text


@pytest.mark.parametrize(
    "plain",
    [
        "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
        "sha256:" + "ab" * 32,
        "main: entries 17 to 3048 are gone",
        "customer.pii.access_request",
        "the-quick-brown-fox-jumps-over-the-lazy-dog",
    ],
)
def test_what_is_no_secret_stays(plain: str) -> None:
    assert written(plain, told=plain)["told"] == plain


def raise_detail() -> None:
    raise ValueError("it broke\nDETAIL: Failing row contains (dani@company.com)")


def test_a_failure_tells_where_and_never_its_further_lines() -> None:
    file = io.StringIO()
    log = logs.open_log(file, clock=now_us)
    try:
        raise_detail()
    except ValueError:
        log.exception("request failed")
    (line,) = lines(file)
    assert line["failure"] == "ValueError: it broke"
    assert "dani@" not in file.getvalue()
    assert "test_service_logs" in str(line["places"])


def test_a_log_that_nobody_takes_stops_nobody() -> None:
    file = io.StringIO()
    log = logs.open_log(file, clock=now_us)
    file.close()
    log.error("still here")
    reading, writing = os.pipe()
    os.close(reading)
    with suppress(BrokenPipeError), os.fdopen(writing, "w") as gone:
        logs.open_log(gone, clock=now_us, people=False).error("still here")
        gone.flush()


def test_people_get_lines_that_they_can_read() -> None:
    file = io.StringIO()
    log = logs.open_log(file, clock=now_us, people=True)
    log.info("listening", place="http://127.0.0.1:8400")
    assert "listening" in file.getvalue()
    assert not file.getvalue().startswith("{")
