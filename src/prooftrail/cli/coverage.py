"""``prooftrail coverage``: which routes of an application leave which events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from prooftrail.coverage.judging import Report

_NOT_THERE = 2


@click.command("coverage")
@click.argument("application", metavar="MODULE:APP")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--html",
    "html",
    type=click.Path(dir_okay=False, writable=True),
    metavar="FILE",
    help="Write a page, too.",
)
@click.option(
    "--allow-derived",
    is_flag=True,
    help="Accept routes that nobody mapped to an event type.",
)
def command(
    application: str, html: str | None, *, as_json: bool, allow_derived: bool
) -> None:
    """List every route, the events it leaves, the personal data it touches, its guard.

    MODULE:APP is an application of FastAPI, Starlette or Flask (MODULE:MAKE() calls a
    factory); for Django the module of settings, or MODULE:URLPATTERNS. It is imported,
    and not started. Needs no database.

    Exits 0 when covered; 1 when a route that changes something, or touches personal
    data, is neither captured nor excused with a reason, or when the table of routes
    names one that is not there; 2 when the application cannot be imported. Where any
    route is mapped to an event type, all that change something must be, and reads that
    a permission guards: --allow-derived accepts what is recorded under a derived name.
    """
    import json
    import sys
    from contextlib import redirect_stdout

    from prooftrail.cli.telling import tell
    from prooftrail.coverage import render
    from prooftrail.coverage.judging import judge
    from prooftrail.coverage.surveying import survey
    from prooftrail.errors import ProoftrailError

    try:
        with redirect_stdout(sys.stderr):  # an application may print while it loads
            found = survey(application)
    except ProoftrailError as error:
        tell(f"prooftrail: {error}")
        raise SystemExit(_NOT_THERE) from None
    report = judge(application, found, allow_derived=allow_derived)
    if html is not None:
        _write(html, report)
    if as_json:
        click.echo(json.dumps(render.as_json(report), indent=2))
    else:
        _print(report)
    raise SystemExit(report.exit_code)


def _write(html: str, report: Report) -> None:
    from datetime import UTC, datetime
    from pathlib import Path
    from time import time

    from prooftrail.coverage.page import page

    at = datetime.fromtimestamp(time(), UTC)
    Path(html).write_text(page(report, made_at=f"{at:%Y-%m-%d %H:%M} UTC"), "utf-8")


def _print(report: Report) -> None:
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from prooftrail.cli.telling import tell
    from prooftrail.core.harmless import harmless
    from prooftrail.coverage import render

    table = Table(box=None, pad_edge=False)
    for head in render.HEADS:
        table.add_column(head, overflow="fold")
    rows = [[harmless(cell) for cell in render.cells(one)] for one in report.rows]
    for row in rows:
        table.add_row(*map(Text, row))
    # in a file or a pipe each route is a line, for grep
    longest = [max((len(row[at]) for row in rows), default=0) for at in range(6)]
    width = None if sys.stdout.isatty() else sum(longest) + 40
    Console(highlight=False, width=width).print(table)
    click.echo()
    for finding in report.findings:
        tell(render.told(finding), err=False)
    tell(render.summed(report), err=False)
