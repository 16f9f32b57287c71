"""``prooftrail import``: CloudTrail, OpenSSH's logs, JSON lines in our own format."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import tzinfo
    from io import BufferedReader

    from prooftrail.capture.envelopes import Envelopes
    from prooftrail.capture.redaction import Redactor
    from prooftrail.importers import Imported

SHOWN = 20  # refused records that are named
_CHUNK = 200  # records that are looked up at once

_stream = click.option(
    "--stream", default="main", show_default=True, help="Where they go."
)


@click.group("import")
def command() -> None:
    """Import CloudTrail files, logs of OpenSSH, or JSON lines.

    An import may be repeated, whole or in part: records keep their own ids, and what
    the log has already is dropped when it is sealed.

    Works as the writer (PROOFTRAIL_WRITER_DSN, or PROOFTRAIL_DSN). Where it may also
    look as the verifier, it says how many records were in the log already.
    """


@command.command("cloudtrail")
@_stream
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True),
)
def cloudtrail(*, stream: str, paths: tuple[Path, ...]) -> None:
    """Import CloudTrail log files, .json or .json.gz; of a directory, all of them.

    Who, source address or host, aws.<service>.<EventName>, resource and result go
    where Prooftrail has them, the rest of each record into details, without secrets.
    """
    from prooftrail.importers import cloudtrail as source

    files = _files(paths, (".json", ".json.gz"))
    _import(files, source.read_events, stream, source.REDACTOR)


@command.command("jsonl")
@_stream
@click.argument(
    "paths",
    metavar="PATH...|-",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, allow_dash=True),
)
def jsonl(*, stream: str, paths: tuple[Path, ...]) -> None:
    """Import events in our own format, one a line; - is standard input.

    Only lines with an eventId and a timestamp may be imported twice: without them,
    each time makes another event.
    """
    from prooftrail.importers import Imported
    from prooftrail.importers import jsonl as source

    def read(path: Path) -> Iterator[Imported]:
        if str(path) != "-":
            return source.read_file(path)
        lines = source.read_events(sys.stdin.buffer)
        return (Imported("-", "line", number, outcome) for number, outcome in lines)

    _import(_files(paths, (".jsonl", ".ndjson")), read, stream, None)


def _zone(
    ctx: click.Context, param: click.Parameter, name: str | None
) -> tzinfo | None:
    """Return the time zone of a name."""
    from datetime import UTC
    from zoneinfo import ZoneInfo

    if name is None or name == "UTC":
        return None if name is None else UTC
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:  # OSError: a directory's name
        raise click.BadParameter(
            f"{name!r} is no time zone that this machine knows", ctx, param
        ) from error


@command.command("sshd")
@_stream
@click.option(
    "--year",
    type=click.IntRange(1970, 9998),
    help="Of the first line, where lines have no year.",
)
@click.option(
    "--zone",
    metavar="NAME",
    callback=_zone,
    help="Of the server's clock, such as Europe/Berlin, where lines have none.",
)
@click.option(
    "--names",
    type=click.Choice(["public", "all"]),
    default="public",
    show_default=True,
    help="Which names are written that were tried and that no account has: those "
    "that anybody would try (admin, test, oracle), or all, typed passwords included.",
)
@click.argument(
    "paths",
    metavar="PATH...|-",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
)
def sshd(
    *,
    stream: str,
    year: int | None,
    zone: tzinfo | None,
    names: Literal["public", "all"],
    paths: tuple[Path, ...],
) -> None:
    """Import logs of OpenSSH's server, auth.log or secure, or what journalctl prints.

    Each attempt to log in is one event, however many lines tell of it; so are the ends
    of sessions and locked accounts. Every line is counted, and those that could not be
    understood are named. Compressed by gzip or not; - is standard input.

    Import the same log with the same options: they are part of what happened.
    """
    from prooftrail.capture.process import open_envelopes
    from prooftrail.importers import Imported
    from prooftrail.importers import sshd as source
    from prooftrail.importers.sshd_events import LOGIN

    settings = source.Settings(year, zone, names)
    tally = source.Tally()

    def read(path: Path) -> Iterator[Imported]:
        if str(path) != "-":
            return source.read_file(path, settings, tally)
        lines = source.read_events(
            cast("BufferedReader", sys.stdin.buffer), settings, tally
        )
        return (Imported("-", "line", number, outcome) for number, outcome in lines)

    # A kept name has another commitment each time, and is no duplicate: none is kept.
    without = open_envelopes(drop=[LOGIN])
    _import(paths, read, stream, None, envelopes=without, tally=tally)


def _files(paths: Sequence[Path], suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files, and those of directories that have one of the suffixes."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (item for item in path.rglob("*") if item.is_file())
            found += sorted(item for item in inside if item.name.endswith(suffixes))
        else:
            found.append(path)
    return found


def _import(
    paths: Sequence[Path],
    read: Callable[[Path], Iterator[Imported]],
    stream: str,
    redactor: Redactor | None,
    *,
    envelopes: Envelopes | None = None,
    tally: object = None,
) -> None:
    from prooftrail.capture.process import open_recorder
    from prooftrail.cli.feeding import AHEAD, Feeding, as_verifier
    from prooftrail.store import lookup

    named = 0

    def refused(where: str, reason: str) -> None:
        nonlocal named
        named += 1
        if named <= SHOWN:
            click.echo(f"{where}: {reason}", err=True)

    there: int | None = None
    waiting = 0
    with as_verifier(stream) as looking:
        if looking is not None:
            there, waiting = 0, lookup.waiting(looking, stream)
        with (
            open_recorder(
                stream=stream,
                redactor=redactor,
                queue_size=2 * AHEAD,
                envelopes=envelopes,
                spool=False,
            ) as recorder,
            _progress(len(paths)) as (begin, advance),
        ):
            feeding = Feeding(recorder, stream, refused)
            for chunk in _chunks(paths, read, feeding.refuse, begin):
                if looking is not None and there is not None:
                    there += lookup.sealed(looking, stream, _ids(chunk))
                for record in chunk:
                    if isinstance(record.outcome, dict):
                        feeding.put(record.where, record.outcome)
                    else:
                        feeding.refuse(record.where, record.outcome.reason)
                advance(len(chunk))
            feeding.finish()
    if feeding.failed > SHOWN:
        click.echo(f"... and {feeding.failed - SHOWN:,} more", err=True)
    click.echo(_line(feeding.recorded, feeding.total, there, waiting, tally))
    if feeding.failed:
        raise SystemExit(1)


def _chunks(
    paths: Sequence[Path],
    read: Callable[[Path], Iterator[Imported]],
    refuse: Callable[[str, str], None],
    begin: Callable[[Path], None],
) -> Iterator[list[Imported]]:
    """Read the files, some records at a time; a file that cannot be read stops none."""
    from prooftrail.errors import ImportFileError

    chunk: list[Imported] = []
    for path in paths:
        begin(path)
        try:
            for record in read(path):
                chunk.append(record)
                if len(chunk) >= _CHUNK:
                    yield chunk
                    chunk = []
        except ImportFileError as error:
            yield chunk
            chunk = []
            refuse(str(path), str(error))
    yield chunk


def _ids(chunk: Sequence[Imported]) -> list[str]:
    """Return the ids that these records bring along, where they are ids at all."""
    from prooftrail.core import ids
    from prooftrail.errors import EventError

    found = []
    for record in chunk:
        given = record.outcome.get("eventId") if type(record.outcome) is dict else None
        if isinstance(given, str):
            try:
                found.append(ids.check(given))
            except EventError:
                continue  # recording says what is wrong with it
    return found


def _line(
    recorded: int, total: int, there: int | None, waiting: int, tally: object
) -> str:
    line = f"imported {recorded:,} of {total:,} records"
    if there is None:
        line += "; those that the log has already are dropped when sealed"
    else:
        line += f"; {there:,} were in the log already"
        if there and there == recorded:
            line += ", 0 are new"
        if waiting:
            line += f" ({waiting:,} events waited to be sealed, some may be the same)"
    return line if tally is None else f"{line}\n{tally}"


@contextmanager
def _progress(
    files: int,
) -> Iterator[tuple[Callable[[Path], None], Callable[[int], None]]]:
    """Show files and records while somebody looks."""
    if not sys.stderr.isatty():
        yield (lambda _: None), (lambda _: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[records]:,} records"),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("files", total=files, completed=-1, records=0)
        records = 0

        def begin(_: Path) -> None:
            progress.advance(task)

        def advance(count: int) -> None:
            nonlocal records
            records += count
            progress.update(task, records=records)

        yield begin, advance
