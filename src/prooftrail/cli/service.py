"""Running a duty as a service: until it is interrupted, then to the end of its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from prooftrail.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.store.keeping import Duty

Done = TypeVar("Done")


def serve(
    doing: str, connect: Callable[[], Duty[Done]], told: Callable[[Done], None]
) -> None:
    """Run a duty until SIGTERM or SIGINT; what it tells goes to standard error."""
    import signal
    import threading

    from prooftrail.store.keeping import keep

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    click.echo(f"{doing}; interrupt to stop", err=True)
    keep(connect, stop, told, tell)
