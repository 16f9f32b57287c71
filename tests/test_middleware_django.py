"""The contract of the middleware, held by Django under WSGI and ASGI."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from tests.capturing import rig, with_django
from tests.capturing.contract import *  # noqa: F403  its tests are this module's

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

# Where an answer breaks off, Django leaves its body's file to the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(params=["wsgi", "asgi"])
def site(trail: Trail, request: pytest.FixtureRequest) -> Iterator[rig.Site]:
    serve = getattr(with_django, f"serve_{request.param}")
    with rig.site(trail, serve) as made:
        yield made
    gc.collect()  # now, while the warning about it is this test's
