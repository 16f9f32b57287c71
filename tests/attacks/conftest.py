"""The prepared log, once a PostgreSQL, and its clones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.rig import Attacked, clone, drop, prepare
from tests.attacks.saved import Saved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.trail import Cluster


@pytest.fixture(scope="session")
def prepared(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Attacked]:
    made = prepare(cluster, tmp_path_factory.mktemp("prepared"))
    yield made
    drop(made)


@pytest.fixture
def attacked(prepared: Attacked, tmp_path: Path) -> Iterator[Attacked]:
    """Give a log of its own, whole and guarded."""
    made = clone(prepared, tmp_path)
    yield made
    drop(made)


@pytest.fixture(scope="module")
def bare(
    prepared: Attacked, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Saved]:
    made = clone(prepared, tmp_path_factory.mktemp("bare"))
    made.disarm()
    yield Saved(made)
    drop(made)


@pytest.fixture
def saved(bare: Saved) -> Iterator[Saved]:
    """Give a log without guards; afterwards it is as it was, and verifies."""
    yield bare
    bare.restore()
    assert bare.attacked.verify(anchored=True).findings == []
