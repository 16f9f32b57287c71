"""The demonstrations: each ends as it must, and what it leaves is what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.database


def shown(*words: str, code: int = 0) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith("PROOFTRAIL_")}
    done = subprocess.run(
        [sys.executable, *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_a_day_is_shown() -> None:
    told = shown("-m", "prooftrail", "demo")
    assert "recorded 360 events" in told
    assert "TAMPERED, first at seq 293" in told
    assert "the newest 40 are gone" in told
    assert "Every step ended as it must" in told


def test_days_of_a_company_are_shown_and_their_truth_is_left(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    told = shown("-m", "examples.fintech.demo", "--days", "2", "--truth", str(truth))
    assert "as often as it was done" in told
    assert "TAMPERED, first at seq" in told
    assert "Every step ended as it must" in told
    assert '"total":' in truth.read_text()
