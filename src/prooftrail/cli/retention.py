"""`prooftrail retention`: how long entries are kept, of which class, on which ground.

Guarantees: a policy and the event that tells of it are one transaction; a minimum gets
shorter only where that is confirmed; nothing here drops anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prooftrail.cli import closing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prooftrail import Recorder
    from prooftrail.retention.render import Scope
    from prooftrail.store.retention import Stored
    from prooftrail.store.streams import Stream


@click.group("retention")
def command() -> None:
    """How long entries are kept: policies by class of actions, with their basis.

    Without a policy it is 7 years. Nothing can be dropped yet. A month that ended can
    be sealed: that it was verified then, and what it held, is an event.
    """


command.add_command(closing.command)


@command.command("show")
@click.option("--stream", "name", help="Only what holds for this stream.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(name: str | None, *, as_json: bool) -> None:
    """Show what holds for each class, its basis and its conflicts.

    Works as the verifier (PROOFTRAIL_VERIFIER_DSN, or PROOFTRAIL_DSN).
    """
    import json

    from prooftrail.cli.telling import tell
    from prooftrail.retention import render
    from prooftrail.store import connect, retention, streams

    connection = connect.connect("verifier", autocommit=True)
    try:
        registered = streams.read(connection)
        stored = retention.read(connection)
    finally:
        connection.close()
    if name is not None:
        scopes = [_scope(stored, _named(registered, name)[0].name)]
    else:
        own = {one.stream for one in stored}
        names = [one.name for one in registered if one.name in own]
        scopes = [_scope(stored, None), *(_scope(stored, one) for one in names)]
    if as_json:
        told = [render.scope_json(scope) for scope in scopes]
        click.echo(json.dumps({"scopes": told, "canDrop": False}, indent=2))
        return
    for scope in scopes:
        tell(scope.title, err=False)
        heads = ("class", "keep at least", "because of", "at hand", "keep at most")
        _table(heads, render.rows(scope.policy))
        tell("\n".join(render.remarks(scope.policy)) + "\n", err=False)
    click.echo(render.NO_DROP)


@command.command("set")
@click.option(
    "--class",
    "glob",
    default="*",
    show_default=True,
    metavar="GLOB",
    help="The class: actions that it fits, such as auth.* or customer.pii.*",
)
@click.option(
    "--framework",
    "frameworks",
    multiple=True,
    metavar="NAME",
    help="A preset, such as SOC2; may be repeated: the longest minimum wins.",
)
@click.option("--keep", metavar="PERIOD", help="At least so long: 7y, 13mo, 90d.")
@click.option("--max", "most", metavar="PERIOD", help="At most so long.")
@click.option(
    "--legal-obligation",
    metavar="TEXT",
    help="The duty for which entries are kept longer than a maximum allows.",
)
@click.option("--clear", is_flag=True, help="State nothing for this class any more.")
@click.option("--stream", "name", help="A policy of this stream's own.")
@click.option("--shorten", is_flag=True, help="Confirm that a minimum gets shorter.")
def set_(
    glob: str,
    frameworks: tuple[str, ...],
    keep: str | None,
    most: str | None,
    legal_obligation: str | None,
    name: str | None,
    *,
    clear: bool,
    shorten: bool,
) -> None:
    """State anew what holds for one class; the other classes stay as they are.

    For all streams that have no policy of their own, or with --stream for one, which
    then has its own: it begins with what held, and later changes for all no longer
    reach it. The event prooftrail.retention.set is recorded in each stream that it is
    for, in one transaction with the policy: neither is there without the other.

    Works as the administrator (PROOFTRAIL_DSN).
    """
    from prooftrail.cli import caller
    from prooftrail.cli.stream import registered
    from prooftrail.cli.telling import tell
    from prooftrail.errors import ConfigurationError
    from prooftrail.retention import policy, render, setting
    from prooftrail.retention.period import parse
    from prooftrail.store import connect

    stated = bool(frameworks or keep or most or legal_obligation)
    if stated == clear:
        raise click.UsageError(
            "state what is to hold (--framework, --keep, --max, --legal-obligation), "
            "or --clear"
        )
    rule = policy.check(
        policy.Rule(
            glob,
            frameworks,
            None if keep is None else parse(keep),
            None if most is None else parse(most),
            legal_obligation,
        )
    )
    there = registered()
    concerned = there if name is None else _named(there, name)
    if not concerned:
        raise ConfigurationError(
            "there is no stream to record it in: prooftrail stream create main"
        )
    connection = connect.connect(None, autocommit=True)
    try:
        stored = _stored()
        before = _scope(stored, name)
        after = before.policy.replace(rule)
        if after == before.policy:
            click.echo("Nothing was to be done: this is what holds already.")
            return
        change = setting.check(before, after, shorten=shorten)
        if name is None:
            own = {one.stream for one in stored}
            concerned = [one for one in there if one.name not in own] or there
        made = setting.add(
            connection,
            change,
            _recorder(),
            actor=f"os:{caller.user()}",
            streams=[stream.name for stream in concerned],
            expected=stored[-1].id if stored else None,
        )
    finally:
        connection.close()
    whose = render.ALL_STREAMS if name is None else f"stream {name}"
    tell(f"Set policy {made.id} for {whose}.", err=False)
    for line in change.lines():
        tell(f"  {line}", err=False)
    names = ", ".join(stream.name for stream in concerned)
    tell(f"Recorded {setting.ACTION} in: {names}.", err=False)


@command.command("plan")
@click.option("--stream", "name", help="Only this stream.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan(name: str | None, *, as_json: bool) -> None:
    """Tell what each month holds, and when it could be dropped at the earliest.

    By recordedAt, as partitions are. Nothing can be dropped yet. Counts come from
    indexes; no event is read. Works as the verifier (PROOFTRAIL_VERIFIER_DSN, or
    PROOFTRAIL_DSN).
    """
    import json
    import time
    from datetime import UTC, datetime

    from prooftrail.cli.telling import tell
    from prooftrail.retention import render
    from prooftrail.retention.plan import plan as planned
    from prooftrail.store import connect, retention, streams

    today = datetime.fromtimestamp(time.time(), UTC).date()
    connection = connect.connect("verifier", autocommit=True)
    try:
        registered = streams.read(connection)
        if name is not None:
            registered = _named(registered, name)
        stored = retention.read(connection)
        plans = [
            (
                stream.name,
                planned(
                    _scope(stored, stream.name).policy,
                    retention.held(connection, stream.number),
                ),
            )
            for stream in registered
        ]
    finally:
        connection.close()
    if as_json:
        told = [render.plan_json(one, months, today) for one, months in plans]
        click.echo(json.dumps({"streams": told, "canDrop": False}, indent=2))
        return
    for one, months in plans:
        tell(f"stream {one}" + ("" if months else ": no entries"), err=False)
        if months:
            heads = ("recorded", "class", "entries", "earliest", "what holds it")
            _table(heads, render.plan_rows(months, today))
    click.echo(render.NO_DROP)


def _scope(stored: Sequence[Stored], stream: str | None) -> Scope:
    from prooftrail.retention import policy, writing
    from prooftrail.retention.render import Scope
    from prooftrail.store import retention

    newest = retention.newest(stored, stream)
    held = policy.UNSET if newest is None else writing.read(newest.policy)
    return Scope(stream, held, newest)


def _named(registered: Sequence[Stream], name: str) -> list[Stream]:
    from prooftrail.errors import ConfigurationError

    found = [stream for stream in registered if stream.name == name]
    if not found:
        raise ConfigurationError(
            f"there is no stream {name[:80]!r}: prooftrail stream list shows them"
        )
    return found


def _stored() -> list[Stored]:
    """Read the policies as the verifier: the administrator himself may not."""
    from prooftrail.store import connect, retention

    dsn, _ = connect.dsn_of(None)
    connection = connect.connect("verifier", dsn=dsn, autocommit=True)
    try:
        return retention.read(connection)
    finally:
        connection.close()


def _recorder() -> Recorder:
    import os
    import time

    import prooftrail
    from prooftrail.store import connect

    return prooftrail.Recorder(
        lambda: connect.connect("writer"),
        clock=lambda: time.time_ns() // 1000,
        random=os.urandom,
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from prooftrail.core.harmless import harmless

    table = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(harmless(cell)) for cell in row))
    Console(highlight=False).print(table)
