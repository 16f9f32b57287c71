"""The duties, supervised: each a process of its own, with its own login.

Guarantees: a duty that ends is started again, later each time up to `LONGEST_PAUSE`,
and that is told in log, health and metrics, as is what a duty refuses (a log that does
not fit). So is one that cannot be started: no process, file or memory is to be had. It
sees its own DSN and no other's. When they are to stop, they do so in order: the sealer
ends its batch, seals what was accepted until then and ends, then the keeper keeps what
that brought and the signer signs it; what takes too long is ended at once, and nothing
is lost by it. A duty whose supervisor died stops by itself, after its batch.

Does not: keep one duty's files from another of the same user: to do so, run each with
`--only` as a user of its own (docs/how-to/run-the-service.md).

Source: docs/adr/0013.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, NamedTuple

from prooftrail.service.health import DutyState
from prooftrail.store import connect, files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prooftrail.service.health import Health
    from prooftrail.service.logs import Log

FIRST_PAUSE = 0.5  # seconds until an ended duty is started again; doubles
LONGEST_PAUSE = 30.0
STEADY = 60.0  # seconds after which a duty counts as having worked
TOLD = 150.0  # seconds for which what it could not do is shown; told every minute

LIFELINE = "PROOFTRAIL_LIFELINE"  # set: stop when standard input ends

_UNSTARTED = "it cannot be started"

# How a duty's lines begin that say what it could not do.
_PROBLEMS = ("warning: ", "not signed: ", "prooftrail: ")


class Duty(NamedTuple):
    """How a duty is run."""

    name: str
    login: str
    run: tuple[str, ...]  # arguments of prooftrail, until it is told to stop
    finish: tuple[str, ...]  # then, to leave nothing behind


def sealing() -> Duty:
    """Return the sealer."""
    return Duty("seal", "sealer", ("seal",), ("seal", "--once"))


def signing(anchors: Sequence[Path], *, key_file: Path, state_dir: Path) -> Duty:
    """Return the signer."""
    options = ["--key-file", str(key_file), "--state-dir", str(state_dir)]
    for anchor in anchors:
        options += ["--anchor", str(anchor)]
    return Duty("sign", "signer", ("sign", *options), ("sign", "--once", *options))


def keeping(*, keeper_dir: Path, epoch_keys: Path) -> Duty:
    """Return the keeper."""
    options = ["--keeper-dir", str(keeper_dir), "--epoch-keys", str(epoch_keys)]
    return Duty("keep", "keeper", ("keep", *options), ("keep", "--once", *options))


def environment(login: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return what a duty's process sees: of all DSNs its own, and no secret."""
    own = connect.name_of(login)
    hidden = {connect.name_of(one) for one in (*files.LOGINS, None)}
    kept = own if env.get(own) else connect.DSN
    return {
        name: value
        for name, value in env.items()
        if name == kept
        or (name not in hidden and not name.startswith("PROOFTRAIL_WEBHOOK"))
    } | {LIFELINE: "1"}


