"""The example's traffic: what was done, known beforehand, is what the log holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest
from examples.fintech.traffic import anomalies, company, compare
from examples.fintech.traffic.nights import Nights
from examples.fintech.traffic.plan import Plan
from examples.fintech.traffic.truth import Truth

from tests.company_rig import at_home
from tests.fintech.test_personal_values import holds, whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

BEGIN = date(2026, 3, 2)
# PROOFTRAIL_TEST_DAYS=90 looks for personal values in all that `make demo` shows
DAYS = int(os.environ.get("PROOFTRAIL_TEST_DAYS", "3"))


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
        assert truth.events.total() > 10_000
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
            "unexplained access",
        ]
        assert len(truth.leavers) == 1
        assert json.loads(json.dumps(truth.as_json()))["total"] == truth.events.total()


@pytest.fixture
def place(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> company.Place:
    """Where a company can work."""
    return at_home(trail, tmp_path, monkeypatch)


def test_the_log_holds_what_was_done_and_nobodys_data(
    trail: Trail, place: company.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    dumps = []
    end = Nights.end

    def dumping(nights: Nights, now_us: int) -> None:
        dumps.append(whole(trail, table="inbox"))  # what waits
        end(nights, now_us)

    monkeypatch.setattr(Nights, "end", dumping)
    truth = company.simulate(place, seed=1, begin=BEGIN, days=DAYS)
    assert len(dumps) == DAYS
    assert sum(dump.count("INSERT INTO") for dump in dumps) > 100 * DAYS
    dumps.append(whole(trail))
    assert dumps[-1].count("INSERT INTO prooftrail_part.log_") > 100 * DAYS
    assert truth.events.total() > 100 * DAYS
    assert compare.differences(trail.dsn, truth) == []

    for one in Plan(1, BEGIN).customers:
        for value in vars(one).values():
            for dump in dumps:
                assert not holds(dump, value), value
    assert "+49 40" not in "".join(dumps)  # what they were changed to
    kept = trail.superuser().execute("select 1 from prooftrail.vault").fetchall()
    assert len(kept) > 1_000

    assert place.home is not None
    done = subprocess.run(
        [
            *(sys.executable, "-m", "prooftrail", "verify", "--unrecorded"),
            *("--anchor", str(place.home.anchor)),
        ],
        env=trail.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "T23:59:59Z (the anchor" in done.stdout  # signed at the end of each day
    # what nobody did is noticed, and so is what was not recorded
    truth.events["auth.logout", "success"] += 1
    (told,) = compare.differences(trail.dsn, truth)
    assert "auth.logout" in told
