"""``prooftrail erase``: destroy the key of a person's values.

Guarantees: asks before it does, and records it; the log stays whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prooftrail.cli import keeping, places

if TYPE_CHECKING:
    from pathlib import Path


@click.command("erase")
@click.argument("subject")
@click.option("--reason", required=True, help="Why; it is recorded.")
@click.option(
    "--stream", default="main", show_default=True, help="Where it is recorded."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@places.keeper_dir_option
@places.epoch_keys_option
def command(
    subject: str,
    reason: str,
    stream: str,
    keeper_dir: Path,
    epoch_keys: Path,
    *,
    yes: bool,
) -> None:
    """Destroy the key under which the values of SUBJECT are kept, for ever.

    Nobody can reveal or look them up then; the events stay, their proofs hold, and
    verification says the same as before. Envelopes that wait are kept first, so that
    they go, too; what is not sealed yet, or recorded later, is kept under a new key.

    Works as the keeper (PROOFTRAIL_KEEPER_DSN) and as the writer
    (PROOFTRAIL_WRITER_DSN), or as both by PROOFTRAIL_DSN.
    """
    from contextlib import closing

    from prooftrail.keep import revealing
    from prooftrail.store import connect

    if not yes:
        click.confirm(
            f"Destroy the key of {subject!r}? This cannot be undone", abort=True
        )
    keeper = keeping.open_keeper(keeper_dir, epoch_keys)
    try:
        keeper.drain()
    finally:
        keeper.close()
    with (
        closing(connect.connect("keeper", autocommit=True)) as connection,
        keeping.recording(stream) as record,
    ):
        done = revealing.erase(
            connection, subject, actor=keeping.actor(), reason=reason, record=record
        )
    click.echo(f"erased: {done.values:,} values can be opened by nobody now")
