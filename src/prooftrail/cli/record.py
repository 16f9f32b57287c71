"""``prooftrail record``: JSON lines on standard input, recorded durably."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@click.command("record")
@click.option("--stream", default="main", show_default=True, help="Where they go.")
@click.option(
    "--strict", is_flag=True, help="Refuse actions that are not in the catalog."
)
@click.option(
    "--action",
    "declared",
    multiple=True,
    metavar="NAME",
    help="With --strict, an action to accept beside the catalog's; may be repeated.",
)
def command(*, stream: str, strict: bool, declared: tuple[str, ...]) -> None:
    """Record events: JSON lines on standard input.

    Each line is one event as spec/event.md describes it. What is counted at the end is
    durable. A line that is refused is named on standard error and stops no other; the
    exit code is then 1. Lines that carry an eventId and a timestamp may be recorded
    again: the same bytes are dropped when they are sealed.

    Works as the writer (PROOFTRAIL_WRITER_DSN, or PROOFTRAIL_DSN).
    """
    from prooftrail.capture.process import open_recorder
    from prooftrail.catalog import Catalog
    from prooftrail.cli.feeding import AHEAD, Feeding, as_verifier
    from prooftrail.importers import Problem, jsonl

    def refused(where: str, reason: str) -> None:
        click.echo(f"{where}: {reason}", err=True)

    if declared and not strict:
        raise click.UsageError("--action says what --strict is to accept: add --strict")
    known = Catalog(frozenset(declared), strict=strict)
    lines = sys.stdin.buffer
    with as_verifier(stream):
        pass  # there is such a stream, as far as this login may know
    with (
        open_recorder(
            known=known, stream=stream, queue_size=2 * AHEAD, spool=False
        ) as recorder,
        _progress(lines) as advance,
    ):
        feeding = Feeding(recorder, stream, refused)
        for number, event in jsonl.read_values(lines):
            where = f"line {number}"
            if isinstance(event, Problem):
                feeding.refuse(where, event.reason)
            else:
                feeding.put(where, event)
            advance()
        feeding.finish()
    click.echo(f"recorded {feeding.recorded:,} events")
    if feeding.failed:
        click.echo(f"refused {feeding.failed:,} lines, see above", err=True)
        raise SystemExit(1)


@contextmanager
def _progress(lines: IO[bytes]) -> Iterator[Callable[[], None]]:
    """Show how much of a file is read; nothing where nobody looks, or for a pipe."""
    mode = os.fstat(lines.fileno())
    if not (sys.stderr.isatty() and stat.S_ISREG(mode.st_mode)):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("recording", total=mode.st_size)
        yield lambda: progress.update(task, completed=lines.tell())
