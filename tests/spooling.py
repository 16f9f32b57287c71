"""What the tests of spooling share: a trail that can be stopped, recorders, waiting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from prooftrail import Recorder, embedded
from prooftrail.capture.spool import Spool
from prooftrail.capture.spool_format import Record
from prooftrail.store import inbox
from prooftrail.store.inbox import Row
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.conftest import binaries_of
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CANARY = "canary-4111111111111111"
NOWHERE = "postgresql://127.0.0.1:1/nowhere"


class Home:
    """A trail on a server of its own, which can be stopped."""

    def __init__(self, place: Path, version: str) -> None:
        self.place = place
        self._binaries = binaries_of(version)
        self.start()
        self.prooftrail("init")

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "PROOFTRAIL_DSN": self.dsn,
            "PROOFTRAIL_KEY_FILE": str(self.place / "key"),
            "PROOFTRAIL_STATE_DIR": str(self.place / "state"),
        }

    def prooftrail(self, *words: str) -> None:
        command = [sys.executable, "-m", "prooftrail", *words]
        subprocess.run(command, env=self.env, check=True, capture_output=True)

    def start(self) -> None:
        self.dsn = embedded.start(self.place / "db", binaries=self._binaries).url

    def stop(self) -> None:
        embedded.stop(self.place / "db", mode="immediate")

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return inbox.open_writer(env={"PROOFTRAIL_DSN": self.dsn})

    def log(self) -> list[dict[str, Any]]:
        """Seal and verify; return the events of the log, in order."""
        self.prooftrail("seal", "--once")
        self.prooftrail("sign", "--once")
        assert Run(Asked(), dsn=self.dsn).run().findings == []
        with psycopg.connect(self.dsn) as reader:
            rows = reader.execute(
                "select convert_from(event, 'UTF8') from prooftrail.log"
                " where kind = 0 order by seq"
            ).fetchall()
        return [json.loads(text) for (text,) in rows]


def record(number: int, length: int = 3) -> Record:
    text = f'{{"{CANARY}": {number}, "more": "{"x" * length}"}}'
    return Record(f"id-{number}", [Row("main", text, b"\0" * (number % 3) or None)])


def spool(directory: Path, **options: Any) -> Spool:
    made: dict[str, Any] = {"clock": now_us, "random": os.urandom} | options
    return Spool(directory, **made)


@contextmanager
def opened(
    connect: Callable[[], Any], place: Path | None, **options: Any
) -> Iterator[Recorder]:
    given: dict[str, Any] = {"clock": now_us, "random": os.urandom, "patience": 2.0}
    if place is not None:
        given["spool"] = spool(place)
    with Recorder(connect, **(given | options)) as made:
        yield made


def away() -> Any:
    return inbox.open_writer(NOWHERE)


def until(so: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def files(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())
