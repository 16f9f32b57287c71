"""``prooftrail keep``: run the keeper.

Guarantees: what did not fit its event is told, by reason and number, and never a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prooftrail.cli import keeping, places, service
from prooftrail.cli.telling import tell

if TYPE_CHECKING:
    from pathlib import Path

    from prooftrail.keep.keeper import Keeper, Kept


@click.command("keep")
@click.option("--once", is_flag=True, help="Open what waits and exit.")
@places.keeper_dir_option
@places.epoch_keys_option
def command(keeper_dir: Path, epoch_keys: Path, *, once: bool) -> None:
    """Open envelopes of personal values, and keep these encrypted.

    Runs until it is interrupted. Makes the epoch keys of the next 14 days, publishes
    their public halves, and destroys the private ones a week after their day. What
    does not fit its event is stated in the log by the sealer.

    The directory holds master.key, which needs a backup apart from the database's
    (without it no value can be opened), and epochs, which must have none. Works as the
    keeper (PROOFTRAIL_KEEPER_DSN, or PROOFTRAIL_DSN).
    """
    if places.default_keeper_dir() == keeper_dir:
        places.make_home()

    def open_keeper() -> Keeper:
        return keeping.open_keeper(keeper_dir, epoch_keys)

    if not once:
        service.serve("keeping", open_keeper, _tell)
        return
    keeper = open_keeper()
    try:
        done = keeper.drain()
    finally:
        keeper.close()
    for line in _lines(done) or ["nothing waits to be kept"]:
        click.echo(line)


def _tell(done: Kept) -> None:
    for line in _lines(done):
        tell(line)


def _lines(done: Kept) -> list[str]:
    lines = []
    if done.made:
        lines.append("published epoch keys")
    if done.destroyed:
        lines.append(f"destroyed {done.destroyed:,} epoch keys whose time is over")
    if done.envelopes:
        lines.append(f"kept {done.values:,} values of {done.envelopes:,} envelopes")
    lines += [
        f"warning: {count:,} events where {reason}: stated in the log as "
        "trail.keeper.mismatch"
        for reason, count in sorted(done.misfits.items())
    ]
    return lines
