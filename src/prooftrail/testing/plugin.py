"""The pytest plugin: the fixture `captured_events`.

Guarantees: importing it costs pytest nothing; what it needs is imported by the first
test that asks for the fixture. Does not: change tests that do not ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.testing.captured import CapturedEvents


@pytest.fixture
def captured_events() -> Iterator[CapturedEvents]:
    """Take the events of this test: see `prooftrail.testing.CapturedEvents`."""
    from prooftrail.testing.captured import capture  # noqa: PLC0415  costs nothing else

    with capture() as events:
        yield events
