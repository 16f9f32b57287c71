"""A log to attack: prepared once, cloned for each attack, taken apart by a superuser.

Two streams with keys, `main` of 204 entries in seven batches over two months and
`side` of 61, signed and anchored on the way at sizes that `SIZES` states.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from prooftrail.seal.sealer import Sealer
from prooftrail.sign.anchor import Anchor
from prooftrail.sign.registering import create_stream
from prooftrail.sign.signer import Signer
from prooftrail.sign.state import SignerStates
from prooftrail.signing.keys import MasterKey, SigningKeys
from prooftrail.store import connect
from prooftrail.verification.render import lines
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.attacks import bound
from tests.attacks.forging import Forger
from tests.sealing import database_clock
from tests.trail import BASE, Cluster, Trail, now_us

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prooftrail.integrity.findings import Finding
    from prooftrail.seal.sealed import Sealed
    from prooftrail.store.streams import Stream
    from prooftrail.verification.report import Report

MASTER = MasterKey(b"a" * 32)
MAIN, SIDE = 204, 61  # entries
SIZES = (50, 63, 100, 150, 163, 200, 204)  # of main's checkpoints
FIRST, MIDDLE, NEWEST = 1, 101, 203  # seqs of main; all their columns are filled

_MONTH_AGO = 32 * 86_400 * 1_000_000
_numbers = itertools.count()


def event_id(number: int) -> str:
    return str(UUID(int=(number << 80) + (4 << 76) + (2 << 62) + number))


def event(number: int) -> dict[str, Any]:
    """Return an event; every column of one with an odd number is filled."""
    plain = number % 2 == 0
    found: dict[str, Any] = {
        "eventId": event_id(number),
        "timestamp": f"2026-02-{1 + number % 9:02d}T10:{number % 60:02d}:00.5Z",
        "actor": {"userId": f"usr_{number % 7}"},
        "action": ("auth.login.failure", "admin.role.change")[number % 4 // 2],
        "result": ("success", "failure", "denied")[number % 3],
    }
    if not plain:
        found["actor"] |= {"role": "Admin", "ipAddress": f"2001:db8::{number:x}"}
        found["resource"] = {"type": "customer", "id": f"cust_{number}"}
        found["subjects"] = [f"cust_{number + step}" for step in range(3)]
        found["pii"] = {"fields": ["email"]}
    if number in {FIRST, MIDDLE, NEWEST}:
        found["part"] = {"of": event_id(number - 1), "n": 2, "total": 2}
    return found


@dataclass
class Attacked:
    trail: Trail
    anchor: Path
    states: Path
    streams: dict[str, Stream]
    _parts: list[str] = field(default_factory=list)

    @cached_property
    def superuser(self) -> psycopg.Connection[tuple[Any, ...]]:
        return self.trail.superuser()

    def execute(self, query: Any, values: Any = None) -> psycopg.Cursor[Any]:
        return self.superuser.execute(query, values)

    def number(self, stream: str = "main") -> int:
        return self.streams[stream].number

    def forger(self, stream: str = "main") -> Forger:
        return Forger(self.superuser, self.streams[stream])

    def keys(self, stream: str = "main", master: MasterKey = MASTER) -> SigningKeys:
        return SigningKeys(master, self.streams[stream].origin)

    def verify(self, *, anchored: bool = False, **asked: Any) -> Report:
        if anchored:
            asked["anchors"] = (self.anchor,)
        wanted = Asked(**asked)
        report = Run(wanted, dsn=self.trail.dsn).run()
        bound.check(self.trail, wanted, report)
        return report

    def insert(self, *events: object, stream: str = "main") -> None:
        dsn = self.trail.login_dsn("writer")
        with psycopg.connect(dsn) as login, login.cursor() as cursor:
            cursor.executemany(
                "insert into prooftrail.inbox (stream, event) values (%s, %s)",
                [
                    (stream, one if isinstance(one, str) else json.dumps(one))
                    for one in events
                ],
            )

    @contextmanager
    def sealer(self, *, since_us: int = 0, rows: int = 2_000) -> Iterator[Sealer]:
        """Give a sealer to whom it is some time ago, and so by the database's clock."""
        made = Sealer(
            lambda: connect.connect("sealer", dsn=self.trail.dsn),
            clock=lambda: now_us() - since_us,
            random=os.urandom,
            rows=rows,
        )
        with database_clock(since_us):
            try:
                yield made
            finally:
                made.close()

    def seal(self, first: int, count: int, stream: str = "main", **how: int) -> Sealed:
        """Record and seal events of these numbers."""
        self.insert(*(event(first + n) for n in range(count)), stream=stream)
        with self.sealer(**how) as sealer:
            return sealer.drain()

    def sign(self, *, into: Path | None = None, states: Path | None = None) -> None:
        anchor = into or self.anchor
        with SignerStates.open(states or self.states) as held:
            signer = Signer(
                lambda: connect.connect("signer", dsn=self.trail.dsn),
                keys=MASTER,
                states=held,
                anchors=[Anchor(anchor)],
                clock=now_us,
                every_entries=50,
            )
            try:
                signer.once()
            finally:
                signer.close()

    def unguard(self) -> None:
        """Switch off all triggers, as a superuser can."""
        for table in self._tables():
            self.execute(f"alter table {table} disable trigger all")

    def disarm(self) -> None:
        """Switch off all triggers and drop all constraints."""
        self.unguard()
        for table, name in self.execute(
            "select c.conrelid::regclass::text, c.conname from pg_constraint c"
            " join pg_class t on t.oid = c.conrelid"
            " join pg_namespace n on n.oid = t.relnamespace"
            " where n.nspname like 'prooftrail%' and c.contype in ('c', 'p', 'u')"
            " order by n.nspname"
        ).fetchall():
            self.execute(
                f"alter table {table} drop constraint if exists {name} cascade"
            )

    def rearm(self) -> None:
        """Switch the triggers on again, so that the sealer works."""
        self.execute(
            "alter table prooftrail.daily drop constraint if exists daily_key,"
            " add constraint daily_key"
            " unique nulls not distinct (stream, day, action, role, result, pii)"
        )
        for table in self._tables():
            for (name,) in self.execute(
                "select tgname from pg_trigger"
                " where tgrelid = %s::regclass and not tgisinternal",
                (table,),
            ).fetchall():
                self.execute(f"alter table {table} enable always trigger {name}")

    def _tables(self) -> list[str]:
        rows = self.execute(
            "select c.oid::regclass::text from pg_class c"
            " join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname like 'prooftrail%' and c.relkind in ('r', 'p')"
            " and c.relname not in ('migration', 'inbox', 'envelope')"
        )
        return [row[0] for row in rows.fetchall()]

    def cover_tracks(self, stream: str = "main") -> None:
        """Make all beside the entries fit them, as a thorough attacker does."""
        self.forger(stream).cover_tracks()


