"""`prooftrail db`: the embedded PostgreSQL by hand.

Guarantees: `start` and `stop` may be repeated; `start --env` and `url` print nothing
but what a shell or a program is to take; `status` exits with 0 when the server runs
and 3 when it does not, as pg_ctl does. An error exits with 1.

Does not: touch a PostgreSQL that somebody else started.
"""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from prooftrail.errors import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_RUNNING = 3

_data_dir = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, readable=False, path_type=Path),
    help="Where the data lies; by default in the platform's place for a user's data.",
)


@click.group()
def db() -> None:
    """Run a PostgreSQL of our own, for trying and developing."""


@db.command()
@_data_dir
@click.option(
    "--env", is_flag=True, help='Print shell exports only: eval "$(... --env)".'
)
@click.option(
    "--prefer",
    type=click.Choice(["system", "wheel"]),
    default="system",
    show_default=True,
    help="Which PostgreSQL a new data directory gets; PG_BIN overrides it.",
)
def start(data_dir: Path | None, prefer: str, *, env: bool) -> None:
    """Start the server, making its data directory first where there is none."""
    from prooftrail import embedded

    with _told():
        before = embedded.status(data_dir)
        server = before or embedded.start(
            data_dir, prefer=cast('Literal["system", "wheel"]', prefer)
        )
    if env:
        click.echo(f"export PROOFTRAIL_DSN={shlex.quote(server.url)}")
        return
    told = "already runs" if before else "is running"
    click.echo(f"PostgreSQL {server.version} {told} (process {server.pid}).")
    _show(data_dir=server.data_dir, port=server.port, socket_dir=server.socket_dir)
    again = "" if data_dir is None else f" --data-dir {shlex.quote(str(data_dir))}"
    click.echo(
        "\nNext, in this shell:\n"
        f'  eval "$(prooftrail db start --env{again})"\n'
        "  prooftrail init"
    )


@db.command()
@_data_dir
@click.option(
    "--immediate",
    is_flag=True,
    help="Do not write a checkpoint; the next start recovers from the log.",
)
def stop(data_dir: Path | None, *, immediate: bool) -> None:
    """Stop the server and wait until it has ended."""
    from prooftrail import embedded

    with _told():
        stopped = embedded.stop(data_dir, mode="immediate" if immediate else "fast")
    click.echo("PostgreSQL has stopped." if stopped else "PostgreSQL was not running.")


@db.command()
@_data_dir
@click.pass_context
def status(context: click.Context, data_dir: Path | None) -> None:
    """Tell whether the server runs; exit with 3 when it does not."""
    from prooftrail import embedded

    with _told():
        server = embedded.status(data_dir)
    if server is None:
        click.echo("PostgreSQL is stopped.")
        _show(data_dir=(data_dir or embedded.default_data_dir()).absolute())
        context.exit(NOT_RUNNING)
    click.echo("PostgreSQL is running.")
    _show(
        version=server.version,
        process=server.pid,
        port=server.port,
        socket_dir=server.socket_dir,
        data_dir=server.data_dir,
    )


@db.command()
@_data_dir
def url(data_dir: Path | None) -> None:
    """Print the superuser's connection URL, password included."""
    from prooftrail import embedded

    with _told():
        server = embedded.status(data_dir)
        if server is None:
            raise EmbeddedError("PostgreSQL is not running: run `prooftrail db start`")
    click.echo(server.url)


def _show(**facts: object) -> None:
    for name, value in facts.items():
        click.echo(f"  {name.replace('_', ' '):<10} {value}")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Shows an error as its message; click exits with 1."""
    try:
        yield
    except EmbeddedError as error:
        raise click.ClickException(str(error)) from error


command = db
