"""``prooftrail reveal``: show one personal value, which is recorded.

Guarantees: the value is printed on standard output alone, and only once the event is
durable; nothing that it holds moves a terminal's cursor.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from prooftrail.cli import keeping, places
from prooftrail.cli.telling import tell

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID


@click.command("reveal")
@click.argument("event", metavar="EVENT", type=click.UUID)
@click.argument("pointer")
@click.option("--reason", required=True, help="Why it is to be seen; it is recorded.")
@click.option("--stream", default="main", show_default=True, help="The event's stream.")
@places.keeper_dir_option
def command(
    event: UUID, pointer: str, reason: str, stream: str, keeper_dir: Path
) -> None:
    """Show the value that is protected at POINTER (/actor/email) in an EVENT.

    It is compared with the commitment in the log first. That it was shown, to whom and
    why is an event, prooftrail.reveal, before anything is printed.

    Works as the keeper (PROOFTRAIL_KEEPER_DSN) and as the writer
    (PROOFTRAIL_WRITER_DSN), or as both by PROOFTRAIL_DSN.
    """
    from contextlib import closing

    from prooftrail.core import normal
    from prooftrail.keep import revealing
    from prooftrail.store import connect

    with closing(connect.connect("keeper", autocommit=True)) as connection:
        keys = keeping.keys(connection, keeper_dir)
        asked = revealing.Asked(stream, event, pointer, keeping.actor(), reason)
        with keeping.recording(stream) as record:
            found = revealing.reveal(connection, keys, asked, record)
    value = normal.unescape(found.value)
    tell(value if isinstance(value, str) else json.dumps(value, default=str), err=False)