def prepare(cluster: Cluster, directory: Path) -> Attacked:
    """Make the log that all attacks begin from."""
    name = f"attacked_{os.getpid()}_{next(_numbers)}"
    trail = cluster.clone(name, directory)
    anchor, states = directory / "anchor", directory / "states"
    anchor.mkdir()
    made = Attacked(trail, anchor, states, trail.made)
    trail.made.clear()
    made.execute("delete from prooftrail.head; delete from prooftrail.stream")
    admin = connect.connect(None, dsn=trail.dsn, autocommit=True)
    for stream in ("main", "side"):
        trail.made[stream] = create_stream(
            admin, stream, base=BASE, master=MASTER, random=os.urandom
        )
    admin.close()
    bound.let_in(trail)
    made.seal(1, 30, since_us=_MONTH_AGO)
    made.seal(1, 30, "side", since_us=_MONTH_AGO)
    made.seal(31, 32, since_us=1_000_000)
    made.sign()
    made.seal(63, 50)
    made.seal(31, 30, "side")
    made.seal(113, 50)
    made.sign()
    made.seal(163, 41, rows=25)
    made.sign()
    for connection in trail._open:
        connection.close()
    return made


def clone(prepared: Attacked, directory: Path) -> Attacked:
    """Copy a prepared log: its database, its anchor and its signer's state."""
    cluster = prepared.trail.cluster
    name = f"{prepared.trail.database}_{next(_numbers)}"
    with cluster.admin() as admin:
        admin.execute(f"create database {name} template {prepared.trail.database}")
    copied = Trail(cluster, name, directory, dict(prepared.streams))
    for place in ("anchor", "states"):
        shutil.copytree(prepared.trail.directory / place, directory / place)
    return Attacked(copied, directory / "anchor", directory / "states", copied.made)


def drop(attacked: Attacked) -> None:
    attacked.trail.close()
    attacked.trail.cluster.drop(attacked.trail.database)


def told(report: Report, stream: str | None = None) -> list[Finding]:
    """Return the failures, of one stream or of all, lowest seq first."""
    return sorted(
        (
            found
            for found in report.findings
            if found.weight.name == "FAILURE" and stream in (None, found.stream)
        ),
        key=lambda found: -1 if found.seq is None else found.seq,
    )


def kinds(report: Report) -> set[str]:
    return {found.kind.value for found in told(report)}


def summary(report: Report) -> list[tuple[str, str, int | None, int | None]]:
    """Return the failures as (stream, kind, first seq, last seq)."""
    return [(one.stream, one.kind.value, one.seq, one.last) for one in told(report)]


def attested(report: Report) -> list[str]:
    """Return the lines that say how far each stream is anchored."""
    found = list(lines(report))
    return [line.strip() for line in found if line.startswith("  ")]


def hidden(attacked: Attacked) -> None:
    """Without an anchor nothing is found, and the report says that nobody attests."""
    report = attacked.verify()
    assert report.findings == []
    assert report.verdict.exit_code == 0
    assert attested(report)
    assert set(attested(report)) == {"self-attested from 0"}


def goes_on(attacked: Attacked, count: int = 60) -> None:
    """The sealer runs in between, as the attacker would want it."""
    attacked.rearm()
    done = attacked.seal(1_000 * next(_numbers) + 10_000, count)
    assert done.events == count
