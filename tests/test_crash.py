"""kill -9 of recorder, sealer, signer and PostgreSQL under load, at random moments.

``PROOFTRAIL_CRASH_ROUNDS`` sets the rounds (CI runs 50 on each version).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random  # noqa: TID251  seeded
from typing import TYPE_CHECKING

import psycopg
import pytest

from prooftrail import embedded
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.conftest import VERSIONS, binaries_of, one_version

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = int(os.environ.get("PROOFTRAIL_CRASH_ROUNDS", "8"))
STREAMS = ("main", "other")


@pytest.fixture(params=[one_version(version) for version in VERSIONS])
def home(request: pytest.FixtureRequest) -> Iterator[tuple[Path, str]]:
    with tempfile.TemporaryDirectory(prefix="prooftrail-crash-") as name:
        place = Path(name)
        place.chmod(0o711)  # run by root, PostgreSQL runs as nobody
        yield place, str(request.param)
        embedded.stop(place / "db", mode="immediate")


class Works:
    """The processes of a trail, each of which may be killed and started again."""

    def __init__(self, home: Path, version: str) -> None:
        self.home = home
        self._binaries = binaries_of(version)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.start("postgres")
        for words in (("init",), ("stream", "create", "other")):
            self.prooftrail(*words)
        (home / "anchor").mkdir()

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "PROOFTRAIL_DSN": self.dsn,
            "PROOFTRAIL_KEY_FILE": str(self.home / "key"),
            "PROOFTRAIL_STATE_DIR": str(self.home / "state"),
        }

    def prooftrail(self, *words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "prooftrail", *words],
            env=self.env,
            check=True,
            capture_output=True,
        )

    def start(self, name: str) -> None:
        if name == "postgres":
            server = embedded.start(self.home / "db", binaries=self._binaries)
            self.dsn, self._postmaster = server.url, server.pid
            return
        anchor = str(self.home / "anchor")
        words = {
            "recorder": ["tests.processes.recorder", str(self.home / "ack"), *STREAMS],
            "sealer": ["prooftrail", "seal"],
            "sealer 2": ["prooftrail", "seal"],
            "signer": ["prooftrail", "sign", "--anchor", anchor],
        }[name]
        with (self.home / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", *words],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self, name: str) -> None:
        if name == "postgres":
            os.kill(self._postmaster, signal.SIGKILL)
            while Path(f"/proc/{self._postmaster}").exists():
                time.sleep(0.001)
            return
        process = self._running.pop(name)
        told = (self.home / f"{name}.log").read_text(errors="replace")[-2_000:]
        assert process.poll() is None, f"the {name} ended by itself: {told}"
        process.kill()
        process.wait()

    def wait_for_acknowledged(self, count: int) -> None:
        """Wait until so many events are acknowledged, or nothing more comes."""
        before = -1
        while (now := len((self.home / "ack").read_text().split())) < count:
            assert now > before, f"the recorder stands still at {now} events"
            before = now
            time.sleep(15)

    def stop(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()


def test_killing_anything_loses_nothing_that_was_acknowledged(
    home: tuple[Path, str],
) -> None:
    works = Works(*home)
    names = ("recorder", "sealer", "sealer 2", "signer")
    try:
        for name in names:
            works.start(name)
        random = Random(ROUNDS)
        for at in range(ROUNDS):
            time.sleep(random.uniform(0.2, 1.2))
            victim = (*names, "postgres")[at % 5]
            works.kill(victim)
            if random.random() < 0.5:
                time.sleep(random.uniform(0.0, 0.5))
            works.start(victim)
        works.wait_for_acknowledged(50 * ROUNDS)  # a loaded machine takes longer
        works.kill("recorder")
    finally:
        works.stop()
    works.prooftrail("seal", "--once")
    works.prooftrail("sign", "--once", "--anchor", str(works.home / "anchor"))

    acknowledged = (works.home / "ack").read_text().split()
    assert len(acknowledged) >= 50 * ROUNDS
    with psycopg.connect(works.dsn) as reader:
        rows = reader.execute(
            "select event_id::text from prooftrail.log where kind = 0"
        ).fetchall()
    sealed = [str(row[0]) for row in rows]
    assert len(sealed) == len(set(sealed)), "an event stands in the log twice"
    assert set(acknowledged) <= set(sealed), "an acknowledged event is lost"
    report = Run(Asked(anchors=(works.home / "anchor",)), dsn=works.dsn).run()
    assert report.findings == []
    for stream in report.streams:
        assert stream.anchored is not None
        assert stream.anchored.size == stream.stop
