"""``prooftrail verify``: is the log what was recorded?"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prooftrail.capture.stating import Fields
    from prooftrail.verification.report import Asked, Report

Command = TypeVar("Command", bound="Callable[..., object]")

INCOMPLETE = 2  # the exit code of "could not verify"


def evidence(command: Command) -> Command:
    """Add --anchor, --checkpoint, --key and --processes: against what, and how."""
    for option in (
        click.option(
            "--processes", type=int, help="At most this many (default: the cores)."
        ),
        click.option(
            "--key",
            "keys",
            multiple=True,
            help="Trust this key (a vkey) and no other; a stream needs one of its own.",
        ),
        click.option(
            "--checkpoint",
            "checkpoints",
            multiple=True,
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Compare with the checkpoints in this file; needs --key.",
        ),
        click.option(
            "--anchor",
            "anchors",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Compare with the checkpoints kept in this directory, this database's "
            "own.",
        ),
    ):
        command = option(command)
    return command


@click.command("verify")
@click.option("--stream", "streams", multiple=True, help="Only this stream.")
@click.option("--from", "since", help="Recorded at or after: a day or a time, UTC.")
@click.option("--to", "until", help="Recorded before: a day or a time, UTC.")
@evidence
@click.option(
    "--evidence",
    "bundles",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Check this evidence (a directory or a zip file) and no database.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Check this signed report (PDF) and no database; needs --certificate.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Of who signs reports (PEM), from elsewhere.",
)
@click.option(
    "--tsa-certificate",
    "authorities",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Of who states the report's trusted time, or its issuer's (PEM), from "
    "elsewhere; a report without one could not be verified then.",
)
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
    bundles: tuple[Path, ...],
    reports: tuple[Path, ...],
    certificate: Path | None,
    authorities: tuple[Path, ...],
    as_json: bool,
    unrecorded: bool,
) -> None:
    """Verify the log: every hash, link, gap, column, checkpoint and signature.

    Exits 0 only for "verified", 1 for tampered, 2 for could not verify. Without an
    anchor or a checkpoint from elsewhere, the log can only attest itself, and the
    output says from which entry on. The run itself is recorded as audit.chain.verify.

    With --evidence and --report, files alone are checked, offline, against the keys
    given (--key) and, for reports, the certificate: without one of the log's own nobody
    vouches for them, and the code is 2.
    """
    import os

    from prooftrail.core import vkey
    from prooftrail.errors import ConfigurationError
    from prooftrail.verification import recording
    from prooftrail.verification.report import Asked

    if bundles or reports:
        if streams or since or until or anchors or checkpoints:
            context.fail("--evidence and --report go with --key and --json alone")
        with never_one(context):
            from prooftrail.cli import offline

            trusted = tuple(vkey.parse_vkey(key) for key in keys)
            code = offline.check(
                bundles, reports, trusted, certificate, authorities, as_json=as_json
            )
        context.exit(code)
    if checkpoints and not keys:
        context.fail("--checkpoint needs --key: a file cannot vouch for itself")
    with never_one(context):
        asked = Asked(
            streams,
            _instant(since),
            _instant(until),
            anchors,
            checkpoints,
            tuple(vkey.parse_vkey(key) for key in keys),
            processes or os.cpu_count() or 1,
        )
        if asked.is_empty:
            raise ConfigurationError("no time lies between --from and --to: swap them")
        report = run(asked)
        code = report.verdict.exit_code
    # What goes wrong from here on is told, and the code stays the verdict's.
    lost = f"{report.verdict.value.upper()}: the report could not be printed"
    attempt(lost, lambda: show(report, as_json=as_json))
    if unrecorded:
        attempt("", lambda: click.echo("this run is unrecorded", err=True))
    else:
        attempt(
            "this run is unrecorded",
            lambda: record(recording.events(asked, report, actor=actor())),
        )
    context.exit(code)


@contextmanager
def never_one(context: click.Context) -> Iterator[None]:
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


def attempt(failed: str, do: Callable[[], object]) -> bool:
    """Do what comes after the verdict; where it fails, say so and return False."""
    try:
        do()
    except KeyboardInterrupt:
        why = "interrupted"
    except Exception as error:  # noqa: BLE001  a verdict is never lost to it
        why = _first_line(error)
    else:
        return True
    with suppress(OSError):  # whoever read our output may be gone
        click.echo(f"{failed}: {why}", err=True)
    return False


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def run(asked: Asked) -> Report:
    """Verify, with a progress bar on a terminal."""
    from prooftrail.verification.run import Run

    with _progress() as told:
        return Run(asked, told=told).run()


def show(report: Report, *, as_json: bool = False) -> None:
    """Print a report."""
    import json
    import os
    import sys

    from prooftrail.verification import render

    if as_json:
        text = json.dumps(render.as_json(report), indent=2)
    else:
        text = "\n".join(render.lines(report))
    # A terminal of another encoding still shows which findings there are.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on; Python would fail once more, flushing at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _instant(text: str | None) -> int | None:
    from prooftrail.core import instants

    if text is None:
        return None
    day = len("2026-01-01")
    return instants.microseconds(f"{text}T00:00:00Z" if len(text) == day else text)


def actor() -> dict[str, str]:
    """Return who runs this, as events state it."""
    from prooftrail.cli import caller

    return {"type": "user", "userId": f"os:{caller.user()}"}


def record(told: Iterable[tuple[str, Fields]]) -> None:
    """Record what came of a run, through the writer login: all of it or nothing.

    Raises:
        ProoftrailError: it cannot be recorded.
    """
    import os
    import time
    from contextlib import closing

    import prooftrail
    from prooftrail.store import connect

    with (
        closing(connect.connect("writer", autocommit=True)) as connection,
        connect.driver_errors(),
    ):
        connection.execute("set statement_timeout = '10s'")  # nobody waits for ever
        recorder = prooftrail.Recorder(
            lambda: connect.connect("writer"),
            clock=lambda: time.time_ns() // 1000,
            random=os.urandom,
        )
        with connection.transaction():
            for stream, fields in told:
                recorder.record(stream=stream, connection=connection, **fields)


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
