"""Where the example's company works, on a test's own database, and days of it.

PROOFTRAIL_TEST_DAYS=90 asks for ninety days and three seeds; else there are three days.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from examples.fintech.traffic import anomalies, company
from examples.fintech.traffic.nights import Home

from prooftrail.signing.keys import create_master_key
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest
    from examples.fintech.traffic.truth import Truth

    from tests.trail import Trail

DAYS = int(os.environ.get("PROOFTRAIL_TEST_DAYS", "3"))
WHOLE = DAYS >= 90
SEEDS = (1, 2, 3) if WHOLE else (1,)


class Lived(NamedTuple):
    """Days of the company, and the truth of them."""

    truth: Truth
    begin: date
    end: date  # the day after the last one


def lived(
    trail: Trail,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    short: Mapping[int, Sequence[str]],
) -> Lived:
    """Let the company live its days.

    Args:
        trail: where it is recorded.
        directory: for keys and anchors.
        monkeypatch: of the test.
        seed: of what happens.
        short: what is planted on which day, where there are three days alone.
    """
    begin = datetime.fromtimestamp(now_us() / 1e6, UTC).date() - timedelta(days=DAYS)
    if not WHOLE:
        planted = {
            day: anomalies._both(*(getattr(anomalies, name) for name in names))
            for day, names in short.items()
        }
        monkeypatch.setattr(anomalies, "_PLANTED", planted)
        # the same days whenever this runs: from a Monday
        begin -= timedelta(days=begin.weekday())
    place = at_home(trail, directory, monkeypatch)
    truth = company.simulate(place, seed=seed, begin=begin, days=DAYS)
    return Lived(truth, begin, begin + timedelta(days=DAYS))


def us(moment: str) -> int:
    """Return a moment of the truth in microseconds since the epoch."""
    return round(datetime.fromisoformat(moment).timestamp() * 1e6)


def at_home(
    trail: Trail, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> company.Place:
    """Return a place with a home for keys, and nothing set of what is the trail's."""
    for name in [one for one in os.environ if one.startswith("PROOFTRAIL_")]:
        if not name.startswith("PROOFTRAIL_TEST"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(company, "PROCESSES", 1)
    create_master_key(directory / "signing.key", os.urandom)
    (directory / "anchor").mkdir()
    home = Home(
        directory / "signing.key",
        directory / "signer",
        directory / "anchor",
        directory / "keeper",
    )
    return company.Place(trail.dsn, trail.login_dsn("writer"), home)
