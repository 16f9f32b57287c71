"""Where the example's company works, on a test's own database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from examples.fintech.traffic import company
from examples.fintech.traffic.nights import Home

from prooftrail.signing.keys import create_master_key

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.trail import Trail


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
