"""Which months there are, which have ended, and what is no month."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prooftrail.cli import main
from prooftrail.core import instants
from prooftrail.errors import ConfigurationError
from prooftrail.retention import closing
from prooftrail.store import connect, retention
from tests.attacks.conftest import attacked, prepared
from tests.closing_rig import seal, waiting
from tests.trail import now_us

if TYPE_CHECKING:
    from tests.attacks.rig import Attacked

__all__ = ["attacked", "prepared"]  # fixtures


def test_the_running_month_is_refused(attacked: Attacked) -> None:
    now = datetime.fromtimestamp(now_us() / 1e6, UTC)
    for name in (f"{now:%Y-%m}", "9999-12"):
        done = seal(attacked, name)
        assert done.exit_code == 2
        assert f"{name} has not ended yet (UTC)" in done.stderr
    assert waiting(attacked) == []


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "202610", "0000-01", "x", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write year and month"):
        closing.parse(text)
    done = CliRunner().invoke(main, ["retention", "seal", text])
    assert done.exit_code == 2
    assert "is no month" in done.stderr


def test_the_plan_s_months_and_those_that_are_sealed_are_the_same(
    attacked: Attacked,
) -> None:
    link = connect.connect("verifier", dsn=attacked.trail.dsn, autocommit=True)
    try:
        spans = retention.spans(link, 1, 204)
        months = {one.month for one in retention.held(link, 1)}
        assert next(span[1:] for span in spans) == (0, 31)
        assert {span.month for span in spans} == months
        assert spans[-1].stop == 204
        # what was sealed after the run began is left out
        assert [span.stop for span in retention.spans(link, 1, 31)] == [31]
        assert retention.spans(link, 1, 0) == []
        assert closing.read(retention.seals(link, 1, months)) == []
    finally:
        link.close()


def test_months_begin_and_end_by_utc() -> None:
    december = date(2025, 12, 1)
    begun, ended = closing.bounds(december)
    assert instants.text(begun) == "2025-12-01T00:00:00Z"
    assert instants.text(ended) == "2026-01-01T00:00:00Z"
    with pytest.raises(ConfigurationError, match="2025-12 has not ended"):
        closing.check_ended(december, ended - 1)
    closing.check_ended(december, ended)
    assert closing.running(ended - 1) == december
    assert closing.since(ended) == date(2024, 1, 1)  # 24 months that ended
