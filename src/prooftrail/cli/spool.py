"""``prooftrail spool``: what applications left on the local disk during an outage.

Guarantees: says how many events there are and never what they say; what belongs to a
process that lives is left to it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

Command = TypeVar("Command", bound="Callable[..., object]")


def _places(command: Command) -> Command:
    key_file = click.option(
        "--key-file",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="PROOFTRAIL_SPOOL_KEY_FILE",
        show_default="PROOFTRAIL_SPOOL_KEY_FILE, or DIR/key",
        help="The spool's key.",
    )
    directory = click.argument(
        "directory",
        metavar="DIR",
        envvar="PROOFTRAIL_SPOOL_DIR",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
    )
    return key_file(directory(command))


@click.group("spool")
def command() -> None:
    """Events that applications have spooled while the database was away.

    DIR is by default what PROOFTRAIL_SPOOL_DIR names. Applications that use the
    directory replay it by themselves; this is for when none does any more.
    """


@command.command("show")
@_places
def show(directory: Path, key_file: Path | None) -> None:
    """Show how many events wait in DIR, by file.

    Exits 1 when something is damaged, or kept aside as damaged or refused.
    """
    from prooftrail.capture import spool, spool_key, spool_survey
    from prooftrail.cli.telling import tell

    key = spool_key.load(spool.key_place(directory, key_file))
    found = spool_survey.look(directory, key)
    for seen in found.files:
        whose = "held by a process" if seen.held else "nobody's"
        damaged = ", damaged or of another key" if seen.damaged else ""
        tell(
            f"{seen.name}: {seen.waiting:,} events, {seen.size:,} bytes, "
            f"{whose}{damaged}",
            err=False,
        )
    for name in found.kept_aside:
        tell(f"{name}: kept aside", err=False)
    tell(f"{sum(seen.waiting for seen in found.files):,} events wait", err=False)
    if found.kept_aside or any(seen.damaged for seen in found.files):
        raise SystemExit(1)


@command.command("replay")
@_places
def replay(directory: Path, key_file: Path | None) -> None:
    """Record what applications that are gone have left in DIR.

    What belongs to a process that lives is left to it. Safe to run again: the same
    bytes are dropped when they are sealed. Exits 1 when something could not be
    recorded.

    Works as the writer (PROOFTRAIL_WRITER_DSN, or PROOFTRAIL_DSN).
    """
    import os
    import time

    from prooftrail.capture import spool, spool_key
    from prooftrail.capture.process import open_recorder

    where = spool.key_place(directory, key_file)
    spool_key.load(where)  # not to be made here: events are not read by a new one

    def clock() -> int:
        return time.time_ns() // 1000

    left = spool.Spool(directory, clock=clock, random=os.urandom, key_file=where)
    with open_recorder(spool=left) as recorder:
        before = -1
        while True:
            recorder.drain()
            counts = recorder.counts()
            if not counts.waiting_in_spool or counts.replayed == before:
                break
            before = counts.replayed
    click.echo(f"recorded {counts.replayed:,} events")
    if counts.waiting_in_spool or counts.lost:
        click.echo(
            f"{counts.waiting_in_spool:,} events wait, {counts.lost:,} cannot be "
            "recorded, see above",
            err=True,
        )
        raise SystemExit(1)
