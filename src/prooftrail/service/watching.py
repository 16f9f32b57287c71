"""Verification that nobody has to ask for.

Guarantees: while the whole log is verified within the budget, all of it is, every
minute: an entry that somebody edits anywhere, or a log that ends before what is
anchored, is told within two minutes. A larger log is verified whole at the start and
once a day; each minute its newest entries are, with the log's end against the anchors,
and besides as much of the rest as the budget allows, part after part, round and round.

A failure becomes an event, a metric, an alert and a line of the log, and turns
reading's readiness until a whole verification passes that began after it was last
seen; it is told again once a day while it lasts (`telling`). That nothing could be
verified for an hour is told by a thread that waits for nobody, however runs hang.
Months that ended are sealed by whole verifications that pass (`closing`).

Does not: stop anything, or alter anything. What it tells names stream, entry, kind and
time, never a value of an event.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.errors import DatabaseError, ProoftrailError
from prooftrail.integrity.verdict import Verdict
from prooftrail.service.closing import Months
from prooftrail.service.sweep import Sweep
from prooftrail.store import connect, reading
from prooftrail.store.interrupting import Interrupting
from prooftrail.verification import apart
from prooftrail.verification.report import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prooftrail.service.metrics import Metrics, Why
    from prooftrail.service.telling import Telling
    from prooftrail.verification.report import Report

OVERLAP_US = 10_000_000  # clocks of two sealers are at most this far apart
RECENT = 100  # checkpoints of each place that a look at a part goes into
LOOK_MS = 60_000  # a statement's that finds out what to look at
ENDING = 25.0  # seconds that all may take to end: a run 10, an event of it 20
ASKED = 0.5  # seconds until a statement is ended with them
RATE = 20_000.0  # entries a second, until one was measured


class Pace(NamedTuple):
    """How often, in seconds."""

    minute: float = 60.0  # between looks
    budget: float = 20.0  # of work a look may take, and a log still be verified whole
    day: float = 86_400.0  # between whole verifications of a log too large for that


class Watch:
    """Verifies on two threads: the whole log, and the newest of a large one.

    A third one sees that they do.

    Args:
        telling: is told what came of each run.
        metrics: likewise.
        clock: microseconds since the epoch, UTC.
        anchors: directories to compare with.
        processes: of one run, at most.
        pace: how often.
        dsn: the database; by default from the environment.
    """

    def __init__(
        self,
        telling: Telling,
        metrics: Metrics,
        *,
        clock: Callable[[], int],
        anchors: Sequence[Path] = (),
        processes: int = 1,
        pace: Pace | None = None,
        dsn: str | None = None,
    ) -> None:
        self._telling = telling
        self._metrics = metrics
        self._clock = clock
        self._anchors = tuple(anchors)
        self._processes = processes
        self._pace = pace or Pace()
        self._dsn = dsn
        self._waits = Interrupting()
        self._months = Months(
            telling, self._waits, clock=clock, anchors=self._anchors, dsn=dsn
        )
        self._stop = threading.Event()
        self._sweep = Sweep()
        self._rate = RATE
        self._fits = False  # the whole log, within the budget
        self._since_us = 0  # up to where the newest entries were looked at
        self._threads = [
            threading.Thread(
                target=self._go_on,
                args=(run,),
                name=f"prooftrail-watch-{name}",
                daemon=True,
            )
            for name, run in (
                ("whole", self._whole),
                ("newest", self._newest),
                ("alarm", self._alarm),
            )
        ]

    def start(self) -> None:
        """Begin; returns at once."""
        for thread in self._threads:
            thread.start()

    def close(self) -> bool:
        """End what runs; its result counts for nothing.

        Returns:
            whether all of it has ended.
        """
        self._stop.set()
        deadline = time.monotonic() + ENDING
        for thread in self._threads:
            while thread.is_alive() and time.monotonic() < deadline:
                thread.join(ASKED)
                if thread.is_alive():
                    self._waits.interrupt()
        return not any(thread.is_alive() for thread in self._threads)

    def _go_on(self, run: Callable[[], None]) -> None:
        """Run until the end, whatever a defect of ours throws in between."""
        while not self._stop.is_set():
            try:
                run()
            except Exception as error:  # noqa: BLE001  watching must not end unseen
                self._telling.could_not(f"a defect, report it: {error!r}")
                self._stop.wait(self._pace.minute)

    def _whole(self) -> None:
        pace = self._pace
        while not self._stop.is_set():
            begun = time.monotonic()
            report = self._verify("whole", Asked(anchors=self._anchors))
            took = time.monotonic() - begun
            if report.verdict is Verdict.VERIFIED:
                self._months.seal(report)
            if report.verdict is not Verdict.INCOMPLETE:
                self._rate = max(report.entries / max(took, 0.001), 1.0)
                self._fits = took <= pace.budget
            doubted = report.verdict is not Verdict.VERIFIED or self._telling.stands
            soon = self._fits or doubted
            # A large log under suspicion is not verified without a pause.
            self._stop.wait(max(pace.minute - took, took, 0.1) if soon else pace.day)

    def _newest(self) -> None:
        while not self._stop.wait(self._pace.minute):
            if self._fits:
                continue
            begun = time.monotonic()
            try:
                self._look(begun)
            except (ProoftrailError, OSError) as error:
                self._telling.could_not(str(error))

    def _alarm(self) -> None:
        while not self._stop.wait(self._pace.minute):
            self._telling.look()

    def _look(self, begun: float) -> None:
        """Verify the newest entries, then parts of the rest while time is left."""
        with (
            closing(
                connect.connect(
                    "verifier", dsn=self._dsn, autocommit=True, milliseconds=LOOK_MS
                )
            ) as connection,
            self._waits.using(connection),
        ):
            reached = min(reading.newest_us(connection), self._clock())
            since = self._since_us or reached - OVERLAP_US
            newest = Asked(since_us=since, anchors=self._anchors)
            if self._verify("newest", newest).verdict is Verdict.VERIFIED:
                self._since_us = reached - OVERLAP_US
            entries = max(round(self._rate * self._pace.budget / 2), 1_000)
            while time.monotonic() - begun < self._pace.budget / 2:
                part = self._sweep.next(connection, entries)
                if part is None or self._stop.is_set():
                    return
                # Without the anchors: their newest checkpoint would have every header
                # from the part to the log's end followed.
                asked = Asked((part.stream,), part.since_us, part.until_us)
                self._verify("newest", asked)
                if part.last:
                    return

    def _verify(self, why: Why, asked: Asked) -> Report:
        asked = replace(asked, processes=self._processes, recent=RECENT)
        begun = time.monotonic()
        try:
            report = apart.verify(asked, self._stop, dsn=self._dsn)
        except (DatabaseError, OSError) as error:
            report = apart.incomplete_report(str(error))
        if not self._stop.is_set():
            self._metrics.verified(why, report, time.monotonic() - begun)
            self._telling.tell(asked, report, begun=begun)
        return report
