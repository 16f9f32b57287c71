"""Queries that pages lead to: a query with one filter more, or another time.

Guarantees: what comes out is in the language's own spelling, and asks for what it asked
for before, and for what was added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.errors import QueryError
from prooftrail.search.language import parse, spell
from prooftrail.search.language.syntax import Filter, Query

if TYPE_CHECKING:
    from prooftrail.errors import HiddenError

_TIMES = frozenset({"during", "from", "to"})
_SPECIAL = frozenset('"(),*\\')


class Mistake(NamedTuple):
    """Where a query cannot be understood, and why."""

    before: str
    at: str
    after: str
    told: str


def written(name: str, value: str) -> str:
    r"""Return a filter as it is written.

    >>> written("role", "admin"), written("actor", 'J. "Jo" Doe')
    ('role:admin', 'actor:"J. \\"Jo\\" Doe"')
    """
    if value and not any(one.isspace() or one in _SPECIAL for one in value):
        return f"{name}:{value}"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}:"{escaped}"'


def narrowed(canonical: str, extra: str) -> str:
    """Return a query that asks for something more."""
    nodes = parse(canonical).nodes
    return spell(Query.of((*nodes, *parse(extra).nodes)))


def within(canonical: str, begins: str, ends: str) -> str:
    """Return a query about another time, half-open."""
    kept = tuple(
        node
        for node in parse(canonical).nodes
        if not (isinstance(node, Filter) and node.name in _TIMES)
    )
    return spell(Query.of((*kept, *parse(f"from:{begins} to:{ends}").nodes)))


def mistaken(text: str, error: QueryError | HiddenError) -> Mistake:
    """Return where a query cannot be understood."""
    if not isinstance(error, QueryError):
        at = max(text.find("stream:"), 0)
        return Mistake(text[:at], text[at:], "", str(error))
    at, end = error.at, error.at + max(error.length, 1)
    return Mistake(text[:at], text[at:end] or " ", text[end:], str(error))
