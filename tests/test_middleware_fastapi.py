"""The contract of the middleware, held by FastAPI over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.capturing import rig, with_fastapi
from tests.capturing.contract import *  # noqa: F403  its tests are this module's

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail


@pytest.fixture
def site(trail: Trail) -> Iterator[rig.Site]:
    with rig.site(trail, with_fastapi.serve) as made:
        yield made
