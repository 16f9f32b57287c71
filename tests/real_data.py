"""2,900 real CloudTrail records, which lie beside the checkout and not in it.

Where they are not, the tests that need them are skipped and counted at the run's end.
"""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data" / "cloudtrail"
FILES = sorted(DATA.glob("*.json"))

needs_data = pytest.mark.skipif(
    not FILES, reason="the real records are not in ../shared/data/cloudtrail"
)
