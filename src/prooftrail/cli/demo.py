"""``prooftrail demo``: all of it, on a database of its own, in under a minute."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("demo")
@click.option(
    "--import",
    "imports",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="CloudTrail files, or directories of them, to import besides.",
)
@click.option("--keep", is_flag=True, help="Keep the database running afterwards.")
@click.option("--seed", default=7, show_default=True, help="Of the scenario.")
def command(*, imports: tuple[Path, ...], keep: bool, seed: int) -> None:
    """Record, seal, sign and verify a day; then alter it as a superuser.

    Starts an embedded PostgreSQL of its own, and removes it at the end. Exits 0 when
    every step ended as it must.
    """
    import time

    from prooftrail.demo import stage
    from prooftrail.demo.day import Day

    stage.run(Day(time.time_ns() // 1000, seed, _files(imports)), keep=keep)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.json*")) if path.is_dir() else [path]
    return found
