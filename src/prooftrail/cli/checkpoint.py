"""`prooftrail checkpoint`: the newest checkpoint, or the keys that verify it.

Guarantees: standard output has the signed note, byte for byte, or the keys one a line,
and nothing else. A row of the database that is no note, or a key with a character that
does not print, is refused and not shown. Does not check the signature: `prooftrail
verify` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prooftrail.errors import ConfigurationError, DatabaseError, FormatError

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
    from prooftrail.core.checkpoint import parse_checkpoint
    from prooftrail.core.note import parse_note
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
        _print(stream, "\n".join(stream.keys) + "\n")
        return
    if row is None:
        raise ConfigurationError(
            f"stream {stream.name!r} has no checkpoint yet: run prooftrail sign --once"
        )
    try:
        parse_checkpoint(parse_note(row.note).text)
    except FormatError as error:
        raise _altered(stream) from error
    _print(stream, row.note)


def _print(stream: Stream, text: str) -> None:
    if not all(line.isprintable() for line in text.split("\n")):
        raise _altered(stream)
    click.echo(text, nl=False)


def _altered(stream: Stream) -> DatabaseError:
    return DatabaseError(
        f"stream {stream.name!r}: its keys, or its newest checkpoint, are none: "
        "somebody altered them in the database. Run prooftrail verify --anchor DIR"
    )


def _choose(there: list[Stream], name: str | None) -> Stream:
    found = [stream for stream in there if name in (None, stream.name)]
    if len(found) == 1:
        return found[0]
    if not there:
        raise ConfigurationError("there is no stream yet: run prooftrail init")
    names = ", ".join(stream.name for stream in there)
    told = "there are several streams" if name is None else f"no stream is {name!r}"
    raise ConfigurationError(f"{told}: name one with --stream ({names})")
