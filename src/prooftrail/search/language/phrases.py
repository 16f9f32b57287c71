"""Plain phrases: "PII access by admin users in Q1" to the query that it is.

Guarantees: every word counts. A phrase is heard from left to right by the tables of
`vocabulary` and `moments`; a word that stands in none of them, or where it may mean two
things, ends it with an error that says which word, and what could be written.

Does not: understand English. What it takes are the questions that auditors ask.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prooftrail.errors import QueryError
from prooftrail.search.language import lexing, names, reading, resolving
from prooftrail.search.language.listening import Listener
from prooftrail.search.language.walking import words_of

if TYPE_CHECKING:
    from prooftrail.search.language.syntax import Query

_FILTER: Final = re.compile(r"(?:^|(?<=\s))-*([A-Za-z][A-Za-z_-]*):(\S?)|[\"()]")
_MINUS: Final = re.compile(r"(?:^|(?<=\s))-\S")


def is_phrase(text: str) -> bool:
    """Whether a text is a plain phrase: nothing in it is written as a filter is."""
    if not text.strip() or _MINUS.search(text):
        return False
    return not any(
        found[1] is None or found[2] or names.canonical(found[1])
        for found in _FILTER.finditer(text)
    )


def read(text: str, now_us: int) -> Query:
    """Return the query that a phrase is.

    Raises:
        QueryError: it is not understood, or may be understood in two ways.
    """
    lexing.check(text)
    found = resolving.text(Listener(words_of(text), now_us=now_us).hear())
    try:
        return reading.parse(found)
    except QueryError as error:  # more ids than one filter has values
        raise QueryError(
            f"written as filters, this is too much: {error}", 0, len(text)
        ) from error
