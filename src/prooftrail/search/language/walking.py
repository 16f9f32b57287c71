"""The words of a phrase, and a place among them.

Guarantees: an error names its word, and what could stand there: a hint for what people
ask and a phrase cannot say, the known word that is nearest, or filters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prooftrail.errors import QueryError
from prooftrail.search.language import (
    lexing,
    moments,
    names,
    periods,
    spelling,
    suggesting,
    vocabulary,
)
from prooftrail.search.language.moments import Word
from prooftrail.search.language.syntax import Value

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_WORD: Final = re.compile(r"\S+")
_AFTER: Final = "?.!,;:…"
_HINTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("and", "or"),
        "ask for one at a time, or write filters: (pii:yes OR role:admin)",
    ),
    **dict.fromkeys(
        ("not", "except", "without", "never", "no", "nobody", "but", "other"),
        "what is left out is written as a filter: -role:admin",
    ),
    **dict.fromkeys(
        ("this", "these", "that", "his", "her", "he", "she", "they", "them"),
        "name whom or what you mean by an id, such as cust_456",
    ),
    **dict.fromkeys(("i", "me", "my", "we", "us", "our"), "write the id: by usr_7"),
    **dict.fromkeys(
        (
            "more",
            "than",
            "most",
            "least",
            "largest",
            "larger",
            "top",
            "first",
            "newest",
        ),
        "numbers are not asked for so: ask without it, then count or sort",
    ),
    **dict.fromkeys(
        ("unauthorised", "unauthorized", "illegal", "suspicious", "unexplained"),
        "did you mean denied?",
    ),
    **dict.fromkeys(("tomorrow", "next", "ago"), f"a time is told so: {periods.HINT}"),
}


_BEFORE: Final = frozenset({"in", "during", "at", "over", "within", "through"})
_KNOWN: Final = {*vocabulary.words(), *moments.VOCABULARY, *names.ROLES}
_CLOSE: Final = 0.75
_SHORT: Final = 3  # letters of words that everything is near to


def words_of(text: str) -> list[Word]:
    """Return the words of a text, without what ends a sentence."""
    found = []
    for each in _WORD.finditer(text):
        word = each[0].rstrip(_AFTER)
        if not word:
            continue
        owns = re.fullmatch(r"(.+?)(?:['\u2019]s|(?<=s)['\u2019])", word)
        found.append(
            Word(owns[1] if owns else word, each.start(), len(word), owns is not None)
        )
    return found


@dataclass
class Walk:
    """A place among words."""

    words: list[Word]
    at: int = 0
    # what was heard last: opening, asked of, act, object, link, or other things
    last: str = ""

    def longest_of(self, table: Collection[tuple[str, ...]], skip: int = 0) -> int:
        """Return how many words from here stand in a table; 0: none do."""
        for count in (4, 3, 2, 1):
            words = tuple(self.folded(skip + n) for n in range(count))
            if "" not in words and words in table:
                return count
        return 0

    def starts(self, table: Collection[tuple[str, ...]], skip: int) -> bool:
        """Whether what a table has begins there."""
        return self.longest_of(table, skip) > 0

    def verb(self, skip: int) -> bool:
        """Whether an act is told there that somebody did."""
        folded = self.folded(skip)
        told = folded.endswith("ed") or folded in {"saw", "ran", "did", "reset"}
        return told and self.starts(vocabulary.ACTS, skip)

    def is_id_at(self, skip: int) -> bool:
        """Whether an id stands there."""
        word = self.word(skip)
        return word is not None and is_id(word)

    def word(self, skip: int = 0) -> Word | None:
        """Return a word from here on; None behind the last."""
        at = self.at + skip
        return self.words[at] if at < len(self.words) else None

    def folded(self, skip: int = 0) -> str:
        """Return a word in lower case; empty behind the last."""
        word = self.word(skip)
        return "" if word is None else word.folded

    def skip(self, words: Collection[str]) -> None:
        """Go on behind these words."""
        while self.folded() in words:
            self.at += 1

    def on(self, count: int, heard: str) -> bool:
        """Go on behind so many words."""
        self.at += count
        self.last = heard
        return True

    def unknown(self, word: Word) -> QueryError:
        """Return what to say of a word that is not understood."""
        after = self.words[self.words.index(word) + 1 :][:1]
        if word.folded in _BEFORE and after:
            word = after[0]
        hint = _HINTS.get(word.folded)
        if hint is None:
            known = [one for one in _KNOWN if len(one) > _SHORT]
            near = suggesting.near(word.text, known, _CLOSE)
            meant = suggesting.as_filters(word.text)
            if near is not None and near != word.folded:
                hint = f"did you mean {near}?"
            elif meant:
                hint = f"did you mean {' or '.join(meant)}?"
            else:
                hint = (
                    "leave it out, or write filters, such as action:customer.pii.* "
                    "role:admin during:2026-Q1"
                )
        return self.error(f"{shown(word)} is not understood here: {hint}", word)

    def error(self, told: str, word: Word | None = None) -> QueryError:
        """Return an error at a word, or here."""
        word = word or self.word() or self.words[-1]
        return QueryError(told, word.at, word.length)


def is_id(word: Word) -> bool:
    """Whether a word looks like an id, and like no address."""
    return suggesting.is_id(word.text) and not suggesting.is_address(word.text)


def shown(word: Word) -> str:
    """Return a word as a message has it."""
    return repr(word.text[: lexing.SHOWN])


def value(word: Word) -> str:
    """Return a word as a filter has it."""
    return spelling.value(Value(word.text[: lexing.SHOWN]))
