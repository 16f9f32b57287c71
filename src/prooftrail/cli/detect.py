"""``prooftrail detect``: what the rules find in the log, over a period.

Guarantees: what is printed is recorded before, with the rules and thresholds that were
asked; memory holds the hits, not the events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.cli.reader import Reader
    from prooftrail.detections import Hit, Rule
    from prooftrail.search.parameters import Filters

FOUND = 3


@click.command("detect")
@click.option("--from", "since", metavar="TIME", help="The event's own time, from.")
@click.option("--to", "until", metavar="TIME", help="The event's own time, before.")
@click.option("--during", metavar="PERIOD", help="In its place: 2026-Q1, last-month.")
@click.option("--stream", multiple=True, metavar="NAME", help="Only in this stream.")
@click.option("--rule", "names", multiple=True, metavar="ID", help="Only this rule.")
@click.option(
    "--threshold",
    "changes",
    multiple=True,
    metavar="RULE.NAME=N",
    help="Another threshold: guessing.failures=8, mass-access.window=300 (seconds).",
)
@click.option(
    "--leavers",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="Who has left: CSV, account,last_day; leavers-use needs it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    *,
    since: str | None,
    until: str | None,
    during: str | None,
    stream: tuple[str, ...],
    names: tuple[str, ...],
    changes: tuple[str, ...],
    leavers: Any,  # noqa: ANN401  an open file
    as_json: bool,
) -> None:
    """Look for guessing, sprays, mass access and the like in the log's history.

    docs/reference/detections.md lists the rules, with their thresholds and sources. A
    hit is told where its last event lies in the period; what happened before, as far as
    the rules look back, is a part of it. Each stream is looked at by itself.

    Reads as the API key in PROOFTRAIL_KEY, by the reader (PROOFTRAIL_READER_DSN, or
    PROOFTRAIL_DSN); recorded as audit.log.view, with rules and thresholds.

    Exits 0 when nothing was found, 3 when something was, 1 when it could not look.
    """
    from prooftrail.cli.querying import asking
    from prooftrail.cli.reader import Reader
    from prooftrail.detections import leavers as listed

    rules = _rules(names, changes)
    gone = {} if leavers is None else listed.read(leavers)
    given = [("stream", one) for one in stream]
    given += [
        (name, value)
        for name, value in (("from", since), ("to", until))
        if value is not None
    ]
    given += [] if during is None else [("q", f"during:{during}")]
    with Reader() as reader:
        asked = asking(given, reader.streams)
        hits = _look(reader, asked, rules, gone)
        _record(reader, asked, rules, gone, hits)
    _print(rules, hits, as_json=as_json)
    raise SystemExit(FOUND if any(hits.values()) else 0)


def _rules(names: Sequence[str], changes: Sequence[str]) -> tuple[Rule, ...]:
    from prooftrail.detections import STANDARD, tuned
    from prooftrail.errors import QuestionError

    wanted: dict[str, dict[str, int]] = {name: {} for name in names}
    for change in changes:
        rule, _, rest = change.partition(".")
        name, _, value = rest.partition("=")
        if not value.isascii() or not value.isdigit() or len(value) > 9:  # noqa: PLR2004
            raise QuestionError(f"{change[:60]!r} is not RULE.NAME=N")
        wanted.setdefault(rule, {})[name] = int(value)
    found = tuned(wanted, STANDARD)
    return tuple(rule for rule in found if not names or rule.id in names)


def _look(
    reader: Reader, asked: Filters, rules: Sequence[Rule], gone: Mapping[str, int]
) -> dict[str, list[Hit]]:
    """Return the hits of each stream."""
    from prooftrail.detections import longest
    from prooftrail.search import history
    from prooftrail.store import searching

    question = asked.question
    from_us = question.from_us
    hits: dict[str, list[Hit]] = {}
    with reader.reading() as connection:
        ends = searching.ends(connection)
        for name, number in reader.streams.items():
            if question.streams is not None and number not in question.streams:
                continue
            past = history.Past(
                number,
                ends.get(number, -1),
                None if from_us is None else from_us - longest(rules),
                question.to_us,
                rules,
                gone,
            )
            hits[name] = [
                hit
                for hit in history.look_together(connection, past, reader.asker)
                if from_us is None or hit.last.occurred_us >= from_us
            ]
    return hits


def _record(
    reader: Reader,
    asked: Filters,
    rules: Sequence[Rule],
    gone: Mapping[str, int],
    hits: Mapping[str, Sequence[Hit]],
) -> None:
    told = [
        {
            "id": one.id,
            "version": one.version,
            "window": one.window,
            "thresholds": dict(one.thresholds),
        }
        for one in rules
    ]
    details: dict[str, Any] = {"filters": asked.told, "rules": told}
    if gone:
        details["leavers"] = len(gone)
    each = {name: {"hits": len(found)} for name, found in hits.items()}
    reader.record("audit.log.view", list(hits), details, each)


def _print(
    rules: Sequence[Rule], hits: Mapping[str, Sequence[Hit]], *, as_json: bool
) -> None:
    import json

    from prooftrail.core.harmless import harmless

    if as_json:
        found = [
            {"stream": name, **hit.as_json()}
            for name, its in hits.items()
            for hit in its
        ]
        told = {"rules": [one.as_json() for one in rules], "hits": found}
        click.echo(json.dumps(told, indent=1))
        return
    for name, its in hits.items():
        for hit in its:
            click.echo(harmless(_line(name, hit)))
    total = sum(map(len, hits.values()))
    click.echo(
        f"{total:,} found by {len(rules)} rules" if total else "Nothing was found.",
        err=True,
    )


def _line(stream: str, hit: Hit) -> str:
    """Return a hit as a line."""
    from prooftrail.core import instants

    parts = [
        instants.text(hit.first.occurred_us),
        hit.severity,
        hit.rule,
        hit.key,
        f"{hit.attempts:,} events, {stream} {hit.first.seq} to {hit.last.seq}",
    ]
    if hit.distinct_accounts > 1:
        parts.append(f"{hit.distinct_accounts:,} accounts")
    if hit.subjects:
        parts.append(f"data of {hit.subjects:,} people")
    if hit.addresses:
        shown = ", ".join(one for one, _ in hit.addresses[:3])
        parts.append(f"from {shown}" + (" and more" if len(hit.addresses) > 3 else ""))  # noqa: PLR2004
    if hit.success is not None:
        parts.append(f"then a login, entry {hit.success.seq}")
    if hit.lockout is not None:
        parts.append(f"locked at entry {hit.lockout.seq}")
    return "  ".join([*parts, *hit.remarks])
