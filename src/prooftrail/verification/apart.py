"""A verification in a process of its own, for programs that have other things to do.

Guarantees: the caller's threads keep their interpreter, and what a run needs of memory
is given back; the run yields to others where the machine is busy. Ending it early,
or its death, is "could not verify" and never "verified".

Does not: outlive its caller by more than the segments in hand: a run whose caller died
notices when it next tells how far it is.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import closing
from multiprocessing import get_context
from typing import TYPE_CHECKING

from prooftrail.integrity.findings import incomplete
from prooftrail.verification.report import Report
from prooftrail.verification.run import Run

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from multiprocessing.connection import Connection as Pipe

    from prooftrail.verification.report import Asked

NICER = 5  # steps of priority below the caller's
LOOK = 0.2  # seconds between looks whether it is to end
SILENCE = 1_800.0  # seconds without progress; some questions take long in a large log
PATIENCE = 10.0  # seconds that a run may take to end

_STOPS = "interrupted: the service stops"


def verify(
    asked: Asked,
    stop: threading.Event,
    *,
    dsn: str | None = None,
    told: Callable[[int, int], None] = lambda _done, _all: None,
    silence: float = SILENCE,
) -> Report:
    """Verify; findings are in the report, never raised.

    Args:
        asked: what to verify.
        stop: ends it early.
        dsn: the database; by default from the environment, as the verifier.
        told: called with (entries checked, entries in all) as the run goes on.
        silence: seconds without progress after which it is given up: a connection
            hangs.
    """
    if stop.is_set():
        return incomplete_report(_STOPS)
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(
        target=_run, args=(asked, dsn, sending), name="prooftrail-verify"
    )
    process.start()
    sending.close()  # so that the other end's death is seen
    try:
        with closing(receiving):
            return _follow(receiving, stop, told, silence)
    finally:
        process.terminate()
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def incomplete_report(told: str) -> Report:
    """Return a report of a run that came to nothing."""
    report = Report()
    report.findings.append(incomplete("", told))
    return report


def _follow(
    receiving: Pipe,
    stop: threading.Event,
    told: Callable[[int, int], None],
    silence: float,
) -> Report:
    heard = time.monotonic()
    while not stop.is_set():
        if not receiving.poll(LOOK):
            if time.monotonic() - heard > silence:
                return incomplete_report(
                    f"no progress for {silence:.0f} s: does the database hang?"
                )
            continue
        heard = time.monotonic()
        try:
            said = receiving.recv()
        except EOFError:
            return incomplete_report(
                "the process that verifies died: is memory short? Run it again"
            )
        if isinstance(said, Report):
            return said
        told(*said)
    return incomplete_report(_STOPS)


def _run(asked: Asked, dsn: str | None, sending: Pipe) -> None:
    """Be the process."""
    # An interrupt of the terminal is the caller's to judge; an end runs what closes
    # the processes that check segments.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.nice(NICER)
    with closing(sending):
        run = Run(asked, dsn=dsn, told=lambda done, total: sending.send((done, total)))
        try:
            report = run.run()
        except BrokenPipeError:
            sys.exit(1)  # nobody listens any more
        sending.send(report)
