"""`prooftrail sign`: run the signer.

Guarantees: a log that does not extend what was signed is told, by stream and entry,
and an anchor that fails likewise; neither stops it for the others. It exits 1 when a
log still does not fit at its end, and with --once also when an anchor did not get
all: whoever runs it by the clock looks at nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prooftrail.cli import places, service
from prooftrail.cli.telling import tell

if TYPE_CHECKING:
    from prooftrail.sign.signed import Signed


@click.command("sign")
@click.option("--once", is_flag=True, help="Sign all that is there and exit.")
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Append every checkpoint to a file there: a mounted share, another machine's "
    "disk. One directory for one database: verification takes the streams of another "
    "one for streams that were deleted. May be given more than once; DIR must exist.",
)
@places.key_file_option
@places.state_dir_option
def command(
    anchors: tuple[Path, ...], key_file: Path, state_dir: Path, *, once: bool
) -> None:
    """Sign checkpoints of the log, and anchor them.

    Runs until it is interrupted: a checkpoint every 1,000 entries or 5 seconds, and a
    heartbeat every minute when nothing happens. A stream whose log does not fit is not
    signed and told every minute; the others are. Works as the signer
    (PROOFTRAIL_SIGNER_DSN, or PROOFTRAIL_DSN).

    Exits 1 when a log did not fit, and with --once also when an anchor did not get all
    that was signed.
    """
    import time

    from prooftrail.errors import AnchorError
    from prooftrail.sign.anchor import Anchor
    from prooftrail.sign.signer import Signer
    from prooftrail.sign.state import SignerStates
    from prooftrail.signing.keys import load_master_key
    from prooftrail.store import connect

    master = load_master_key(key_file)
    if state_dir == places.default_state_dir():
        places.make_home()
    with SignerStates.open(state_dir) as states:

        def open_signer() -> Signer:
            return Signer(
                lambda: connect.connect("signer", autocommit=True),
                keys=master,
                states=states,
                anchors=[Anchor(directory) for directory in anchors],
                clock=lambda: time.time_ns() // 1000,
            )

        if once:
            signer = open_signer()
            try:
                done = signer.once(_tell_all)
            finally:
                signer.close()
            if done.unanchored:
                raise AnchorError(
                    "not all that is signed is anchored: see the warnings, and run "
                    "this again; what an anchor missed is made up for"
                )
            return
        service.serve("signing", open_signer, _tell)


def _tell(done: Signed) -> None:
    for refused in done.refused:
        tell(f"not signed: {refused}")
    _tell_signed(done)


def _tell_signed(done: Signed) -> None:
    for warning in done.warnings:
        tell(f"warning: {warning}")
    newest = {made.stream: made for made in done.checkpoints}
    for stream, made in newest.items():
        count = sum(other.stream == stream for other in done.checkpoints)
        more = f" ({count} checkpoints)" if count > 1 else ""
        what = "heartbeat at" if made.heartbeat else "signed"
        tell(f"{stream}: {what} {made.size:,} entries{more}")


def _tell_all(done: Signed) -> None:
    _tell_signed(done)  # what was refused comes as the error at the end
    made = len(done.checkpoints)
    told = f"signed {made:,} checkpoint{'' if made == 1 else 's'}"
    if not made and not done.refused:
        told = "nothing new to sign"
    if done.anchored:
        told += f", appended {done.anchored:,} to anchors"
    click.echo(told)
