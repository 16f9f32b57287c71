"""``prooftrail verify``: is the log what was recorded?"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail.verification.report import Asked, Report

INCOMPLETE = 2  # the exit code of "could not verify"


@click.command("verify")
@click.option("--stream", "streams", multiple=True, help="Only this stream.")
@click.option("--from", "since", help="Recorded at or after: a day or a time, UTC.")
@click.option("--to", "until", help="Recorded before: a day or a time, UTC.")
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Compare with the checkpoints kept in this directory.",
)
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Compare with the checkpoints in this file; needs --key.",
)
@click.option(
    "--key", "keys", multiple=True, help="Trust this key (a vkey) and no other."
)
@click.option("--processes", type=int, help="At most this many (default: the cores).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--unrecorded", is_flag=True, help="Leave no event of this run.")
@click.pass_context
def command(
    context: click.Context,
    *,
    streams: tuple[str, ...],
    since: str | None,
    until: str | None,
    anchors: tuple[Path, ...],
    checkpoints: tuple[Path, ...],
    keys: tuple[str, ...],
    processes: int | None,
    as_json: bool,
    unrecorded: bool,
) -> None:
    """Verify the log: every hash, link, gap, column, checkpoint and signature.

    Exits 0 only for "verified", 1 for tampered, 2 for could not verify. Without an
    anchor or a checkpoint from elsewhere, the log can only attest itself, and the
    output says from which entry on. The run itself is recorded as audit.chain.verify.
    """
    import os

    from prooftrail.core import vkey
    from prooftrail.verification.report import Asked

    if checkpoints and not keys:
        context.fail("--checkpoint needs --key: a file cannot vouch for itself")
    with _never_one(context):
        asked = Asked(
            streams,
            _instant(since),
            _instant(until),
            anchors,
            checkpoints,
            tuple(vkey.parse_vkey(key) for key in keys),
            processes or os.cpu_count() or 1,
        )
        report = _verify(asked, as_json=as_json)
        if not unrecorded:
            _record(asked, report)
        else:
            click.echo("this run is unrecorded", err=True)
    context.exit(report.verdict.exit_code)


@contextmanager
def _never_one(context: click.Context) -> Iterator[None]:
    """Make sure that exit code 1 means tampered and nothing else.

    Python exits with 1 for any error, and click when it is interrupted.
    """
    from prooftrail.errors import ProoftrailError

    try:
        yield
    except ProoftrailError as error:
        click.echo(f"prooftrail: {error}", err=True)
    except KeyboardInterrupt:
        click.echo("prooftrail: interrupted, nothing is verified", err=True)
    except Exception:  # noqa: BLE001  a defect of ours must not read as tampering
        import traceback

        click.echo(traceback.format_exc(), err=True)
        click.echo(
            "prooftrail: could not verify: this is a defect, report it", err=True
        )
    else:
        return
    context.exit(INCOMPLETE)


def _verify(asked: Asked, *, as_json: bool) -> Report:
    import json

    from prooftrail.verification import render
    from prooftrail.verification.run import Run

    with _progress() as told:
        report = Run(asked, told=told).run()
    if as_json:
        click.echo(json.dumps(render.as_json(report), indent=2))
    else:
        for line in render.lines(report):
            click.echo(line)
    return report


def _instant(text: str | None) -> int | None:
    from prooftrail.core import instants

    if text is None:
        return None
    day = len("2026-01-01")
    return instants.microseconds(f"{text}T00:00:00Z" if len(text) == day else text)


def _record(asked: Asked, report: Report) -> None:
    """Record the run through the writer login; say so where that cannot be done."""
    import getpass
    import os
    import time
    from contextlib import closing

    import prooftrail
    from prooftrail.core import instants
    from prooftrail.errors import ProoftrailError
    from prooftrail.store import connect

    details: dict[str, object] = {
        "verdict": report.verdict.value,
        "anchors": [str(path) for path in asked.anchors],
        "findings": len(report.findings) + report.more,
        "streams": [
            {"stream": stream.name, "entries": stream.entries, "size": stream.stop}
            for stream in report.streams
        ],
    }
    for key, bound in (("from", asked.since_us), ("to", asked.until_us)):
        if bound is not None:
            details[key] = instants.text(bound)
    try:
        with closing(connect.connect("writer", autocommit=True)) as connection:
            prooftrail.Recorder(
                lambda: connect.connect("writer"),
                clock=lambda: time.time_ns() // 1000,
                random=os.urandom,
            ).record(
                action="audit.chain.verify",
                actor={"type": "user", "userId": f"os:{getpass.getuser()}"},
                result="success" if report.verdict.exit_code == 0 else "failure",
                details=details,
                stream=_stream_of(report),
                connection=connection,
            )
    except ProoftrailError as error:
        click.echo(f"this run is unrecorded: {error}", err=True)


def _stream_of(report: Report) -> str:
    """Return where the run is recorded: in the usual stream, if there is one."""
    from prooftrail.capture.audit_logger import STREAM

    names = [stream.name for stream in report.streams]
    return STREAM if STREAM in names or not names else names[0]


class _progress:  # noqa: N801  reads as a statement
    """A progress bar on a terminal, nothing elsewhere."""

    def __enter__(self) -> Callable[[int, int], None]:
        import sys

        if not sys.stderr.isatty():
            self._bar = None
            return lambda _done, _all: None
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        bar = Progress(
            TextColumn("verifying"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar = bar
        bar.start()
        task = bar.add_task("verifying", total=None)
        return lambda done, total: bar.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
