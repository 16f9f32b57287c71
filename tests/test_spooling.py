"""Outages, kill -9 and forks while events are spooled: nothing acknowledged is lost.

``PROOFTRAIL_CRASH_ROUNDS`` sets the rounds, ``PROOFTRAIL_OUTAGE_SECONDS`` how long the
database is away.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from random import Random  # noqa: TID251  seeded
from typing import TYPE_CHECKING

import pytest

from prooftrail import RecordError
from tests.conftest import VERSIONS, one_version
from tests.recording import event, recorder, seal, sealed, waiting
from tests.spooling import NOWHERE, Home, files, opened, spool, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from prooftrail import Recorder
    from tests.trail import Trail

ROUNDS = int(os.environ.get("PROOFTRAIL_CRASH_ROUNDS", "12"))
SECONDS = float(os.environ.get("PROOFTRAIL_OUTAGE_SECONDS", "4"))


pytestmark = pytest.mark.database  # servers of its own


@pytest.fixture(params=[one_version(version) for version in VERSIONS])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="prooftrail-policies-") as name:
        place = Path(name)
        place.chmod(0o711)  # run by root, PostgreSQL runs as nobody
        made = Home(place, str(request.param))
        try:
            yield made
        finally:
            made.stop()


class Load:
    """Threads that record without pause: six that may spool, two that may not."""

    def __init__(self, made: Recorder) -> None:
        self._made = made
        self._stop = threading.Event()
        self.told: dict[str, list[str]] = defaultdict(list)
        self.closed: list[str] = []
        self.refused = 0
        self.slowest = 0.0
        self._threads = [
            threading.Thread(target=self._spooling, args=(f"usr_{n}",))
            for n in range(6)
        ] + [threading.Thread(target=self._closing) for _ in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _spooling(self, name: str) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            said = event(actor={"userId": name}, details={"canary": "canary-1"})
            self.told[name].append(self._made.record(said, policy="spool"))
            self.slowest = max(self.slowest, time.monotonic() - begun)
            time.sleep(0.001)

    def _closing(self) -> None:
        while not self._stop.is_set():
            try:
                said = event(actor={"userId": "closed"})
                self.closed.append(self._made.record(said))
            except RecordError:
                self.refused += 1


def test_an_outage_under_load_loses_nothing_and_keeps_the_order(home: Home) -> None:
    place = home.place / "spool"
    with opened(home.connect, place, patience=1.0) as made:
        with Load(made) as load:
            for _ in range(2):
                time.sleep(1)
                home.stop()
                time.sleep(SECONDS)
                assert made.counts().waiting_in_spool > 100
                for path in place.iterdir():
                    assert b"canary" not in path.read_bytes()
                home.start()
            time.sleep(1)
        until(lambda: made.counts().waiting_in_spool == 0)
        counts = made.counts()
    assert files(place) == ["key"]
    assert (counts.lost, counts.failed) == (0, load.refused)
    assert counts.spooled == counts.replayed > 200
    acknowledged = sum(map(len, load.told.values()))
    assert counts.recorded + counts.spooled == len(load.closed) + acknowledged
    assert load.refused >= 4
    assert load.slowest < 3  # a second's silence, and this machine's own delays
    events = home.log()
    ids = [one["eventId"] for one in events]
    assert len(ids) == len(set(ids))
    assert set(load.closed) <= set(ids)
    by_name = defaultdict(list)
    for one in events:
        by_name[one["actor"].get("userId")].append(one["eventId"])
    for name, told in load.told.items():
        assert by_name[name] == told


def test_kill_9_while_spooling_loses_nothing_acknowledged(
    trail: Trail, tmp_path: Path
) -> None:
    place, ack = tmp_path / "spool", tmp_path / "ack"
    place.mkdir(0o700)
    random = Random(ROUNDS)
    right = trail.login_dsn("writer")
    for round_ in range(ROUNDS):
        # every third process finds the database there, and is killed as it replays
        dsn = right if round_ % 3 == 1 else NOWHERE
        env = {**os.environ, "PROOFTRAIL_SPOOL_DIR": str(place)}
        env["PROOFTRAIL_WRITER_DSN"] = dsn
        before = ack.stat().st_size if ack.exists() else 0
        workers = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.processes.spooler",
                    str(ack),
                    f"{round_}-{worker}",
                ],
                env=env,
            )
            for worker in range(2)
        ]
        until(lambda: ack.exists() and ack.stat().st_size > before + 200)  # noqa: B023
        time.sleep(random.uniform(0, 0.4))
        for worker in workers:
            assert worker.poll() is None
            worker.kill()
            worker.wait()
        for path in place.iterdir():
            assert b"canary" not in path.read_bytes()
    with recorder(trail, spool=spool(place)) as made:
        until(lambda: files(place) == ["key"])
        counts = made.counts()
    assert (counts.lost, counts.waiting_in_spool) == (0, 0)
    assert counts.replayed > 0
    seal(trail)
    there = sealed(trail)
    assert len(there) == len(set(there))
    told = defaultdict(list)
    for line in ack.read_text().splitlines():
        name, event_id = line.split()
        told[name].append(event_id)
    assert sum(map(len, told.values())) > 20 * ROUNDS
    at = {event_id: number for number, event_id in enumerate(there)}
    for acknowledged in told.values():
        order = [at[event_id] for event_id in acknowledged]
        assert order == sorted(order)


FORKING = """
import os, sys, prooftrail

def some(name, n):
    for i in range(n):
        one = prooftrail.record(actor={"userId": name}, action="system.job.run",
                                result="success", policy="spool")
        os.write(1, one.encode() + b"\\n")

some("before", 3)
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        some(f"child {number}", 20)
        os._exit(0)
    children.append(child)
some("parent", 20)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
some("after", 3)
os.write(1, b"%d files\\n" % len([n for n in os.listdir(sys.argv[1])
                                  if n.endswith(".spool")]))
"""


def test_forks_have_spools_of_their_own(trail: Trail, tmp_path: Path) -> None:
    place = tmp_path / "spool"
    env = {
        **os.environ,
        "PROOFTRAIL_SPOOL_DIR": str(place),
        "PROOFTRAIL_WRITER_DSN": NOWHERE,
    }
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(place)],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "stay in the spool" in done.stderr  # the interpreter's end says so
    *told, count = done.stdout.splitlines()
    assert count == "4 files"
    with recorder(trail, spool=spool(place)) as made:
        until(lambda: made.counts().waiting_in_spool == 0 and files(place) == ["key"])
    assert len(told) == 86
    assert sorted(waiting(trail)) == sorted(told)
