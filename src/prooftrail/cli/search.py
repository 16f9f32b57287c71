"""``prooftrail search``: what the API answers, on a terminal or into a file.

Guarantees: pages are fetched one after another as of the first one, so that memory
stays flat and each event comes once; what a person or a spreadsheet opens is harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prooftrail.cli.reader import Reader
    from prooftrail.search.parameters import Filters

FORMATS = ("table", "json", "jsonl", "csv")
SHOWN = 50  # events where nobody says how many
PAGE = 500


@click.command("search")
@click.argument("query", nargs=-1)
@click.option("--actor", multiple=True, metavar="ID", help="The actor's userId.")
@click.option("--role", multiple=True, metavar="NAME", help="The actor's role.")
@click.option(
    "--action",
    multiple=True,
    metavar="GLOB",
    help="An action; * stands for any characters ('customer.pii.*').",
)
@click.option(
    "--resource",
    multiple=True,
    metavar="ID",
    help="An id: of the resource, or of a person whose data was touched.",
)
@click.option("--resource-type", multiple=True, metavar="TYPE", help="Its type.")
@click.option(
    "--result",
    multiple=True,
    type=click.Choice(("success", "failure", "denied")),
    help="How it ended.",
)
@click.option("--ip", multiple=True, metavar="NET", help="An address or a network.")
@click.option("--pii/--no-pii", default=None, help="Whether personal data was touched.")
@click.option("--stream", multiple=True, metavar="NAME", help="Only in this stream.")
@click.option("--from", "since", metavar="TIME", help="The event's own time, from.")
@click.option("--to", "until", metavar="TIME", help="The event's own time, before.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=SHOWN,
    show_default=True,
    help="Events at most.",
)
@click.option("--all", "every", is_flag=True, help="All of them, however many.")
@click.option("--count", "counting", is_flag=True, help="Only how many there are.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How they are printed.",
)
def command(
    *,
    query: tuple[str, ...],
    since: str | None,
    until: str | None,
    pii: bool | None,
    limit: int,
    every: bool,
    counting: bool,
    kind: str,
    **filters: tuple[str, ...],
) -> None:
    """Search the log: events that answer QUERY and all options, the newest first.

    QUERY is made of filters ('role:admin pii:yes during:last-month -actor:svc_*'), or
    is a plain phrase ('who exported customers last month'); see
    docs/reference/query-language.md. It is told back as it was understood. Put it in
    quotation marks, and -- before it where it begins with '-'.

    An option given twice asks for either. Times are the events' own, in UTC; a bare
    date is that day's start.

    Reads as the API key in PROOFTRAIL_KEY, by the reader (PROOFTRAIL_READER_DSN, or
    PROOFTRAIL_DSN); the search is recorded as audit.log.view, a file's worth of it
    (json, jsonl, csv) as audit.log.export.
    """
    from prooftrail.cli.querying import asking
    from prooftrail.cli.reader import Reader
    from prooftrail.search import lists

    given = [(name, value) for name, found in filters.items() for value in found]
    given += [("q", " ".join(query))] if query else []
    beside = {"from": since, "to": until}
    if pii is not None:
        beside["pii"] = "true" if pii else "false"
    given += [(name, value) for name, value in beside.items() if value is not None]
    with Reader() as reader:
        asked = asking(given, reader.streams)
        if counting:
            with reader.reading() as connection:
                found = lists.counts(connection, asked.question, reader.streams)
            _record(reader, asked, "audit.log.view", {}, count=found)
            total = sum(found.values())
            click.echo(f"{total:,}" if kind == "table" else _counted(kind, total))
            return
        _print(kind, _events(reader, asked, None if every else limit, kind))


def _counted(kind: str, count: int) -> str:
    """Return a count as the API gives it, or as a column."""
    return f"count\n{count}" if kind == "csv" else f'{{"count":{count}}}'


def _events(
    reader: Reader, asked: Filters, limit: int | None, kind: str
) -> Iterator[dict[str, Any]]:
    """Yield the events, each page of them recorded before it is printed."""
    from collections import Counter

    from prooftrail.search import lists
    from prooftrail.search.parameters import Paging

    cursor, left = None, limit
    action = "audit.log.view" if kind == "table" else "audit.log.export"
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        with reader.reading() as connection:
            page = lists.page(
                connection, asked.question, Paging(size, cursor), reader.streams
            )
        _record(
            reader,
            asked,
            action,
            {"continued": cursor is not None, "format": kind},
            rows=Counter(str(one["stream"]) for one in page.items),
        )
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
        left = None if left is None else left - size
    click.echo("There are more: --limit N, or --all.", err=True)


def _record(
    reader: Reader,
    asked: Filters,
    action: str,
    details: dict[str, Any],
    **counted: Mapping[str, int],
) -> None:
    numbers = asked.question.streams
    names = [
        name
        for name, number in reader.streams.items()
        if numbers is None or number in numbers
    ]
    each = {
        name: {what: found.get(name, 0) for what, found in counted.items()}
        for name in names
    }
    reader.record(action, names, {"filters": asked.told, **details}, each)


def _print(kind: str, found: Iterator[dict[str, Any]]) -> None:
    from prooftrail.search import items, printing

    if kind == "csv":
        click.echo(printing.csv_row(None), nl=False)
        for one in found:
            click.echo(printing.csv_row(printing.cells(one)), nl=False)
    elif kind == "jsonl":
        for one in found:
            click.echo(items.encode(one))
    elif kind == "json":
        click.echo("[", nl=False)
        for number, one in enumerate(found):
            click.echo(",\n " if number else "\n ", nl=False)
            click.echo(items.encode(one), nl=False)
        click.echo("\n]")
    else:
        none = True
        for one in found:
            none = False
            click.echo(printing.line(one))
        if none:
            click.echo("Nothing answers this search.", err=True)
