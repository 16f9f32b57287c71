"""`prooftrail checkpoint`: the newest checkpoint, or the keys that verify it.

Guarantees: standard output has the signed note, byte for byte, or the keys one a line,
and nothing else. Does not check the signature: `prooftrail verify` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from prooftrail.store.streams import Stream


@click.command("checkpoint")
@click.option("--stream", "name", help="Which stream; needed where there are several.")
@click.option(
    "--key", is_flag=True, help="Print the stream's public keys in place of the note."
)
def command(name: str | None, *, key: bool) -> None:
    """Print the newest checkpoint of a stream, as it was signed.

    Keep it anywhere that the database's administrators cannot reach, and compare later:
    prooftrail verify --checkpoint FILE --key VKEY. Works as the verifier
    (PROOFTRAIL_VERIFIER_DSN, or PROOFTRAIL_DSN).
    """
    from prooftrail.errors import ConfigurationError
    from prooftrail.store import checkpoints, connect, streams

    connection = connect.connect("verifier", autocommit=True)
    try:
        stream = _choose(streams.read(connection), name)
        row = checkpoints.newest(connection, stream.number)
    finally:
        connection.close()
    if key:
        if not stream.keys:
            raise ConfigurationError(
                f"stream {stream.name!r} states no keys: ask whoever runs its signer, "
                "which prints them when it starts"
            )
        click.echo("\n".join(stream.keys))
        return
    if row is None:
        raise ConfigurationError(
            f"stream {stream.name!r} has no checkpoint yet: run prooftrail sign --once"
        )
    click.echo(row.note, nl=False)


def _choose(there: list[Stream], name: str | None) -> Stream:
    from prooftrail.errors import ConfigurationError

    found = [stream for stream in there if name in (None, stream.name)]
    if len(found) == 1:
        return found[0]
    if not there:
        raise ConfigurationError("there is no stream yet: run prooftrail init")
    names = ", ".join(stream.name for stream in there)
    told = "there are several streams" if name is None else f"no stream is {name!r}"
    raise ConfigurationError(f"{told}: name one with --stream ({names})")
