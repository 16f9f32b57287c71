"""What no endpoint emits: jobs by themselves, refusals, releases; and the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from examples.fintech import jobs
from examples.fintech.main import VERSION, create_app
from fastapi import HTTPException

import prooftrail
from prooftrail import catalog
from tests.capturing.rig import listening
from tests.fintech.rows import ROWS

if TYPE_CHECKING:
    from tests.fintech.house import House

TESTS = Path(__file__).parents[1]
ELSEWHERE = {  # by which test something real emits it
    "system.access.denied": "fintech/test_every_type.py",
    "system.release.deploy": "fintech/test_every_type.py",
    "auth.account.lock": "fintech/test_endpoints.py",
    "audit.capture.change": "test_announcing.py",
    "audit.log.view": "test_reading_commands.py",
    "audit.log.export": "test_reading_commands.py",
    "audit.chain.verify": "test_service_watching.py",
    "audit.retention.archive": "test_retention_seal.py",
}


def test_each_of_the_47_types_is_emitted_by_something_real() -> None:
    wanted = {
        one["name"] for one in json.loads((TESTS / "fintech/types.json").read_text())
    }
    assert len(wanted) == 47
    told = {one.action for row in ROWS for one in row.told}
    assert told | set(ELSEWHERE) == wanted
    for name, place in ELSEWHERE.items():
        assert f'"{name}"' in (TESTS / place).read_text()


@pytest.mark.parametrize("name", sorted(jobs.JOBS))
def test_a_job_by_itself_is_the_system_s(house: House, name: str) -> None:
    done = jobs.JOBS[name]()
    (event,) = house.events()
    assert catalog.missing(event) == []
    assert event["action"] == "system.job.run"
    assert event["actor"]["type"] == "system"
    assert event["resource"] == {"type": "job", "id": name}
    assert event["details"] == {
        "job": name,
        "record_count": done,
        "started_by": "schedule",
    }


def test_a_refusal_of_what_no_route_maps_is_an_access_denied(house: House) -> None:
    app = create_app()

    @app.get("/free")
    def refused() -> None:
        prooftrail.denied("role", "support")
        raise HTTPException(403)

    with listening(app) as url:
        house.events()
        assert house.client.get(f"{url}/free").status_code == 403
    told = [one for one in house.events() if one["action"] != "audit.capture.change"]
    assert [one["action"] for one in told] == ["system.access.denied"]
    event = told[0]
    assert event["result"] == "denied"
    assert catalog.missing(event) == []


def test_a_version_that_runs_for_the_first_time_is_a_release(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VERSION, "1.1.0")
    for _ in range(2):
        with listening(create_app()):
            pass
    (event,) = [
        one for one in house.events() if one["action"] == "system.release.deploy"
    ]
    assert event["actor"]["userId"] == "deployment"
    assert event["resource"] == {"type": "release", "id": "1.1.0"}
    assert event["details"] == {"version": "1.1.0", "version_before": "1.0.0"}
