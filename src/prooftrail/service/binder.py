"""Reports that are made while whoever asked looks elsewhere.

Guarantees: at most `AT_ONCE` are made at a time and at most `WAITING` wait; nobody has
more than one under way, and nobody is given another one's. A report is kept for
`KEPT` seconds and in a file that has no name, at most `MOST` of them, the oldest given
up first. A failure is told in words.

Does not: outlive the process; a report can be made again, and is then another one.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from prooftrail.errors import BusyError, ProoftrailError
from prooftrail.service.reporting import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prooftrail.reports.desk import Desk
    from prooftrail.search.sampled import Wanted
    from prooftrail.service.files import File
    from prooftrail.service.logs import Log
    from prooftrail.service.reporting import Reporting

AT_ONCE: Final = 2
WAITING: Final = 8
KEPT: Final = 3_600.0
MOST: Final = 32


class Job:
    """A report that is asked for; what it says holds at the moment of asking."""

    def __init__(
        self,
        name: str,
        desk: Desk,
        actor: Mapping[str, Any],
        asked_us: int,
        wanted: Wanted | None = None,
    ) -> None:
        self.wanted = wanted  # of a sample
        self.id = desk.report_id
        self.name = name
        self.desk = desk
        self.actor = actor
        self.asker = str(actor["userId"])
        self.asked_us = asked_us
        self.progress = Progress("Waiting for its turn")
        self.problem: str | None = None
        self.headline: str | None = None  # once it is made
        self.attention = False
        self._files: tuple[File, ...] = ()

    @property
    def state(self) -> str:
        """Return "made", "failed" or "running"."""
        if self.headline is not None:
            return "made"
        return "running" if self.problem is None else "failed"

    def keep(self, *files: File) -> None:
        """Keep files."""
        self._files = files

    def file(self, kind: str) -> File | None:
        """Return a file of one media type, or None: there is none, or no more."""
        its = (one for one in self._files if one.kind.startswith(kind))
        return next(its, None)

    @property
    def packed(self) -> bool:
        """Whether it has several volumes, in a ZIP."""
        return any(one.kind == "application/zip" for one in self._files)

    def drop(self) -> None:
        """Let its files go; who reads one still holds it."""
        self._files = ()


class Binder:
    """Makes reports, and keeps them for a while.

    Args:
        reporting: makes them.
        log: is told what failed.
        clock: microseconds since the epoch, UTC.

    Safe to be shared by threads. The first report starts the threads.
    """

    def __init__(
        self, reporting: Reporting, log: Log, clock: Callable[[], int]
    ) -> None:
        self._reporting = reporting
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._queue: deque[Job] = deque()
        self._jobs: dict[str, Job] = {}
        self._threads: list[threading.Thread] = []

    def start(
        self,
        name: str,
        desk: Desk,
        actor: Mapping[str, Any],
        wanted: Wanted | None = None,
    ) -> str:
        """Ask for a report, or for what is wanted of a sample; return its id at once.

        Raises:
            BusyError: one of the same person's is under way, or too many wait.
        """
        job = Job(name, desk, actor, self._clock(), wanted)
        with self._lock:
            self._forget()
            under_way = [one for one in self._jobs.values() if one.state == "running"]
            if any(one.asker == job.asker for one in under_way):
                raise BusyError(
                    "a report of yours is being made: take it first, or wait until it"
                    " is there"
                )
            if len(self._queue) >= WAITING:
                raise BusyError(
                    f"{WAITING} reports wait to be made: ask again in a minute"
                )
            self._jobs[job.id] = job
            self._queue.append(job)
            if len(self._threads) < AT_ONCE:
                thread = threading.Thread(
                    target=self._run, name="prooftrail-reports", daemon=True
                )
                self._threads.append(thread)
                thread.start()
            self._filled.notify()
        return job.id

    def get(self, job_id: str, asker: str) -> Job | None:
        """Return a report that somebody asked for, or None: there is none of his."""
        with self._lock:
            self._forget()
            job = self._jobs.get(job_id)
        return job if job is not None and job.asker == asker else None

    def of(self, asker: str) -> list[Job]:
        """Return the reports that somebody asked for, the newest first."""
        with self._lock:
            self._forget()
            found = [one for one in self._jobs.values() if one.asker == asker]
        return found[::-1]

    def _forget(self) -> None:
        """Let go of what is too old, or too much; under the lock."""
        since = self._clock() - int(KEPT * 1_000_000)
        ended = [one for one in self._jobs.values() if one.state != "running"]
        over = len(self._jobs) - MOST
        for number, one in enumerate(ended):
            if one.asked_us < since or number < over:
                del self._jobs[one.id]
                one.drop()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._queue:
                    self._filled.wait()
                job = self._queue.popleft()
            self._make(job)

    def _make(self, job: Job) -> None:
        def told(progress: Progress) -> None:
            job.progress = progress

        try:
            if job.wanted is None:
                draft = self._reporting.draft(job.name, job.desk, job.actor, told)
            else:
                draft = self._reporting.sample(job.wanted, job.desk, job.actor, told)
            job.keep(*self._reporting.both(job.desk, draft, job.actor, told))
        except (ProoftrailError, OSError) as error:
            self._log.error("a report could not be made", problem=str(error))
            job.problem = str(error)
        except Exception as error:  # noqa: BLE001  the next one is to be made, too
            self._log.error("a defect, report it", exc_info=error)
            job.problem = "a defect of the service: its log says where"
        else:
            job.attention = draft.report.answer.tone == "attention"
            job.headline = draft.report.answer.headline
