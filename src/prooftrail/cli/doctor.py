"""``prooftrail doctor``: look at the installation and say what to do.

Guarantees: what a person sees has no control character from the database in it; with
--json the output is one object whatever happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from prooftrail.doctor import Check

FAILED = 1
NO_CONNECTION = 2

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red", "note": "cyan"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, *, as_json: bool) -> None:
    """Look at the installation and say what to do.

    Checks connection, versions, logins and grants, row security, triggers, partitions,
    clocks, unsealed events, quarantine and checkpoints, and names who could still
    cheat. Works as the verifier (PROOFTRAIL_VERIFIER_DSN, or PROOFTRAIL_DSN) and
    changes nothing.

    Exits 0 when nothing fails (warnings and notes allowed), 1 when something does, 2
    when it cannot look.
    """
    import time

    from prooftrail import doctor
    from prooftrail.errors import ProoftrailError
    from prooftrail.store import connect

    def clock() -> int:
        return time.time_ns() // 1000

    try:
        link = connect.connect("verifier", autocommit=True)
        try:
            checks = doctor.examine(link, clock=clock)
        finally:
            link.close()
    except ProoftrailError as error:
        refused = doctor.Check("connection", "fail", str(error))
        _show([refused], as_json=as_json)
        context.exit(NO_CONNECTION)
    _show(checks, as_json=as_json)
    if doctor.failed(checks):
        context.exit(FAILED)


def _show(checks: list[Check], *, as_json: bool) -> None:
    import sys

    if as_json:
        click.echo(_json(checks))
    elif sys.stdout.isatty():
        _paint(checks)
    else:
        for check in checks:
            state, name = check.state, check.name
            for line in _lines(check):
                click.echo(f"{state:<5} {name:<17} {line}")
                state, name = "", ""  # type: ignore[assignment]
        click.echo(_sum(checks))


def _json(checks: list[Check]) -> str:
    import json

    found = [
        {
            "name": check.name,
            "state": check.state,
            "told": check.told,
            "remedy": check.remedy,
        }
        for check in checks
    ]
    fine = not any(check.state == "fail" for check in checks)
    return json.dumps({"ok": fine, "checks": found}, indent=2)


def _paint(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for check in checks:
        table.add_row(
            Text(check.state, _STYLES[check.state]),
            Text(check.name),
            Text("\n".join(_lines(check))),
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(Text(_sum(checks)))


def _lines(check: Check) -> list[str]:
    from prooftrail.core.harmless import harmless

    lines = [harmless(line) for line in check.told.splitlines()]
    if check.remedy:
        lines.append("-> " + harmless(check.remedy))
    return lines


def _sum(checks: list[Check]) -> str:
    fails = sum(check.state == "fail" for check in checks)
    warns = sum(check.state == "warn" for check in checks)
    if not fails and not warns:
        return "\nNothing to do."
    parts = []
    if fails:
        parts.append(f"{fails} failed")
    if warns:
        parts.append(f"{warns} {'warning' if warns == 1 else 'warnings'}")
    return "\n" + ", ".join(parts) + "."
