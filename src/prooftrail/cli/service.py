"""Running a duty as a service: until it is interrupted, then to the end of its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from prooftrail.cli.telling import tell

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from prooftrail.store.keeping import Duty

Done = TypeVar("Done")

OBJECTS = 100_000  # made between two looks for cycles


def settle() -> None:
    """Tell the collector that what was imported stays, and to look more seldom.

    Events make many small objects and no cycles: looking for some in every batch took
    6 % of a sealer's time.
    """
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 20)


def serve(
    doing: str, connect: Callable[[], Duty[Done]], told: Callable[[Done], None]
) -> None:
    """Run a duty until SIGTERM or SIGINT; what it tells goes to standard error."""
    import os
    import signal
    import threading

    from prooftrail.service.duties import LIFELINE
    from prooftrail.store.keeping import keep

    stop = threading.Event()
    if os.environ.get(LIFELINE):  # a supervisor holds our standard input
        threading.Thread(target=_follow, args=(stop,), daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    click.echo(f"{doing}; interrupt to stop", err=True)
    keep(connect, stop, told, tell)


def _follow(stop: threading.Event) -> None:
    """End with whoever started us: then nobody holds our standard input open."""
    import os

    while os.read(0, 1):
        continue
    stop.set()
