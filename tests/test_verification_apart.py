"""A verification in a process of its own: progress, an early end, its death."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from prooftrail.integrity.verdict import Verdict
from prooftrail.verification import apart
from prooftrail.verification.report import Asked, Report
from tests import sealing
from tests.signing_rig import unguarded
from tests.watching_rig import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail


@pytest.fixture
def log(trail: Trail) -> Trail:
    sealing.insert(trail, *(sealing.event() for _ in range(5)))
    sealing.seal(trail)
    return trail


class Running:
    """One run, that waits for a lock in the middle."""

    def __init__(self, trail: Trail, silence: float = apart.SILENCE) -> None:
        self.stop = threading.Event()
        self.report = Report()
        self.before = children()
        self._trail = trail
        self._silence = silence
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.report = apart.verify(
            Asked(), self.stop, dsn=self._trail.dsn, silence=self._silence
        )

    def process(self) -> int:
        """Return the process id, once it waits for the lock."""
        looking = self._trail.superuser()

        def waits() -> bool:
            row = looking.execute(
                "select exists (select from pg_locks l join pg_database d"
                " on d.oid = l.database where d.datname = current_database()"
                " and not l.granted)"
            ).fetchone()
            return row == (True,)

        until(waits, "a run that waits")
        (found,) = children() - self.before
        return found

    def ended(self) -> Report:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.report


def children() -> set[int]:
    """Return this process's children that were spawned to verify."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        try:
            with open(f"/proc/{name}/stat") as stat:  # noqa: PTH123
                fields = stat.read().rpartition(")")[2].split()
            with open(f"/proc/{name}/cmdline") as line:  # noqa: PTH123
                spawned = "spawn_main" in line.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == os.getpid() and spawned:
            found.add(int(name))
    return found


@pytest.fixture
def held(log: Trail) -> Iterator[Trail]:
    """Give a trail whose registry is locked, so that runs wait."""
    holding = log.superuser()
    with holding.transaction():
        holding.execute("lock table prooftrail.stream in access exclusive mode")
        yield log


def test_what_it_finds_and_how_far_it_is_comes_back(log: Trail) -> None:
    told: list[tuple[int, int]] = []
    with unguarded(log) as superuser:
        superuser.execute("update prooftrail.log set actor = 'x' where seq = 3")
    report = apart.verify(
        Asked(), threading.Event(), dsn=log.dsn, told=lambda *far: told.append(far)
    )
    assert report.verdict is Verdict.TAMPERED
    assert [one.seq for one in report.findings] == [3]
    assert told == [(6, 6)]


def test_more_than_one_process_may_be_at_work(log: Trail) -> None:
    report = apart.verify(Asked(processes=2), threading.Event(), dsn=log.dsn)
    assert report.verdict is Verdict.VERIFIED
    assert report.entries == 6


def test_what_is_ended_early_could_not_verify(held: Trail) -> None:
    running = Running(held)
    process = running.process()
    running.stop.set()
    report = running.ended()
    assert report.verdict is Verdict.INCOMPLETE
    assert "interrupted" in report.findings[0].told
    assert process not in children()


def test_what_was_ended_before_it_began_takes_no_process(log: Trail) -> None:
    stop = threading.Event()
    stop.set()
    begun = time.monotonic()
    report = apart.verify(Asked(), stop, dsn=log.dsn)
    assert report.verdict is Verdict.INCOMPLETE
    assert time.monotonic() - begun < 0.1


def test_a_process_that_dies_could_not_verify(held: Trail) -> None:
    running = Running(held)
    os.kill(running.process(), signal.SIGKILL)
    report = running.ended()
    assert report.verdict is Verdict.INCOMPLETE
    assert "died" in report.findings[0].told


def test_a_run_that_hangs_is_given_up(held: Trail) -> None:
    report = Running(held, silence=2.0).ended()
    assert report.verdict is Verdict.INCOMPLETE
    assert "no progress" in report.findings[0].told
