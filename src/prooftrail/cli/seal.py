"""``prooftrail seal``: run the sealer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prooftrail.cli import service

if TYPE_CHECKING:
    from prooftrail.seal.sealed import Sealed


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

    def told(done: Sealed) -> None:
        for warning in done.warnings:
            click.echo(f"warning: {warning}", err=True)
        if done.any:
            click.echo(_line(done), err=True)

    if once:
        sealer = open_sealer()
        try:
            sealer.drain(lambda done: click.echo(_line(done)))
        finally:
            sealer.close()
        return
    service.serve("sealing", open_sealer, told)


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
