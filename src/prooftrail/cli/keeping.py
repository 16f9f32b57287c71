"""What the commands of the keeper share: its keys, and recording what they do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from prooftrail.keep.keeper import Keeper
    from prooftrail.keep.keys import KeeperKeys
    from prooftrail.store.connect import Connection


def keys(connection: Connection, keeper_dir: Path) -> KeeperKeys:
    """Return the keeper's keys."""
    import os

    from prooftrail.keep.beginning import open_keys

    return open_keys(connection, keeper_dir, random=os.urandom)


def open_keeper(keeper_dir: Path, epoch_keys: Path) -> Keeper:
    """Connect the keeper."""
    import os
    import time
    from contextlib import closing

    from prooftrail.keep.beginning import EPOCHS
    from prooftrail.keep.epoch_files import EpochFiles
    from prooftrail.keep.keeper import Keeper
    from prooftrail.keep.publishing import Publishing
    from prooftrail.store import connect

    with closing(connect.connect("keeper", autocommit=True)) as connection:
        own = keys(connection, keeper_dir)
    return Keeper(
        lambda: connect.connect("keeper"),
        keys=own,
        epochs=EpochFiles(keeper_dir / EPOCHS, random=os.urandom),
        publishing=Publishing(epoch_keys),
        clock=lambda: time.time_ns() // 1000,
    )


def actor() -> dict[str, Any]:
    """Return who calls, as an event says it."""
    from prooftrail.cli import caller

    return {"type": "user", "userId": caller.user()}


@contextmanager
def recording(stream: str) -> Iterator[Callable[[Mapping[str, Any]], object]]:
    """Give what records an event durably, as the writer."""
    from prooftrail.capture.process import open_recorder

    with open_recorder(stream=stream, spool=False) as recorder:
        yield recorder.record
