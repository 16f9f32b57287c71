"""``prooftrail key``: create, list and revoke API keys; make the key for reports.

Guarantees: a token is shown once, on standard output and nowhere else, and kept as a
digest; making and revoking a key stand in the trail.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prooftrail.cli import granting
from prooftrail.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.store.connect import Connection
    from prooftrail.store.keys import Key

ROLES = ("writer", "auditor", "security", "admin")


@click.group("key")
def command() -> None:
    """API keys: who may write events, or read them, over HTTP; the key for reports."""


@command.command("create")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What it may do.")
@click.option(
    "--stream",
    "streams",
    multiple=True,
    metavar="NAME",
    help="Limit it to this stream; may be repeated. Without it, all streams.",
)
@click.option("--from", "since", metavar="TIME", help="Event times that it may see.")
@click.option("--to", "until", metavar="TIME", help="Event times before this.")
@click.option(
    "--expires",
    default="90d",
    show_default=True,
    metavar="SPAN",
    help="For how long it is good: 12h, 90d.",
)
def create(
    name: str,
    role: str,
    streams: tuple[str, ...],
    since: str | None,
    until: str | None,
    expires: str,
) -> None:
    """Make a key for NAME: a person, or a program.

    Prints the token, once: it is kept nowhere. A writer writes; an auditor reads and
    verifies; security does that and sees metrics; an admin does all of it.

    Works as the administrator (PROOFTRAIL_DSN).
    """
    import os
    from contextlib import closing
    from typing import cast

    from prooftrail.access import tokens
    from prooftrail.search import values
    from prooftrail.store import connect, keys

    token = tokens.make(os.urandom)
    with (
        closing(connect.connect(None, autocommit=True)) as connection,
        keys.told(connection, _recording("admin.apikey.create")) as note,
    ):
        made = keys.create(
            connection,
            name=name,
            role=cast("keys.Role", role),
            token_hash=tokens.digest(token),
            expires_at=granting.now() + granting.span("--expires", expires),
            names=streams or None,
            from_us=keys.FIRST_US if since is None else values.instant("--from", since),
            to_us=keys.LAST_US if until is None else values.instant("--to", until),
        )
        note(made)
    tell(f"Key {made.id} for {made.name}: {role}, {_limits(made)}, until", err=True)
    tell(f"{made.expires_at:%Y-%m-%d %H:%M} UTC. This is its token, shown once:")
    click.echo(token)


@command.command("report")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Whose reports it signs, as shown in them.")
def report(path: Path, name: str) -> None:
    """Make the key that signs reports, in a new file PATH of mode 0600.

    Prints its certificate. Give that to whoever gets reports, by another way than
    theirs: prooftrail verify --report FILE --certificate PEM compares with it. The key
    signs nothing of the log, and PROOFTRAIL_REPORT_KEY names it.
    """
    import os
    import time

    from prooftrail.signing import report_key

    made = report_key.create(path, name, os.urandom, time.time_ns() // 1000)
    click.echo(made.certificate_pem().decode(), nl=False)


@command.command("list")
def listed() -> None:
    """List all keys, without their tokens.

    Works as the administrator (PROOFTRAIL_DSN).
    """
    from contextlib import closing

    from rich.console import Console
    from rich.table import Table

    from prooftrail.core.harmless import harmless
    from prooftrail.store import connect, keys

    with closing(connect.connect(None, autocommit=True)) as connection:
        found = keys.read(connection)
    if not found:
        click.echo("There are no keys: prooftrail key create NAME --role auditor")
        return
    table = Table("key", "name", "role", "sees", "until", "state", box=None)
    for key in found:
        table.add_row(
            str(key.id),
            harmless(key.name),
            key.role,
            _limits(key),
            f"{key.expires_at:%Y-%m-%d}",
            key.state(granting.now()),
        )
    Console(markup=False, highlight=False).print(table)


@command.command("revoke")
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
def revoke(number: int) -> None:
    """Revoke the key of this NUMBER, at once and for ever.

    Reading ends with the next request, writing within five seconds. Works as the
    administrator (PROOFTRAIL_DSN).
    """
    from contextlib import closing

    from prooftrail.store import connect, keys

    with (
        closing(connect.connect(None, autocommit=True)) as connection,
        keys.told(connection, _recording("admin.apikey.revoke")) as note,
    ):
        done = note(keys.revoke(connection, number))
    tell(f"Key {done.id} for {done.name} opens nothing any more.", err=False)


def _limits(key: Key) -> str:
    from prooftrail.core import instants
    from prooftrail.store.keys import FIRST_US, LAST_US

    told = "all streams" if key.streams is None else ", ".join(key.streams)
    if key.from_us > FIRST_US:
        told += f" from {instants.text(key.from_us)}"
    if key.to_us < LAST_US:
        told += f" before {instants.text(key.to_us)}"
    return told


def _recording(action: str) -> Callable[[Connection, Key], None]:
    """Return what records, in a key's own transaction, that it was made or revoked.

    In each stream that it opens, and there nothing of another stream.
    """
    import os
    import time

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.cli import caller
    from prooftrail.cli.stream import registered
    from prooftrail.store import inbox

    recorder = Recorder(
        inbox.open_writer, clock=lambda: time.time_ns() // 1000, random=os.urandom
    )

    def tell(connection: Connection, key: Key) -> None:
        event_id = recorder.new_id()
        for name in key.streams or [stream.name for stream in registered()]:
            alone = key if key.streams is None else key._replace(streams=(name,))
            recorder.record(
                event_id=event_id,
                action=action,
                actor={"type": "user", "userId": f"os:{caller.user()}"},
                resource={"type": "api_key", "id": str(key.id), "name": key.name},
                details={"role": key.role, "sees": _limits(alone)},
                result="success",
                stream=name,
                connection=connection,
            )

    return tell
