"""A query's text as tokens.

Guarantees: every character belongs to a token, to a blank between two, or to an error
that says where it stands; a text is gone through once.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias

from prooftrail.errors import QueryError
from prooftrail.search.language.syntax import Value

LONGEST: Final = 6_000  # characters, with what relative times in it become
MOST_VALUES: Final = 100  # of one filter

Kind: TypeAlias = Literal["(", ")", "not", "and", "or", "filter", "word"]

_NAME = re.compile(r"([A-Za-z][A-Za-z_-]*):")
_SPECIAL: Final = '"(),'
_JOINS: Final[dict[str, Kind]] = {"and": "and", "or": "or", "not": "not"}
SHOWN: Final = 40  # characters of what somebody wrote, in a message


class Token(NamedTuple):
    """A part of a text."""

    kind: Kind
    at: int
    end: int
    text: str  # a filter's name as it was written; a word
    values: tuple[Value, ...] = ()


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text.

    Raises:
        QueryError: it is too long, or something in it can be no token.
    """
    check(text)
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _token(text, at)
        found.append(token)
        at = token.end
    return found


def check(text: str) -> None:
    """Have a text be one that can be asked.

    Raises:
        QueryError: it is too long, or no text that a log can hold.
    """
    if len(text) > LONGEST:
        raise QueryError(
            f"this is longer than {LONGEST:,} characters: ask for less at once",
            LONGEST,
            len(text) - LONGEST,
        )
    for at, character in enumerate(text):
        if character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff":
            raise QueryError("a control character stands here: leave it out", at, 1)


def is_bare(text: str) -> bool:
    """Whether a value can stand without quotation marks."""
    return bool(text) and not any(
        character.isspace() or character in _SPECIAL for character in text
    )


def _token(text: str, at: int) -> Token:
    first = text[at]
    if first in "()":
        return Token("(" if first == "(" else ")", at, at + 1, first)
    if first == "-":
        after = text[at + 1 : at + 2]
        if after in {"", ")"} or after.isspace():
            raise QueryError(
                "'-' stands right before what is left out: -role:admin", at, 1
            )
        return Token("not", at, at + 1, "-")
    name = _NAME.match(text, at)
    if name:
        values, end = _values(text, name.end(), name[0])
        return Token("filter", at, end, name[1], tuple(values))
    if first == ",":
        raise QueryError(
            "',' stands between two values of one filter: role:admin,support", at, 1
        )
    if first == '"':
        _, end = _quoted(text, at)
        short = text[at:end] if end - at <= SHOWN else '"..."'
        raise QueryError(
            f"{short} has no filter: write actor:{short} or resource:{short}",
            at,
            end - at,
        )
    end = _bare(text, at)
    word = text[at:end]
    return Token(_JOINS.get(word.lower(), "word"), at, end, word)


def _values(text: str, at: int, name: str) -> tuple[list[Value], int]:
    """Return the values of a filter, and where they end."""
    found: list[Value] = []
    begin = at
    while True:
        value, at = _value(text, at, name)
        found.append(value)
        if len(found) > MOST_VALUES:
            raise QueryError(
                f"{name} has more than {MOST_VALUES} values: ask twice",
                begin,
                at - begin,
            )
        after = text[at : at + 1]
        if after == ",":
            at += 1
            while text[at : at + 1].isspace():
                at += 1
        elif after in {"", ")"} or after.isspace():
            return found, at
        else:
            raise QueryError(
                f"{name} the value ends before this: put a blank between, or quotation "
                "marks around the whole value",
                at,
                1,
            )


def _value(text: str, at: int, name: str) -> tuple[Value, int]:
    first = text[at : at + 1]
    if first == '"':
        found, end = _quoted(text, at)
        if not found:
            raise QueryError(f'{name}"" asks for nothing: leave it out', at, 2)
        return Value(found, at=at, length=end - at), end
    if first == "(":
        raise QueryError(
            f"{name} has its values one after another: {name}one,another", at, 1
        )
    end = _bare(text, at)
    if end == at:
        raise QueryError(
            f"{name} has no value: write it right behind, {name}value",
            at - 1,
            1,
        )
    bare = text[at:end]
    return Value(bare, "*" not in bare, at, end - at), end


def _bare(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace() and text[at] not in _SPECIAL:
        at += 1
    return at


def _quoted(text: str, begin: int) -> tuple[str, int]:
    r"""Return a quoted text and its end: \" in it is " and \\ is \."""
    found: list[str] = []
    at = begin + 1
    while at < len(text):
        character = text[at]
        if character == '"':
            return "".join(found), at + 1
        if character == "\\":
            at += 1
            character = text[at : at + 1]
            if character not in {'"', "\\"}:
                raise QueryError(
                    r"a backslash in quotation marks stands before \" or \\: write "
                    r"\\ for itself",
                    at - 1,
                    1,
                )
        found.append(character)
        at += 1
    raise QueryError(
        "these quotation marks are not closed: add one at the end",
        begin,
        len(text) - begin,
    )
