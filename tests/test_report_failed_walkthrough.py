"""The Failed Authentication report on the example's traffic: as it was done.

PROOFTRAIL_TEST_DAYS=90 makes it of ninety days, for three seeds.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from prooftrail.detections import rules
from tests.company_rig import SEEDS, lived, us
from tests.test_detections_walkthrough import RULES
from tests.test_report_failed_auth import made

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

# the kinds of ninety days that concern logins, in three
SHORT = {1: ("_guessing", "_unlock", "_unknown"), 2: ("_spray", "_leaver")}
LOGINS = {rules.GUESSING.id, rules.SPRAY_FAST.id, rules.ENUMERATION.id}


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_and_incidents_are_those_of_the_plan(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    truth, begin, end = lived(trail, tmp_path, monkeypatch, seed, SHORT)
    path = tmp_path / "a.pdf"
    text, rows, _ = made(trail, path, "--from", str(begin), "--to", str(end))
    failed = truth.events["auth.login.failure", "failure"]
    succeeded = truth.events["auth.login.success", "success"]
    locked = truth.events["auth.account.lock", "success"]
    assert f"{failed:,} logins failed and {succeeded:,} succeeded" in text
    assert f"Accounts locked {locked:,}" in text
    assert "as many as the index counts" in text
    expected = [one for one in truth.anomalies if RULES[one.kind] in LOGINS]
    assert Counter(one["rule"] for one in rows) == Counter(
        RULES[one.kind] for one in expected
    )
    assert f"{len(expected)} incidents need attention." in text
    for one in expected:
        (row,) = (
            row
            for row in rows
            if row["rule"] == RULES[one.kind]
            and us(one.since) <= us(row["first"])
            and us(row["last"]) <= us(one.until)
        )
        assert set(json.loads(row["accounts"])) == set(one.accounts)
        assert set(json.loads(row["ips"])) == set(one.addresses)
        assert all(address in text for address in one.addresses)
