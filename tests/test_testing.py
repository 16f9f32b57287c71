"""`prooftrail.testing`: what an application's own tests get."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import prooftrail
from prooftrail.capture import process
from prooftrail.capture.protection import Personal
from prooftrail.catalog import customer
from prooftrail.errors import EventError
from prooftrail.testing import CapturedEvents, capture
from prooftrail.testing.comparing import differences
from prooftrail.testing.recorder import MemoryRecorder
from tests.capturing import jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
EXPORT: dict[str, Any] = {
    "actor": {"userId": "usr_1"},
    "action": "customer.pii.export",
    "result": "success",
    "details": {
        "fields_accessed": ["name"],
        "export_format": "csv",
        "record_count": 1,
    },
}


@pytest.fixture
def events() -> Iterator[CapturedEvents]:
    with capture() as found:
        yield found


def failure(events: CapturedEvents, *expected: Any) -> str:
    with pytest.raises(AssertionError) as raised:
        events.assert_exactly(*expected)
    return str(raised.value)


def test_events_are_taken_and_the_recorder_is_put_back() -> None:
    before = process._default.recorder
    with capture() as events:
        prooftrail.record(EXPORT)
        assert prooftrail.submit(EXPORT).result() == events[1]["eventId"]
        with prooftrail.event("admin.config.update", actor="usr_1") as e:
            e.detail(setting="plan", before="free", after="pro")
        assert len(events) == 3
        assert events.recorder.counts().recorded == 3
        assert not events.recorder.crowded
        events.recorder.drain()
        assert events.of(customer.PII_EXPORT) == list(events[:2])
        assert events[2]["actor"] == {"userId": "usr_1"}
    assert process._default.recorder is before


def test_captures_may_stand_in_one_another(events: CapturedEvents) -> None:
    with capture() as inner:
        prooftrail.record(EXPORT)
    assert (len(inner), len(events)) == (1, 0)
    prooftrail.record(EXPORT)
    assert len(events) == 1


def test_events_are_refused_as_in_production(events: CapturedEvents) -> None:
    with pytest.raises(EventError, match="result"):
        prooftrail.record({**EXPORT, "result": "ok"})
    assert list(events) == []
    with (
        capture(known=prooftrail.Catalog(strict=True)),
        pytest.raises(EventError, match=r"customer\.pii\.export"),
    ):
        prooftrail.record({**EXPORT, "action": "customer.pii.exprt"})


def test_secrets_are_cut_and_personal_values_protected(events: CapturedEvents) -> None:
    prooftrail.record(
        {
            **EXPORT,
            "details": {
                **EXPORT["details"],
                "password": "hunter2",
                "email": Personal("ann@example.com", "contact.email"),
            },
        },
        stream="any",
    )
    event = events.only()
    assert "hunter2" not in str(event)
    assert "ann@example.com" not in str(event)
    assert event["details"]["email"]["$protected"]["class"] == "contact.email"


def test_an_event_of_many_subjects_is_one(events: CapturedEvents) -> None:
    subjects = [f"cust_{number}" for number in range(2_500)]
    prooftrail.record({**EXPORT, "subjects": subjects})
    assert events.only()["subjects"] == subjects
    assert "part" not in events.only()


def test_what_rides_a_transaction_is_taken_too(events: CapturedEvents) -> None:
    prooftrail.record(EXPORT, connection=object())
    sql, _ = prooftrail.statement(EXPORT)
    assert "insert" in str(sql)
    assert len(events) == 2


def test_what_is_exactly_so_passes(events: CapturedEvents) -> None:
    events.assert_exactly()
    prooftrail.record({**EXPORT, "resource": {"type": "customer", "id": "cust_7"}})
    events.assert_exactly("customer.pii.export")
    events.assert_exactly(customer.PII_EXPORT)
    events.assert_exactly(
        {
            "action": customer.PII_EXPORT,
            "result": "success",
            "eventId": ...,
            "resource": {"id": "cust_7"},
            "details": {"fields_accessed": ["name"]},
            "authorization": None,
        }
    )
    events.clear()
    events.assert_exactly()


def test_what_differs_is_named_place_by_place(events: CapturedEvents) -> None:
    prooftrail.record({**EXPORT, "result": "denied"})
    assert failure(
        events,
        {
            "action": "customer.pii.export",
            "result": "success",
            "resource": {"type": "customer"},
            "details": {"record_count": 2},
        },
        "auth.logout",
    ).splitlines() == [
        "2 events expected, 1 recorded",
        "  event 1, customer.pii.export: result is 'denied', not 'success'",
        "  event 1, customer.pii.export: resource is missing",
        "  event 1, customer.pii.export: details.record_count is 1, not 2",
        "not recorded:",
        "  auth.logout",
        "recorded:",
        "  customer.pii.export denied by usr_1",
    ]


def test_one_too_many_is_named(events: CapturedEvents) -> None:
    assert failure(events, "auth.logout").splitlines()[-1] == "  none"
    prooftrail.record(EXPORT)
    prooftrail.record(EXPORT)
    told = failure(events, "customer.pii.export")
    assert told.startswith("1 event expected, 2 recorded")
    with pytest.raises(AssertionError, match="one event was expected"):
        events.only()


def test_what_a_type_requires_must_be_said(events: CapturedEvents) -> None:
    prooftrail.record({**EXPORT, "details": {}})
    told = failure(events, "customer.pii.export")
    assert "it does not say record_count, which its type requires" in told


def test_personal_values_in_plain_are_named(events: CapturedEvents) -> None:
    email = Personal("a@example.com", "contact.email")
    prooftrail.record(
        {
            **EXPORT,
            "pii": {"fields": ["email", "phone"]},
            "changes": [
                {"field": "email", "before": None, "after": email},
                {"field": "phone", "before": "+44 1", "after": None},
            ],
        }
    )
    told = failure(events, "customer.pii.export")
    assert "changes: before of phone is personal" in told
    assert "of email is" not in told
    assert "+44 1" not in told


@pytest.mark.parametrize(
    ("want", "have", "told"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ([1, ...], [1, 2], []),
        ([1], [1, 2], ["x is [1, 2], not [1]"]),
        ([{"a": 1}], [{"a": 2}], ["x[0].a is 2, not 1"]),
        ({"a": ...}, {}, ["x.a is missing"]),
        ({"a": None}, {}, []),
        ({"a": 1}, 7, ["x is 7, not {'a': 1}"]),
    ],
)
def test_differences(want: Any, have: Any, told: list[str]) -> None:
    assert list(differences(want, have, "x")) == told


def test_tasks_of_celery_are_captured(events: CapturedEvents) -> None:
    app = jobs.add_tasks(jobs.make())
    app.conf.task_always_eager = True
    with prooftrail.acting("usr_1"):
        app.tasks["work"].delay("a")
    assert events.only()["actor"] == {"userId": "usr_1"}


OWN = """
import prooftrail

