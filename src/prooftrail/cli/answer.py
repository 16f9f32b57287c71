"""``prooftrail answer``: what auditors ask, answered on a terminal.

Guarantees: the same answers as over HTTP (`search.answers`), read as the key in
PROOFTRAIL_KEY, under the same row-level security, and recorded the same way before
anything is printed. What a terminal would obey is made harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prooftrail.cli.reader import Reader
    from prooftrail.search.parameters import Filters

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_QUERY = click.argument("query", nargs=-1)


@click.group("answer")
def command() -> None:
    """Answer what auditors ask: see docs/how-to/answer-an-auditor.md.

    Reads as the API key in PROOFTRAIL_KEY, by the reader (PROOFTRAIL_READER_DSN, or
    PROOFTRAIL_DSN); each answer is recorded as audit.log.view. QUERY is a search's,
    such as 'pii:yes during:last-90-days'.
    """


@command.command("authority")
@_QUERY
@_JSON
def authority(*, query: tuple[str, ...], as_json: bool) -> None:
    """Who did what answers QUERY, and on whose authority."""
    from prooftrail.cli.reader import Reader
    from prooftrail.search import answers, viewing
    from prooftrail.store import authority, searching

    with Reader() as reader:
        asked = _asked(reader, query)
        with reader.reading() as connection:
            as_of = searching.ends(connection)
            found = authority.read(connection, asked.question, as_of)
        each = viewing.alone(_names(reader, asked), found.total)
        _told(reader, asked, "authority", each)
    _print(answers.authority(found), as_json=as_json)


@command.command("grants")
@_QUERY
@click.option("--seed", help="The auditor's own words: draws from them; takes -n.")
@click.option("-n", "n", help="How many to draw, 1 to 1,000.")
@_JSON
def grants(
    *, query: tuple[str, ...], seed: str | None, n: str | None, as_json: bool
) -> None:
    """Every access grant that answers QUERY, and who approved it beforehand.

    With --seed and -n, so many of them are drawn besides, the same on any machine; the
    draw is recorded as prooftrail.sample.draw.
    """
    from collections import Counter

    from prooftrail.cli.reader import Reader
    from prooftrail.search import answers, draws, granted, sampled

    given = {"seed": seed, "n": n}
    wanted = sampled.given({name: told for name, told in given.items() if told})
    drawn = None
    with Reader() as reader:
        asked = _asked(reader, query)
        with reader.reading() as connection:
            found = granted.read(connection, asked.question, reader.streams)
            if wanted is not None:
                drawn = granted.draw(connection, asked, wanted, reader.streams)
        counts = Counter(one.stream for one in found)
        each = {name: {"count": counts[name]} for name in _names(reader, asked)}
        if drawn is not None:
            names = list(each)
            reader.record(draws.DRAW, names, *sampled.record(drawn, asked, names))
        _told(reader, asked, "grants", each)
    told = answers.grants(found)
    if drawn is not None:
        told["sample"] = answers.sample(drawn, found)
    _print(told, as_json=as_json)


@command.command("accounts")
@click.option(
    "--days",
    type=click.IntRange(1, 3_650),
    default=90,
    show_default=True,
    help="Without a use, after which an account is dormant.",
)
@_JSON
def accounts(*, days: int, as_json: bool) -> None:
    """Which accounts there are, and which of them are dormant."""
    from prooftrail.cli.reader import Reader, clock
    from prooftrail.search import answers
    from prooftrail.store import accounts

    with Reader() as reader:
        asked = _asked(reader, ())
        with reader.reading() as connection:
            found = accounts.read(connection, tuple(reader.streams.values()))
        _told(reader, asked, "accounts")
    _print(answers.accounts(found, clock(), days), as_json=as_json)


@command.command("leavers")
@click.argument("file", type=click.File("rb"))
@_JSON
def leavers(*, file: Any, as_json: bool) -> None:  # noqa: ANN401  an open file
    """Whether the leavers that FILE lists stayed active (- for standard input).

    FILE is CSV: an account's id or e-mail address, a comma, the last day of work. That
    day ends at midnight UTC. Nothing of it is kept but how many it names, and its
    SHA-256.
    """
    from prooftrail.cli.reader import Reader, clock
    from prooftrail.search import answers, leaving

    asked = leaving.of_csv(file.read(leaving.MOST_BYTES + 1))
    with Reader() as reader:
        streams = reader.streams
        with reader.reading() as connection:
            found = leaving.read(connection, asked, tuple(streams.values()))
        reader.record("audit.log.view", tuple(streams), leaving.told(asked))
    _print(answers.leavers(found, clock()), as_json=as_json)


@command.command("continuity")
@_QUERY
@_JSON
def continuity(*, query: tuple[str, ...], as_json: bool) -> None:
    """Whether logging stopped; QUERY names a period and streams alone."""
    from prooftrail.cli.reader import Reader
    from prooftrail.search import answers
    from prooftrail.store import continuity

    with Reader() as reader:
        asked = _asked(reader, query, period=True)
        numbers = asked.question.streams or tuple(reader.streams.values())
        with reader.reading() as connection:
            found = continuity.read(connection, asked.question, numbers)
        _told(reader, asked, "continuity")
        names = {number: name for name, number in reader.streams.items()}
    _print(answers.continuity(found, names), as_json=as_json)


@command.command("administrators")
@_QUERY
@_JSON
def administrators(*, query: tuple[str, ...], as_json: bool) -> None:
    """Who could alter the log, and what was done to it: for keys that may verify.

    QUERY names a period and streams alone. Logins are read as the verifier
    (PROOFTRAIL_VERIFIER_DSN, or PROOFTRAIL_DSN). The last verification is told by
    prooftrail doctor, and over HTTP.
    """
    from prooftrail.access import roles
    from prooftrail.cli.reader import Reader
    from prooftrail.errors import ConfigurationError
    from prooftrail.reports import administrators

    with Reader() as reader:
        if not roles.may(reader.holder.role, "verify"):
            raise ConfigurationError(
                "this key's role may not verify: use one of a role that may "
                "(prooftrail key create NAME --role auditor)"
            )
        asked = _asked(reader, query, period=True)
        with reader.reading() as connection:
            acts = administrators.acts(connection, asked.question)
        could = administrators.could()
        _told(reader, asked, "administrators")
    _print(administrators.told(could, acts), as_json=as_json)


def _asked(reader: Reader, query: Sequence[str], *, period: bool = False) -> Filters:
    """Understand a query; of a period and streams alone, where it has to be."""
    from prooftrail.cli.querying import asking
    from prooftrail.errors import QuestionError

    given = [("q", " ".join(query))] if query else []
    asked = asking(given, reader.streams)
    if period and (asked.question.terms or asked.question.conditions):
        raise QuestionError(
            "this is asked of a period and streams alone: during, from, to, stream"
        )
    return asked


def _names(reader: Reader, asked: Filters) -> list[str]:
    """Return the streams that are read."""
    numbers = asked.question.streams
    return [
        name
        for name, number in reader.streams.items()
        if numbers is None or number in numbers
    ]


def _told(
    reader: Reader,
    asked: Filters,
    what: str,
    each: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    """Record that an answer was read."""
    details = {"filters": asked.told, "answer": what}
    reader.record("audit.log.view", _names(reader, asked), details, each)


def _print(answer: Mapping[str, Any], *, as_json: bool) -> None:
    import json

    from prooftrail.core.harmless import harmless

    if as_json:
        click.echo(json.dumps(answer, indent=1))
        return
    for line in _lines(answer):
        click.echo(harmless(line))


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield an answer as people read it: figures, then a line for each of a list."""
    lists = {name: one for name, one in answer.items() if isinstance(one, list)}
    for name, value in answer.items():
        if name not in lists:
            yield f"{name}: {_cell(value)}"
    for name, rows in lists.items():
        yield f"{name}: {len(rows):,}"
        for row in rows:
            yield "  " + "  ".join(
                f"{key}={_cell(value)}"
                for key, value in row.items()
                if value not in (None, [], {}, "")
            )


def _cell(value: object) -> str:
    """Return a value in one line."""
    if isinstance(value, dict):
        return ", ".join(
            f"{name} {_cell(one)}" for name, one in value.items() if one is not None
        )
    if isinstance(value, list | tuple):
        return "; ".join(map(_cell, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
