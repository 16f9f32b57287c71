"""Templates of sentences: what may stand in one, and which names it uses.

Guarantees: `parse` takes every text apart or says what is wrong with it, so that a
template is refused where its event type is made and never when an event is told.

    {name}              what the event says of it; without it there is no sentence
    {name|otherwise}    with other words where the event does not say
    {name:customer}     a number with its noun: 1 customer, 10,000 customers
    [ as {name}]        left out where anything in it is not said

Does not: know events (`sentence` does).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"(\w+)(?::([^:|]+))?(?:\|(.*))?", re.DOTALL)
_TOKEN = re.compile(r"\{([^{}\[\]]*)\}|([\[\]])|([^{}\[\]]+)|(.)", re.DOTALL)
_VOWELS = "aeiou"
_HISSING = ("s", "x", "ch", "sh")


class Blank(NamedTuple):
    """A place for what an event says."""

    name: str
    noun: str | None = None  # of what is counted
    otherwise: str | None = None  # None: without it there is no sentence


Piece: TypeAlias = "str | Blank"


class Part(NamedTuple):
    """A stretch of a template: all of it or, where it is optional, nothing."""

    pieces: tuple[Piece, ...]
    optional: bool


@lru_cache(maxsize=1024)
def parse(template: str) -> tuple[Part, ...]:
    """Take a template apart.

    Raises:
        ConfigurationError: it is none; says where.
    """
    parts: list[Part] = []
    pieces: list[Piece] = []
    inside = False
    for found in _TOKEN.finditer(template):
        blank, bracket, text, wrong = found.groups()
        if wrong is not None or bracket == ("[" if inside else "]"):
            raise ConfigurationError(
                f"the sentence {template!r} has a {found[0]!r} without its other half"
            )
        if bracket is not None:
            parts.append(Part(tuple(pieces), optional=inside))
            pieces, inside = [], not inside
        elif blank is not None:
            pieces.append(_blank(blank, template))
        else:
            pieces.append(text)
    if inside:
        raise ConfigurationError(f"the sentence {template!r} has a '[' without a ']'")
    return (*parts, Part(tuple(pieces), optional=False))


def names(template: str) -> Iterator[str]:
    """Yield the names of what a template asks an event for.

    Raises:
        ConfigurationError: it is none.
    """
    for part in parse(template):
        for piece in part.pieces:
            if isinstance(piece, Blank):
                yield piece.name


def plural(noun: str) -> str:
    """Return the plural of an English noun that forms it regularly.

    >>> plural("customer"), plural("entry"), plural("address"), plural("key")
    ('customers', 'entries', 'addresses', 'keys')
    """
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(_HISSING) else f"{noun}s"


def _blank(inner: str, template: str) -> Blank:
    found = _NAME.fullmatch(inner)
    if found is None:
        raise ConfigurationError(
            f"the sentence {template!r} has {{{inner}}}: write {{name}}, "
            "{name|otherwise} or {name:noun}"
        )
    name, noun, otherwise = found.groups()
    if noun is not None and otherwise is None:
        otherwise = plural(noun)
    return Blank(name, noun, otherwise)
