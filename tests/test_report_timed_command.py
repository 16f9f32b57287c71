"""A trusted time in the reports that the command and the service make."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prooftrail.reports import seals
from prooftrail.reports.stamping import Authority
from prooftrail.signing import report_key
from tests import commands
from tests.api_rig import serving
from tests.sealing import event, insert, seal
from tests.test_reading_commands import key
from tests.time_authority import authority, tsa
from tests.trail import now_us

if TYPE_CHECKING:
    from pathlib import Path

    from tests.time_authority import Tsa
    from tests.trail import Trail

__all__ = ["authority", "tsa"]  # fixtures


@pytest.fixture
def log(trail: Trail) -> Trail:
    insert(trail, event())
    seal(trail)
    return trail


def made(trail: Trail, path: Path, url: str, code: int = 0) -> str:
    """Make a report; return what standard error says."""
    secret = path.with_suffix(".key")
    report_key.create(secret, "Example", os.urandom, now_us())
    done = commands.run(
        trail,
        *("report", "integrity", "-o", str(path)),
        PROOFTRAIL_KEY=key(trail, "--role", "auditor"),
        PROOFTRAIL_REPORT_KEY=str(secret),
        PROOFTRAIL_TSA_URL=url,
    )
    assert done.returncode == code, done.stderr
    return " ".join(done.stderr.split())


def test_the_command_asks_the_authority(log: Trail, tmp_path: Path, tsa: Tsa) -> None:
    told = made(log, tmp_path / "a.pdf", tsa.url)
    assert "trusted time" not in told
    found = seals.look((tmp_path / "a.pdf").read_bytes())
    assert found is not None
    assert found.wrong is None
    assert found.token is not None
    assert tsa.asked == 1


def test_one_that_is_away_keeps_no_report_back(
    log: Trail, tmp_path: Path, tsa: Tsa
) -> None:
    tsa.status = 500
    told = made(log, tmp_path / "a.pdf", tsa.url)
    assert "Signed without a trusted time: the time-stamping authority" in told
    assert "status 500" in told
    assert "again once the authority answers" in told
    found = seals.look((tmp_path / "a.pdf").read_bytes())
    assert found is not None
    assert (found.wrong, found.token) == (None, None)


def test_where_none_is_named_that_is_said(log: Trail, tmp_path: Path) -> None:
    told = made(log, tmp_path / "a.pdf", "")
    assert "PROOFTRAIL_TSA_URL names no time-stamping authority" in told


def test_a_url_that_is_none_is_told_before_anything_is_written(
    log: Trail, tmp_path: Path
) -> None:
    told = made(log, tmp_path / "a.pdf", "tsa.example", code=2)
    assert "PROOFTRAIL_TSA_URL has to be" in told
    assert not (tmp_path / "a.pdf").exists()


@pytest.mark.parametrize("status", [200, 503])
def test_the_service_asks_it_too(
    log: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tsa: Tsa, status: int
) -> None:
    tsa.status = status
    signs = report_key.create(tmp_path / "key", "Example", os.urandom, now_us())
    gives = Authority(tsa.url, os.urandom)
    with (
        serving(log, monkeypatch, report_key=signs, authority=gives) as api,
        api.client(api.key("auditor")) as client,
    ):
        answer = client.get("/audit/reports/integrity")
        assert answer.status_code == 200
        logged = api.log.getvalue()
    found = seals.look(answer.content)
    assert found is not None
    assert found.wrong is None
    assert (found.token is not None) == (status == 200)
    assert ("signed without a trusted time" in logged) == (status == 503)
    assert ("status 503" in logged) == (status == 503)
