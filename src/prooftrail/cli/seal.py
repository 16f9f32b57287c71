"""``prooftrail seal``: run the sealer.

Guarantees: however busy it is, it tells what it sealed in one line every 10 s at most.
"""

from __future__ import annotations

import threading

import click

from prooftrail.cli import service
from prooftrail.cli.telling import tell
from prooftrail.seal.sealed import Sealed

EVERY = 10.0  # seconds between lines of a sealer that is always busy


@click.command("seal")
@click.option("--once", is_flag=True, help="Drain the inbox and exit.")
def command(*, once: bool) -> None:
    """Move events from the inbox to the log.

    Runs until it is interrupted; a second sealer waits and takes over when the first
    one ends. A stream whose log does not end as it should is left out and told of
    once a minute; with --once, the others are sealed and the exit code is 1.

    Works as the sealer (PROOFTRAIL_SEALER_DSN, or PROOFTRAIL_DSN).
    """
    import os
    import time

    from prooftrail.seal.sealer import Sealer
    from prooftrail.store import connect

    def clock() -> int:
        return time.time_ns() // 1000

    def open_sealer() -> Sealer:
        return Sealer(lambda: connect.connect("sealer"), clock=clock, random=os.urandom)

    service.settle()
    if once:
        sealer = open_sealer()
        try:
            sealer.drain(lambda done: click.echo(_line(done)))
        finally:
            sealer.close()
        return
    summary = Summary(EVERY)
    try:
        service.serve("sealing", open_sealer, summary.add)
    finally:
        summary.close()


class Summary:
    """Tells on standard error what was sealed, in a line every so often.

    The first line comes at once, then what came since in another one each time that
    the wait is over; warnings come at once.

    Args:
        every: seconds between lines.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._since = Sealed()
        self._timer: threading.Timer | None = None

    def add(self, done: Sealed) -> None:
        """Tell, or keep for the next line."""
        for warning in done.warnings:
            tell(f"warning: {warning}")
        with self._lock:
            self._since.add(done)
            if self._timer is None:
                self._tell()

    def close(self) -> None:
        """Tell what is left."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._tell()
            if self._timer is not None:
                self._timer.cancel()

    def _next(self) -> None:
        with self._lock:
            self._tell()

    def _tell(self) -> None:
        self._timer = None
        if self._since.any:
            tell(_line(self._since))
            self._since = Sealed()
            self._timer = threading.Timer(self._every, self._next)
            self._timer.daemon = True
            self._timer.start()


def _line(done: Sealed) -> str:
    parts = [f"sealed {done.events:,} events"]
    if done.statements:
        parts.append(f"{done.statements:,} trail statements")
    if done.duplicates:
        parts.append(f"dropped {done.duplicates:,} duplicates")
    if done.quarantined:
        parts.append(
            f"quarantined {done.quarantined:,} rows (prooftrail doctor says why)"
        )
    return ", ".join(parts)
