"""``prooftrail alert``: alerts, and what is done about each.

Guarantees: as over HTTP: read as the key in PROOFTRAIL_KEY, and recorded; what is done
about an alert is an event of its stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from prooftrail.cli.reader import Reader
    from prooftrail.search.alerts import Alert


@click.group("alert")
def command() -> None:
    """Alerts that rules raised, and what was done about each.

    Works as the API key in PROOFTRAIL_KEY, by the reader and the writer
    (PROOFTRAIL_READER_DSN and PROOFTRAIL_WRITER_DSN, or PROOFTRAIL_DSN).
    """


@command.command("list")
@click.option("--from", "since", metavar="TIME", help="Raised from then on.")
@click.option("--to", "until", metavar="TIME", help="Raised before.")
@click.option("--during", metavar="PERIOD", help="In its place: 2026-Q1, last-month.")
@click.option("--stream", multiple=True, metavar="NAME", help="Only in this stream.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(
    *,
    since: str | None,
    until: str | None,
    during: str | None,
    stream: tuple[str, ...],
    as_json: bool,
) -> None:
    """List alerts, the newest first, at most 1,000; recorded as audit.log.view."""
    import json

    from prooftrail.cli.querying import asking
    from prooftrail.cli.reader import Reader
    from prooftrail.core.harmless import harmless
    from prooftrail.search import alerts

    given = [("stream", one) for one in stream]
    beside = (("from", since), ("to", until), ("q", during and f"during:{during}"))
    given += [(name, value) for name, value in beside if value]
    with Reader() as reader:
        asked = asking(given, reader.streams)
        with reader.reading() as connection:
            found = alerts.read(connection, asked.question, reader.streams)
        numbers = asked.question.streams
        names = [
            name
            for name, number in reader.streams.items()
            if numbers is None or number in numbers
        ]
        told = {"filters": asked.told, "answer": "alerts"}
        reader.record("audit.log.view", names, told)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=1))
        return
    for one in found.alerts:
        click.echo(harmless(_line(one)))
    if not found.alerts:
        click.echo("There are no alerts.", err=True)
    if found.more:
        click.echo("There are more: ask about less time.", err=True)


@command.command("acknowledge")
@click.argument("alert_id", metavar="ID", type=click.UUID)
@click.option("--comment", help="It is recorded.")
def acknowledge(alert_id: object, comment: str | None) -> None:
    """Say that an alert was seen. By keys of the roles security and admin."""
    from prooftrail.cli.reader import Reader, clock
    from prooftrail.search import alerts

    with Reader() as reader:
        found = _find(reader, str(alert_id))
        if found.acknowledged is not None:
            click.echo(f"It is acknowledged, by {found.acknowledged['by']}.", err=True)
            return
        event = alerts.acknowledging(found, clock(), comment)
        reader.tell(found.stream, event)
    click.echo(f"Acknowledged after {event['details']['seconds']} s.", err=True)


@command.command("dispose")
@click.argument("alert_id", metavar="ID", type=click.UUID)
@click.option(
    "--as",
    "disposition",
    required=True,
    type=click.Choice(("true positive", "false positive", "benign")),
    help="What it was.",
)
@click.option("--comment", required=True, help="Why. It is recorded.")
def dispose(alert_id: object, disposition: str, comment: str) -> None:
    """Say what an alert was; the last one counts. By keys of security and admin."""
    from prooftrail.cli.reader import Reader
    from prooftrail.search import alerts

    with Reader() as reader:
        found = _find(reader, str(alert_id))
        event = alerts.disposing(found, disposition, comment)
        reader.tell(found.stream, event)
    click.echo(f"Closed as {disposition}.", err=True)


def _find(reader: Reader, alert_id: str) -> Alert:
    from uuid import UUID

    from prooftrail.access import roles
    from prooftrail.errors import ConfigurationError
    from prooftrail.search import alerts

    if not roles.may(reader.holder.role, "triage"):
        raise ConfigurationError(
            f"a key of the role {reader.holder.role} does nothing about alerts: it "
            "takes one of the roles security or admin"
        )
    with reader.reading() as connection:
        return alerts.find(connection, UUID(alert_id), reader.streams)


def _line(one: Alert) -> str:
    """Return an alert as a line."""
    told = one.details
    parts = [
        one.at,
        str(told.get("severity")),
        str(told.get("rule")),
        str(told.get("key")),
        f"{one.stream} {told.get('first_seq')}",
        one.state,
    ]
    if one.acknowledged is not None:
        seen = one.acknowledged
        parts.append(f"seen by {seen['by']} after {seen['seconds']} s")
    if one.closed is not None:
        parts.append(f"{one.closed['disposition']}: {one.closed['comment']}")
    return "  ".join([*parts, one.id])
