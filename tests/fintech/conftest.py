"""One running application a module."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prooftrail import open_envelopes
from tests.fintech.house import ROLES, House, opened
from tests.keeping_rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Cluster


@pytest.fixture(scope="module")
def house(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw")
    name = f"f_{worker}_{os.getpid()}"
    directory = tmp_path_factory.mktemp("house")
    trail = cluster.clone(name, directory)
    rig = Rig(trail, directory / "keeper")
    rig.keep()  # publishes the epoch's key
    try:
        with opened(trail, envelopes=open_envelopes(str(rig.published))) as made:
            for role in ROLES:
                made.hire(role, role)
            yield made
    finally:
        trail.close()
        cluster.drop(name)
