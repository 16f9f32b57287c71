"""A trail with recorder, sealer and keeper, by their real logins."""

from __future__ import annotations

import json
import os
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prooftrail import Recorder, open_envelopes
from prooftrail.core import jcs
from prooftrail.keep.beginning import EPOCHS, open_keys
from prooftrail.keep.epoch_files import EpochFiles
from prooftrail.keep.keeper import Keeper
from prooftrail.keep.publishing import Publishing
from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect, inbox
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prooftrail.keep.keeper import Kept
    from prooftrail.keep.keys import KeeperKeys
    from prooftrail.seal.sealed import Sealed
    from prooftrail.store.connect import Connection
    from tests.trail import Trail

DAY = 86_400_000_000


@dataclass
class Rig:
    trail: Trail
    directory: Path
    clock: Callable[[], int] = now_us
    keys: KeeperKeys = field(init=False)

    def __post_init__(self) -> None:
        with closing(self.connection(autocommit=True)) as connection:
            self.keys = open_keys(connection, self.directory, random=os.urandom)

    @property
    def published(self) -> Path:
        return self.directory / "epoch-keys.json"

    def connection(self, *, autocommit: bool = False) -> Connection:
        env = {"PROOFTRAIL_KEEPER_DSN": self.trail.login_dsn("keeper")}
        return connect.connect("keeper", env=env, autocommit=autocommit)

    @contextmanager
    def keeper(self, **options: Any) -> Iterator[Keeper]:
        given: dict[str, Any] = {
            "keys": self.keys,
            "epochs": EpochFiles(self.directory / EPOCHS, random=os.urandom),
            "publishing": Publishing(self.published),
            "clock": self.clock,
        } | options
        made = Keeper(self.connection, **given)
        try:
            yield made
        finally:
            made.close()

    def keep(self, **options: Any) -> Kept:
        with self.keeper(**options) as keeper:
            return keeper.drain()

    def seal(self) -> Sealed:
        env = {"PROOFTRAIL_SEALER_DSN": self.trail.login_dsn("sealer")}
        sealer = Sealer(
            lambda: connect.connect("sealer", env=env),
            clock=now_us,
            random=os.urandom,
        )
        try:
            return sealer.drain()
        finally:
            sealer.close()

    @contextmanager
    def recorder(self) -> Iterator[Recorder]:
        dsn = self.trail.login_dsn("writer")
        made = Recorder(
            lambda: inbox.open_writer(dsn),
            clock=now_us,
            random=os.urandom,
            envelopes=open_envelopes(str(self.published), missing="refuse"),
        )
        try:
            yield made
        finally:
            made.close()

    def record(self, **event: Any) -> str:
        with self.recorder() as recorder:
            return recorder.record(event)

    def events(self, action: str) -> list[Any]:
        """Return the events and statements of an action, in order."""
        rows = self.trail.superuser().execute(
            "select event from prooftrail.log where action = %s order by stream, seq",
            (action,),
        )
        return [jcs.parse(row[0]) for row in rows.fetchall()]

    def misfits(self) -> list[tuple[str, str]]:
        """Return what is stated of envelopes, once the sealer came to it."""
        self.seal()
        return [
            (one["details"]["eventId"], one["details"]["reason"])
            for one in self.events("trail.keeper.mismatch")
        ]

    def count(self, table: str) -> int:
        row = (
            self.trail.superuser()
            .execute(f"select count(*) from prooftrail.{table}")
            .fetchone()
        )
        assert row is not None
        return int(row[0])


def insert(trail: Trail, value: Any, envelope: bytes | None) -> None:
    """Insert an event with an envelope, as the writer may."""
    trail.login("writer").execute(
        "insert into prooftrail.inbox (event, envelope) values (%s, %s)",
        (json.dumps(value), envelope),
    )


def waiting(trail: Trail) -> tuple[Any, bytes]:
    """Take the one event out of the inbox; return it and its envelope."""
    ((event, envelope),) = (
        trail.superuser()
        .execute("delete from prooftrail.inbox returning event, envelope")
        .fetchall()
    )
    return json.loads(event), bytes(envelope)
