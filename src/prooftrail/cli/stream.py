"""`prooftrail stream`: create and list streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prooftrail.cli import places

if TYPE_CHECKING:
    from pathlib import Path

    from prooftrail.store.streams import Stream


@click.group("stream")
def command() -> None:
    """Streams: independent chains, one a tenant, region or environment."""


@command.command("create")
@click.argument("name")
@click.option(
    "--origin",
    "base",
    metavar="BASE",
    help="First part of the name under which its checkpoints are signed, such as "
    "audit.example.com; by default as the first stream's.",
)
@places.key_file_option
@click.option(
    "--without-keys",
    is_flag=True,
    help="State no keys in entry 0: for where the key file lies on another machine.",
)
def create(name: str, base: str | None, key_file: Path, *, without_keys: bool) -> None:
    """Create the stream NAME; the sealer writes its entry 0.

    Works as the administrator (PROOFTRAIL_DSN).
    """
    import os

    from prooftrail.sign.registering import create_stream
    from prooftrail.signing.keys import load_master_key
    from prooftrail.store import connect, streams

    master = None if without_keys else load_master_key(key_file)
    connection = connect.connect(None, autocommit=True)
    try:
        if base is None:
            there = registered()
            base = there[0].base if there else streams.BASE
        made = create_stream(
            connection, name, base=base, master=master, random=os.urandom
        )
    finally:
        connection.close()
    click.echo(f"Created stream {made.name!r}; its checkpoints are of {made.origin}")
    if made.keys:
        click.echo("Its public keys, for whoever verifies:")
        for key in made.keys:
            click.echo(f"  {key}")
    click.echo(
        "Next: a sealer that runs takes it up within a second; otherwise run "
        "prooftrail seal."
    )


@command.command("list")
def list_() -> None:
    """List the streams: name, entries signed, origin.

    Works as the verifier (PROOFTRAIL_VERIFIER_DSN, or PROOFTRAIL_DSN).
    """
    from prooftrail.core.harmless import harmless
    from prooftrail.store import checkpoints, connect, streams

    connection = connect.connect("verifier", autocommit=True)
    try:
        found = [
            (stream, checkpoints.newest(connection, stream.number))
            for stream in streams.read(connection)
        ]
    finally:
        connection.close()
    if not found:
        click.echo("There is no stream yet: prooftrail stream create main", err=True)
        return
    wide = max(len(stream.name) for stream, _ in found)
    for stream, row in found:
        signed = f"signed to {row.size:,}" if row else "not signed"
        keys = "" if stream.keys else "  (states no keys)"
        line = f"{stream.name:<{wide}}  {signed:<18}  {stream.origin}{keys}"
        click.echo(harmless(line))


def registered() -> list[Stream]:
    """Read the registry as the verifier: the administrator himself may not."""
    from prooftrail.store import connect, streams

    dsn, _ = connect.dsn_of(None)
    connection = connect.connect("verifier", dsn=dsn, autocommit=True)
    try:
        return streams.read(connection)
    finally:
        connection.close()
