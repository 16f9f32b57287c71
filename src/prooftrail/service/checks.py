"""Verification on demand: asked for now, run one after another, kept in the database.

Guarantees: at most one run at a time in a process, and a bounded number that wait; a
run's progress is kept about once a second, its result for ever, and whoever asks later
or elsewhere finds it. A run whose process died is told as interrupted, never as
running for ever. Every run is recorded as audit.chain.verify.

Nobody has more than one run at a time, so that nobody takes all places.

Does not: decide who may ask for which streams, or see whose results (`api` does).
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from prooftrail.core import ids
from prooftrail.errors import BusyError, DatabaseError, ProoftrailError
from prooftrail.store import check_runs, connect
from prooftrail.verification import apart, recording, render
from prooftrail.verification.report import Asked, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.service.logs import Log
    from prooftrail.service.metrics import Metrics
    from prooftrail.store.check_runs import CheckRun
    from prooftrail.store.connect import Connection

WAITING = 8  # runs that wait at most
EVERY = 1.0  # seconds between tellings of the progress
ENDING = 25.0  # seconds that all may take to end: a run 10, and its result is kept
RECORDING = 30.0  # seconds that the event of a run may take to be durable
KEEP_TRYING = 300.0  # seconds for which a result is tried to be kept
FINDINGS = 1_000  # kept with a result; the others are counted


class _Wanted(NamedTuple):
    id: str
    asked: Asked
    asked_by: str
    actor: Mapping[str, Any]


class Checks:
    """Runs verifications, one at a time.

    Args:
        recorder: records that they ran.
        metrics: count them.
        log: where it is told what could not be kept or recorded.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        anchors: directories to compare with.
        processes: of one run, at most.
        dsn: the database; by default from the environment.

    Safe to be shared by threads. The first run starts the threads.
    """

    def __init__(
        self,
        recorder: Recorder,
        metrics: Metrics,
        log: Log,
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        anchors: Sequence[Path] = (),
        processes: int = 1,
        dsn: str | None = None,
    ) -> None:
        self._recorder = recorder
        self._metrics = metrics
        self._log = log
        self._clock = clock
        self._random = random
        self._anchors = tuple(anchors)
        self._processes = processes
        self._dsn = dsn
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._queue: deque[_Wanted] = deque()
        self._live: dict[str, tuple[int, int]] = {}  # done and total, by id
        self._asking: dict[str, str] = {}  # who waits for which, ids by asker
        self._threads: list[threading.Thread] = []

    def asked(self, since_us: int | None = None, until_us: int | None = None) -> Asked:
        """Return what is verified where a whole range is asked for.

        Args:
            since_us: recorded at or after, microseconds since the epoch, UTC.
            until_us: recorded before.
        """
        return Asked((), since_us, until_us, self._anchors, processes=self._processes)

    def start(
        self,
        streams: Sequence[str] = (),
        since_us: int | None = None,
        until_us: int | None = None,
        *,
        asked_by: str,
        actor: Mapping[str, Any] | None = None,
    ) -> str:
        """Ask for a run; return its id, a UUID, at once.

        Args:
            streams: their names; none for all.
            since_us: recorded at or after, microseconds since the epoch, UTC.
            until_us: recorded before.
            asked_by: who, in what is kept; nobody's name ("key:7").
            actor: who, in the event; by default a service of that id.

        Raises:
            BusyError: as many as may wait wait already, or one of this asker's does.
            UnavailableError: the database is away.
        """
        run_id = ids.uuid7(self._clock(), self._random(8))
        asked = Asked(
            tuple(streams),
            since_us,
            until_us,
            self._anchors,
            processes=self._processes,
        )
        actor = actor or {"type": "service", "userId": asked_by}
        with self._lock:
            own = self._asking.get(asked_by)
            if own is not None:
                raise BusyError(
                    f"your verification {own} has not ended: nothing was begun, look "
                    "at that one, or ask again when it has"
                )
            if self._stop.is_set() or len(self._live) > WAITING:
                raise BusyError(
                    f"{WAITING} verifications wait already: nothing was begun, ask "
                    "again when one has ended"
                )
            self._live[run_id] = (0, 0)
            self._asking[asked_by] = run_id
        try:
            with closing(self._connect()) as connection:
                check_runs.begin(
                    connection,
                    run_id,
                    asked_by=asked_by,
                    streams=tuple(streams) or None,
                    since_us=since_us,
                    until_us=until_us,
                )
        except BaseException:
            self._end(run_id)
            raise
        with self._lock:
            self._queue.append(_Wanted(run_id, asked, asked_by, actor))
            self._begin()
            self._filled.notify()
        return run_id

    def get(self, run_id: str) -> CheckRun | None:
        """Return a run with its report (JSON); None if there is none of that id.

        Raises:
            UnavailableError: the database is away.
        """
        try:
            UUID(run_id)
        except ValueError:
            return None
        with closing(self._connect()) as connection:
            return check_runs.get(connection, run_id)

    def list(self) -> Sequence[CheckRun]:
        """Return the newest runs, without their reports.

        Raises:
            UnavailableError: the database is away.
        """
        with closing(self._connect()) as connection:
            return check_runs.newest(connection)

    def close(self) -> bool:
        """End the present run; it and those that wait are kept as interrupted.

        Returns:
            whether all of it has ended.
        """
        with self._lock:
            self._stop.set()
            self._filled.notify_all()
            threads = list(self._threads)
        deadline = time.monotonic() + ENDING
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in threads)

    def _begin(self) -> None:
        if self._threads:
            return
        self._threads = [
            threading.Thread(target=self._work, name="prooftrail-checks", daemon=True),
            threading.Thread(
                target=self._tell, name="prooftrail-progress", daemon=True
            ),
        ]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while (wanted := self._next()) is not None:
            try:
                self._verify(wanted)
            except Exception:  # noqa: BLE001  the next runs must not wait for ever
                # This run is told as interrupted, once nobody sees it any more.
                self._log.exception("a defect, report it", run=wanted.id)
            finally:
                self._end(wanted.id)

    def _verify(self, wanted: _Wanted) -> None:
        begun = time.monotonic()
        report = apart.verify(
            wanted.asked,
            self._stop,
            dsn=self._dsn,
            told=self._progress(wanted.id),
        )
        self._metrics.verified("asked", report, time.monotonic() - begun)
        self._record(wanted, report)  # first: a result that is read is in the trail
        self._keep(wanted, report)

    def _next(self) -> _Wanted | None:
        """Wait for a run; None once there will be none."""
        with self._lock:
            while not self._queue and not self._stop.is_set():
                self._filled.wait()
            return self._queue.popleft() if self._queue else None

    def _progress(self, run_id: str) -> Callable[[int, int], None]:
        def told(done: int, total: int) -> None:
            with self._lock:
                self._live[run_id] = (done, total)

        return told

    def _end(self, run_id: str) -> None:
        with self._lock:
            self._live.pop(run_id, None)
            self._asking = {
                asker: one for asker, one in self._asking.items() if one != run_id
            }

    def _keep(self, wanted: _Wanted, report: Report) -> None:
        """Keep a result, trying again while the database is away."""
        text = json.dumps(as_json(report))
        with self._lock:
            done, total = self._live[wanted.id]
        until = time.monotonic() + KEEP_TRYING
        while True:
            try:
                with closing(self._connect()) as connection:
                    check_runs.finish(
                        connection,
                        wanted.id,
                        done=max(done, report.entries),
                        total=total or report.entries,
                        verdict=report.verdict.value,
                        report=text,
                    )
            except DatabaseError as error:
                if time.monotonic() > until or self._stop.wait(EVERY):
                    self._log.error(
                        "a verification's result is not kept",
                        run=wanted.id,
                        verdict=report.verdict.value,
                        problem=str(error),
                    )
                    return
            else:
                return

    def _record(self, wanted: _Wanted, report: Report) -> None:
        told = recording.events(
            wanted.asked,
            report,
            actor=wanted.actor,
            details={"run": wanted.id, "askedBy": wanted.asked_by},
        )
        try:
            waiting = [
                self._recorder.submit(stream=stream, **fields)
                for stream, fields in told
            ]
            for one in waiting:
                one.result(RECORDING)
        except (ProoftrailError, TimeoutError) as error:
            self._log.error(
                "a verification is unrecorded", run=wanted.id, problem=str(error)
            )

    def _tell(self) -> None:
        """Tell every second how far the runs are, those that wait included."""
        connection: Connection | None = None
        while not self._stop.wait(EVERY):
            with self._lock:
                live = dict(self._live)
            if not live:
                continue
            try:
                connection = connection or self._connect()
                for run_id, (done, total) in live.items():
                    check_runs.seen(connection, run_id, done, total)
            except DatabaseError as error:
                self._log.warning("progress is not kept", problem=str(error))
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _connect(self) -> Connection:
        return connect.connect("verifier", dsn=self._dsn, autocommit=True)


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as plain values, with a bounded number of findings."""
    ordered = sorted(report.findings, key=lambda one: -one.weight)
    more = report.more + max(len(ordered) - FINDINGS, 0)
    return render.as_json(Report(report.streams, ordered[:FINDINGS], more))
