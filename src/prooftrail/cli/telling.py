"""Telling people, on a terminal, what contains text from a database.

Guarantees: what is printed here moves no cursor and turns no writing around, whatever
somebody wrote into a name, a key or a note of the database.
"""

from __future__ import annotations

import click


def tell(text: str, *, err: bool = True) -> None:
    """Print lines, on standard error unless told otherwise."""
    from prooftrail.core.harmless import harmless

    for line in text.split("\n"):
        click.echo(harmless(line), err=err)
