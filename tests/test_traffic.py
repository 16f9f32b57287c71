"""The example's traffic: what was done, known beforehand, is what the log holds."""

from __future__ import annotations

import json
import os
from datetime import date
from typing import TYPE_CHECKING

from examples.fintech.traffic import anomalies, company, compare
from examples.fintech.traffic.plan import Plan
from examples.fintech.traffic.truth import Truth

if TYPE_CHECKING:
    import pytest

    from tests.trail import Trail

BEGIN = date(2026, 3, 2)


def plan(seed: int) -> tuple[list[str], Truth]:
    """Return all that is planned, as text, and what is known of it beforehand."""
    made, truth, told = Plan(seed, BEGIN), Truth(seed), []
    for number, day in enumerate(made.days()):
        anomalies.plant(made, day, number, truth)
        steps = [*day.first, *(one for lane in day.lanes for one in lane), *day.last]
        for step in steps:
            truth.add(step.expect)
            told.append(
                f"{step.at} {step.method} {step.path} {step.body} {step.expect}"
            )
    return told, truth


def test_a_seed_gives_its_plan_again_and_another_seed_another() -> None:
    assert plan(1)[0] == plan(1)[0]
    assert plan(1)[0] != plan(2)[0]


def test_ninety_days_have_what_they_must() -> None:
    for seed in (1, 2, 3):
        _, truth = plan(seed)
        assert truth.events.total() > 20_000
        kinds = [one.kind for one in truth.anomalies]
        assert kinds == [
            "guessing",
            "spray",
            "break-glass",
            "mass access",
            "privilege escalation",
            "denial probing",
            "enumeration",
            "leaver's use",
        ]
        assert len(truth.leavers) == 1
        assert json.loads(json.dumps(truth.as_json()))["total"] == truth.events.total()


def test_the_log_holds_what_was_done(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in os.environ if one.startswith("PROOFTRAIL_")]:
        if not name.startswith("PROOFTRAIL_TEST"):
            monkeypatch.delenv(name)
    place = company.Place(trail.dsn, trail.login_dsn("writer"))
    monkeypatch.setattr(company, "PROCESSES", 1)
    truth = company.simulate(place, seed=1, begin=BEGIN, days=2)
    assert truth.events.total() > 500
    assert compare.differences(trail.dsn, truth) == []
    # what nobody did is noticed, and so is what was not recorded
    truth.events["auth.logout", "success"] += 1
    (told,) = compare.differences(trail.dsn, truth)
    assert "auth.logout" in told
