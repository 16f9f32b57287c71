"""``prooftrail catalog``: which event types there are, and what each must say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDE = 160  # columns; the longest line has less


@click.command("catalog")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--all", "every", is_flag=True, help="With the product's own types, and families."
)
@click.option(
    "--import",
    "modules",
    multiple=True,
    metavar="MODULE",
    help="Import it first, for the types that it declares; may be repeated.",
)
def command(
    name: str | None, modules: tuple[str, ...], *, as_json: bool, every: bool
) -> None:
    """List the event types: the 47 that are built in, and declared ones.

    With NAME, tell everything of one. What a policy means, and where a detail may
    stand instead, is in docs/reference/catalog.md. Needs no database.
    """
    import json

    from prooftrail.catalog import all_types, registry, render, resolve
    from prooftrail.catalog.families import FAMILIES
    from prooftrail.cli.telling import tell

    for module in modules:
        _load(module)
    if name is not None:
        found = resolve(name)
        if as_json:
            click.echo(json.dumps(render.as_json(found), indent=2))
        else:
            tell("\n".join(render.lines(found)), err=False)
        return
    types = [*all_types(), *(registry.PRODUCT.values() if every else ())]
    families = FAMILIES if every else ()
    if as_json:
        told: dict[str, object] = {"types": [render.as_json(one) for one in types]}
        if every:
            told["families"] = [render.family_json(one) for one in families]
        click.echo(json.dumps(told, indent=2))
        return
    rows = [*map(render.row, types), *map(render.family_row, families)]
    _table(render.HEADS, rows)


def _load(module: str) -> None:
    """Import a module of the application, as `python -m` would find it."""
    import importlib
    import sys

    from prooftrail.errors import ConfigurationError

    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            f"--import {module}: {error}; call it where the module can be imported"
        ) from error


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from prooftrail.core.harmless import harmless

    table = Table(box=None, pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(harmless(cell)) for cell in row))
    # in a file or a pipe each type is a line, for grep
    width = None if sys.stdout.isatty() else WIDE
    Console(highlight=False, width=width).print(table)
