"""Writes docs/reference/cli.md from the commands' own help: `make docs`, or `-`.

Guarantees: every command, argument and option stands there exactly as `--help` says,
so the reference cannot differ from the program; `test_docs` compares the two.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prooftrail import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"
WIDTH = 80

INTRODUCTION = """\
# Commands

Written from the commands' own help by `make docs`; a test holds the two together.

A command finds its database by the environment. With `PROOFTRAIL_DSN` alone, one
administrator's login, each command takes on the least role that it needs. In production
each of the trail's logins gets a password of its own instead, and its variable goes
first where it is set: `PROOFTRAIL_WRITER_DSN`, `PROOFTRAIL_SEALER_DSN`,
`PROOFTRAIL_SIGNER_DSN`, `PROOFTRAIL_VERIFIER_DSN` ([who may do what](privileges.md)).

Unless a command says otherwise it exits with 0 when it did what was asked, 1 when it
could not, 2 when the command line is wrong. What went wrong stands on standard error,
as one message that says what to do.
"""


def commands() -> dict[str, click.Command]:
    """Return the commands whose modules are there, by name."""
    found = {}
    context = click.Context(cli.main)
    absent = missing()
    for name in cli.COMMANDS:
        command = None if name in absent else cli.main.get_command(context, name)
        if command is not None:
            found[name] = command
    return found


def missing() -> list[str]:
    """Return the names that the help lists and no module serves."""
    return [
        name
        for name in cli.COMMANDS
        if importlib.util.find_spec(
            f"prooftrail.cli.{'importing' if name == 'import' else name}"
        )
        is None
    ]


def text() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    for name, command in commands().items():
        parts.extend(_section(command, f"prooftrail {name}", 2))
    return "\n".join(parts)


def _section(command: click.Command, path: str, level: int) -> Iterator[str]:
    context = click.Context(
        command,
        info_name=path,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    yield f"{'#' * level} {path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _section(inner, f"{path} {name}", level + 1)


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(text())
    else:
        PLACE.write_text(text())
        sys.stdout.write(f"wrote {PLACE.name}\n")
