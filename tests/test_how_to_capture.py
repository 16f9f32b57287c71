"""The code of the how-tos on coverage, tests and jobs, run as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import prooftrail
from prooftrail.catalog import missing
from prooftrail.coverage import starlette
from prooftrail.coverage.judging import State, judge
from prooftrail.testing import CapturedEvents, capture
from tests.capturing import rig

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to"
SYSTEM = {"type": "system", "userId": "system"}

pytestmark = pytest.mark.filterwarnings(
    "ignore::Warning:celery", "ignore::Warning:kombu"
)


@pytest.fixture
def events() -> Iterator[CapturedEvents]:
    with capture() as found:
        yield found


def blocks(document: str) -> list[str]:
    text = (HOW_TO / document).read_text()
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def run(space: dict[str, Any], *code: str) -> dict[str, Any]:
    """Run blocks one after another, as one module."""
    space.setdefault("__name__", "tests.how_to")
    for one in code:
        exec(compile(one, "how-to", "exec", dont_inherit=True), space)
    return space


def test_the_routes_of_the_how_to_are_covered() -> None:
    made = run({}, *blocks("cover-every-route.md"))
    report = judge("how-to:app", starlette.survey(made["app"]))
    assert report.exit_code == 0
    told = {one.name: (one.state, *one.events) for one in report.rows}
    assert told["POST /logout"] == (State.CAPTURED, "auth.logout")
    assert told["PUT /customers/{customer_id}"][1] == "customer.pii.update"
    assert told["POST /pixels"][0] is State.EXCUSED


def test_the_tests_of_the_how_to_pass(events: CapturedEvents) -> None:
    first, second, third = blocks("test-what-is-recorded.md")
    made = run({}, first)
    made["test_an_export_is_recorded"](events)
    events.clear()
    run(made, second)
    with (
        rig.listening(made["app"]) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        made["test_a_logout_is_recorded"](events, client)
    run(made, third)


def test_the_jobs_of_the_how_to_record_who_acts(events: CapturedEvents) -> None:
    job, command, threads, celery = blocks("audit-jobs.md")
    made = run({}, job)
    made["purge_sessions"]()
    assert events.only()["actor"] == SYSTEM
    assert missing(events.only()) == []
    events.clear()
    run(made, command)
    assert events.only()["actor"] == {"userId": "usr_1", "role": "admin"}
    events.clear()
    run(made, threads)
    assert [one["actor"] for one in events] == [{"userId": "usr_1"}] * 2
    events.clear()
    run(made, celery)
    made["app"].conf.task_always_eager = True
    with prooftrail.acting("usr_1", on_behalf_of="usr_2"):
        made["export"].delay()
    made["export"].delay()
    mine, own = events
    assert mine["actor"] == {"userId": "usr_1", "onBehalfOf": {"userId": "usr_2"}}
    assert own["actor"] == SYSTEM
