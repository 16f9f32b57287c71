"""When capture starts, stops or is reconfigured, that is in the trail."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

import prooftrail
from prooftrail.capture import process
from prooftrail.capture.redaction import Redactor
from prooftrail.testing import capture
from tests.capturing import with_fastapi, with_flask
from tests.capturing.rig import left, listening, site
from tests.recording import recorder
from tests.spooling import NOWHERE, files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail


def changes(events: list[dict[str, Any]]) -> list[str]:
    assert {one["action"] for one in events} <= {"audit.capture.change"}
    return [one["details"]["change"] for one in events]


def digest(trail: Trail, redactor: Redactor | None = None, **settings: Any) -> str:
    """Return the digest of an application's rules, as its start tells it."""
    with recorder(trail, redactor=redactor) as own:
        app = FastAPI()
        app.add_middleware(prooftrail.AuditMiddleware, recorder=own, **settings)
        with listening(app):
            pass
        found = left(trail, own)
        assert changes(found) == ["started", "stopped"]
        assert {one["details"]["rules"] for one in found} == {
            found[0]["details"]["rules"]
        }
    return str(found[0]["details"]["rules"])


def test_an_asgi_application_tells_of_its_start_and_its_end(trail: Trail) -> None:
    with recorder(trail) as own:
        with with_fastapi.serve(own, announce=True) as url:
            httpx.get(f"{url}/free", trust_env=False)
            httpx.get(f"{url}/free", trust_env=False)
            (started,) = left(trail, own)
        (stopped,) = left(trail, own)
    assert changes([started, stopped]) == ["started", "stopped"]
    assert started["actor"] == {"type": "service", "userId": "contract"}
    assert started["context"] == {"service": "contract", "version": "1.2"}
    assert started["details"]["rules"].startswith("sha256:")


def test_without_lifespan_the_first_request_tells_once(trail: Trail) -> None:
    with site(trail, lambda own: with_flask.serve(own, announce=True)) as made:
        assert made.call("GET", "/free") == 200
        assert made.call("PUT", "/customers/cust_7") == 200
        first, second = made.events()
    assert changes([first]) == ["started"]
    # the request's own event is not taken for told by that
    assert second["action"] == "customer.pii.update"


def test_the_digest_is_that_of_the_rules(trail: Trail) -> None:
    mapped = {"GET /a": "customer.pii.view", "GET /b": "customer.pii.view"}
    plain = digest(trail, routes=mapped)
    assert plain == digest(trail, routes=dict(reversed(mapped.items())))
    others = {
        digest(trail, routes=mapped | {"GET /b": "customer.pii.export"}),
        digest(trail, routes=mapped, trusted_proxies=["10.0.0.0/8"]),
        digest(trail, Redactor(extra_names=["pinn"]), routes=mapped),
    }
    assert len(others | {plain}) == 4


def test_another_recorder_in_a_running_process_is_a_reconfiguration(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    none: Any = None
    with recorder(trail) as one, recorder(trail) as other:
        monkeypatch.setattr(process._default, "recorder", one)
        with with_fastapi.serve(none, announce=True):
            one.drain()  # two recorders' events have no order but their times
            prooftrail.use(other)
            prooftrail.use(other)
        found = left(trail, other)
    assert changes(found) == ["started", "reconfigured", "stopped"]


def test_a_test_of_an_application_has_no_event_of_that() -> None:
    none: Any = None
    with capture() as found, with_fastapi.serve(none, announce=True) as url:
        assert httpx.get(f"{url}/free", trust_env=False).status_code == 200
        assert httpx.put(f"{url}/customers/7", trust_env=False).status_code == 200
        found.assert_exactly("customer.pii.update")


STARTING = """
import sys, prooftrail
from fastapi import FastAPI
from fastapi.testclient import TestClient
app = FastAPI()
app.add_middleware(prooftrail.AuditMiddleware)
with TestClient(app):
    print("started", flush=True)
"""


@pytest.mark.parametrize("spool", ["spool", "file/spool"])
def test_no_application_is_kept_from_starting(tmp_path: Path, spool: str) -> None:
    """The database is away; the spool is there, or cannot be."""
    (tmp_path / "file").touch()
    env = {
        **os.environ,
        "PROOFTRAIL_WRITER_DSN": NOWHERE,
        "PROOFTRAIL_SPOOL_DIR": str(tmp_path / spool),
    }
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", STARTING],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr
    assert time.monotonic() - begun < 15
    if spool == "spool":
        assert [one for one in files(tmp_path / spool) if one.endswith(".spool")]
    else:
        assert "is not recorded" in done.stderr
