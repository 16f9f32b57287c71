"""The page about running the service tells what is so."""

from __future__ import annotations

import configparser
import json
import re
import time
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from prooftrail.cli import main
from prooftrail.service import server, telling
from prooftrail.service.webhook import Allowed, Webhook
from prooftrail.store import connect, files
from tests.receiving import HOST, SECRET, receiver
from tests.test_service_alerts import LOOPBACK, here

PAGE = (Path(__file__).parents[1] / "docs/how-to/run-the-service.md").read_text()
HELP = CliRunner().invoke(main, ["serve", "--help"]).output


def block(language: str, number: int = 0) -> str:
    return str(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[number])


def test_the_options_that_it_names_are_there() -> None:
    there = set(re.findall(r"--[a-z][a-z-]+", HELP)) | {"--logins", "--key"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) <= there


def test_the_variables_that_it_names_are_there() -> None:
    known = set(re.findall(r"PROOFTRAIL_[A-Z_]+", HELP))
    known |= {connect.name_of(one) for one in (*files.LOGINS, None)}
    assert set(re.findall(r"PROOFTRAIL_[A-Z_]+", PAGE)) <= known


def test_the_unit_is_one_and_waits_as_long_as_stopping_takes() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.read_string(block("ini"))
    service = unit["Service"]
    assert float(service["TimeoutStopSec"]) > 2 * server.DUTIES
    assert service["KillMode"] == "mixed"
    assert "prooftrail serve" in service["ExecStart"]


def test_the_alert_s_types_are_those_that_are_sent() -> None:
    sent = {
        telling.FINDING,
        telling.UNVERIFIED,
        telling.VERIFIED,
        telling.SEAL,
    }
    assert set(re.findall(r"prooftrail\.integrity\.\w+", PAGE)) == sent
    assert json.loads(block("json"))["type"] in sent


def test_its_check_of_a_signature_takes_what_is_sent_and_nothing_else() -> None:
    found: dict[str, Any] = {}
    exec(block("python"), found)
    is_genuine = found["is_genuine"]
    now = time.time()
    with receiver() as made:
        allowed = Allowed((LOOPBACK,), frozenset({HOST}))
        hook = Webhook(made.url, SECRET, allowed=allowed, resolver=here)
        assert hook.post(b'{"a": 1}', delivery="d", now_s=int(now)) is None
    (got,) = made.got
    header = got.headers["Prooftrail-Signature"]
    assert is_genuine(SECRET, header, got.body, now)
    assert not is_genuine(SECRET, header, got.body + b" ", now)
    assert not is_genuine(b"another secret..", header, got.body, now)
    assert not is_genuine(SECRET, header, got.body, now + 3600)
