"""What somebody asks, whether he writes filters or a plain phrase.

Guarantees: what is understood comes back as the query that it is, absolute and in full,
so that whoever asked sees what was searched; that query is understood as itself. What
is not understood is said, with its place and what could be written, and never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.errors import QueryError
from prooftrail.search.language import lexing, meaning, phrases, reading, spelling
from prooftrail.search.language.syntax import Query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.question import Question

_SHOWN: Final = 300  # characters of a query, in a message
LONGEST: Final = 2_000  # characters that somebody may ask


class Chip(NamedTuple):
    """A part of a query that can be taken out of it."""

    text: str
    without: str  # the query that is left


class Understood(NamedTuple):
    """What was asked."""

    question: Question
    canonical: str  # the query: absolute, and in full
    chips: tuple[Chip, ...]
    told: str  # the query without names of streams, for the event of the read


def understand(text: str, *, streams: Mapping[str, int], now_us: int) -> Understood:
    """Understand a query.

    Args:
        text: that somebody wrote; a blank one asks for everything.
        streams: that the asker may read, by name.
        now_us: the present, from which relative times count.

    Raises:
        QueryError: it is not understood; says where, and what could be written.
        HiddenError: it names a stream that the asker may not read.
    """
    if len(text) > LONGEST:
        raise QueryError(
            f"this is longer than {LONGEST:,} characters: ask for less at once",
            LONGEST,
            len(text) - LONGEST,
        )
    if phrases.is_phrase(text):
        read = phrases.read(text, now_us)
    else:
        read = _parsed(text, now_us)
    query = meaning.settle(read, now_us)
    question = meaning.question(query, streams)
    canonical = spelling.spell(query)
    if len(canonical) > lexing.LONGEST:
        raise QueryError("written in full, this is too long: ask for less", 0, 1)
    chips = tuple(
        Chip(
            spelling.spell(Query((node,))),
            spelling.spell(Query((*query.nodes[:at], *query.nodes[at + 1 :]))),
        )
        for at, node in enumerate(query.nodes)
    )
    told = spelling.spell(meaning.without_streams(query))
    return Understood(question, canonical, chips, told)


def _parsed(text: str, now_us: int) -> Query:
    """Read filters; where a phrase stands beside them, say what both are as filters."""
    try:
        return reading.parse(text)
    except QueryError as error:
        both = _as_filters(text, now_us)
        if both is None:
            raise
        raise QueryError(
            f"words and filters do not stand beside each other: write {both}",
            error.at,
            error.length,
        ) from error


def _as_filters(text: str, now_us: int) -> str | None:
    """Return the filters of a text that has a phrase, too; None: it is no such text."""
    try:
        tokens = lexing.tokens(text)
        words = [token.text for token in tokens if token.kind in {"word", "and", "or"}]
        rest = [token for token in tokens if token.kind in {"filter", "not"}]
        if len(words) + len(rest) < len(tokens) or not words:
            return None
        said = phrases.read(" ".join(words), now_us)
        left = "".join(
            "-" if token.kind == "not" else f"{text[token.at : token.end]} "
            for token in rest
        )
        read = Query.of([*said.nodes, *reading.parse(left).nodes])
        found = spelling.spell(meaning.settle(read, now_us))
    except QueryError:
        return None
    return found if len(found) <= _SHOWN else None