class Supervisor:
    """Runs duties, a thread each, until they are to stop.

    Args:
        duties: in the order in which they are to stop.
        health: is told how they fare.
        log: gets their lines.
        env: where the DSNs stand; by default the process's own.
        first_pause: seconds until an ended duty is started again.
    """

    def __init__(
        self,
        duties: Sequence[Duty],
        health: Health,
        log: Log,
        *,
        env: Mapping[str, str] | None = None,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        given = os.environ if env is None else env
        self._log = log
        self._running = [
            _Running(one, health, log, environment(one.login, given), first_pause)
            for one in duties
        ]

    def start(self) -> None:
        """Start all; returns at once."""
        for one in self._running:
            one.thread.start()

    def stop(self, patience: float) -> bool:
        """Stop all, in order; return whether each left nothing behind.

        Args:
            patience: seconds for all of it; then they are killed.
        """
        deadline = time.monotonic() + patience
        done = [one.stop(deadline) for one in self._running]
        return all(done)


class _Running:
    """One duty."""

    def __init__(
        self,
        duty: Duty,
        health: Health,
        log: Log,
        env: dict[str, str],
        first_pause: float,
    ) -> None:
        self._duty = duty
        self._health = health
        self._log = log
        self._env = env
        self._first_pause = first_pause
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._restarts = 0
        self._problem: str | None = None  # what it said last that it could not do
        self._until = 0.0  # when that is forgotten, on the monotonic clock
        self.thread = threading.Thread(
            target=self._supervise, name=f"prooftrail-{duty.name}", daemon=True
        )
        self._tell(up=False)

    def stop(self, deadline: float) -> bool:
        self._stopping.set()
        with self._lock:
            if self._process is not None:
                self._process.terminate()
        self.thread.join(max(deadline - time.monotonic(), 0))
        self._kill()
        self.thread.join()
        code = self._finish(deadline)
        if code:
            self._log.error("a duty could not finish", duty=self._duty.name, code=code)
        return code == 0

    def _finish(self, deadline: float) -> int:
        """Run what leaves nothing behind; return its exit code, or 1.

        Whatever fails here, the duties after this one are still to be finished.
        """
        try:
            process = self._start(self._duty.finish)
        except OSError as error:
            self._log.error(_UNSTARTED, duty=self._duty.name, problem=str(error))
            return 1
        try:
            kill = threading.Timer(max(deadline - time.monotonic(), 0), process.kill)
            kill.start()
            try:
                self._read(process)
                return process.wait()
            finally:
                kill.cancel()
        except Exception as error:  # noqa: BLE001  as said above
            self._log.error("a defect, report it", exc_info=error)
            return 1
        finally:
            _end(process)

    def _kill(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def _supervise(self) -> None:
        pause = self._first_pause
        while not self._stopping.is_set():
            begun = time.monotonic()
            code, told = self._try()
            if self._stopping.is_set():
                break
            if time.monotonic() - begun > STEADY:
                pause = self._first_pause
            self._restarts += 1
            if code is None or time.monotonic() > self._until:
                self._doubt(told)
            self._tell(up=False)
            self._log.error(
                "a duty ended and is started again",
                duty=self._duty.name,
                code=code,
                problem=told,
                seconds=pause,
            )
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        self._tell(up=False)

    def _try(self) -> tuple[int | None, str]:
        """Run the duty to its end; return its exit code, and how it ended.

        Nothing that is raised may end the thread: nobody would seal any more.
        """
        try:
            code = self._run()
        except OSError as error:  # of processes, files or memory there are too few
            return None, f"{_UNSTARTED}: {error.strerror or error}"
        except Exception as error:  # noqa: BLE001  as said above
            self._log.error("a defect, report it", exc_info=error)
            return None, f"a defect, report it: {error!r}"
        return code, f"it ended with {code}"

    def _run(self) -> int:
        """Run the duty to its end."""
        with self._lock:
            if self._stopping.is_set():
                return 0
            process = self._process = self._start(self._duty.run)
        try:
            self._tell(up=True)
            self._read(process)
            return process.wait()
        finally:
            with self._lock:
                self._process = None
            _end(process)

    def _start(self, arguments: tuple[str, ...]) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "prooftrail", *arguments],
            env=self._env,
            stdin=subprocess.PIPE,  # its end tells that the supervisor died
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            start_new_session=True,  # an interrupt of the terminal is ours to judge
        )

    def _read(self, process: subprocess.Popen[str]) -> None:
        stream: IO[str] | None = process.stdout
        for line in stream or ():
            text = line.rstrip()
            if not text:
                continue
            if text.startswith(_PROBLEMS):
                self._doubt(text)
                self._tell(up=process.poll() is None)
                self._log.warning("duty", duty=self._duty.name, told=text)
            else:
                self._log.info("duty", duty=self._duty.name, told=text)

    def _doubt(self, problem: str) -> None:
        self._problem, self._until = problem, time.monotonic() + TOLD

    def _tell(self, *, up: bool) -> None:
        left = self._until - time.monotonic()
        state = DutyState(up, self._restarts, self._problem if left > 0 else None)
        self._health.report_duty(self._duty.name, state, lasts=max(left, 0))


def _end(process: subprocess.Popen[str]) -> None:
    """Let go of a process, which ends with that if it has not."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