EVENT = {"actor": {"userId": "usr_1"}, "action": "auth.logout", "result": "success",
    "details": {"reason": "user"}}

def test_passes(captured_events):
    prooftrail.record(EVENT)
    captured_events.assert_exactly({"action": "auth.logout", "result": "success"})

def test_starts_empty(captured_events):
    captured_events.assert_exactly()

def test_fails(captured_events):
    prooftrail.record(EVENT)
    captured_events.assert_exactly("customer.pii.view")
"""


def test_pytest_has_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(OWN)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "prooftrail.testing.plugin"),
            *("-p", "no:cacheprovider", "test_own.py"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout
    assert "1 failed" in done.stdout
    told = "event 1, auth.logout: action is 'auth.logout', not 'customer.pii.view'"
    assert told in done.stdout
    assert "captured.py" not in done.stdout  # the test's own line is shown


def test_the_plugin_costs_nothing_where_no_test_asks_for_it() -> None:
    plugin = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "entry-points"
    ]["pytest11"]["prooftrail"]
    assert importlib.import_module(plugin).captured_events is not None
    code = (
        f"import sys, pytest; before = set(sys.modules); import {plugin};"
        " print(sorted(one for one in set(sys.modules) - before"
        " if not one.startswith('prooftrail') or 'capture' in one))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_application_that_sets_its_own_recorder_is_captured_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "_default", process._Default())
    with capture() as outer, capture() as events:
        before = process.chosen(None)
        with MemoryRecorder() as own:
            prooftrail.use(own)
            assert process.chosen(None) is before
            prooftrail.record(
                action="admin.config.update",
                actor={"userId": "usr_1"},
                result="success",
            )
    assert len(events) == 1
    assert len(outer) == 0
    assert process.chosen(None) is own
