"""A query as it is written.

Guarantees: `spell` writes what `reading.parse` reads as the same tree, one way for each
tree: names of filters in full, values in quotation marks only where they need them,
parentheses where two kinds of join meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.search.language import lexing
from prooftrail.search.language.syntax import Both, Either, Filter, Negation, both

if TYPE_CHECKING:
    from prooftrail.search.language.syntax import Node, Query, Value


def spell(query: Query) -> str:
    """Return a query's text; an empty one where everything is asked for."""
    return node(both(*query.nodes)) if query.nodes else ""


def node(one: Node) -> str:
    """Return the text of a node by itself."""
    match one:
        case Filter(name, values):
            return f"{name}:{','.join(map(value, values))}"
        case Negation(inner):
            return f"-{_joined(inner)}"
        case Both(nodes):
            return " ".join(map(_joined, nodes))
        case Either(nodes):
            return " OR ".join(map(_joined, nodes))


def value(one: Value) -> str:
    """Return the text of a value."""
    if lexing.is_bare(one.text) and one.literal == ("*" not in one.text):
        return one.text
    escaped = one.text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _joined(one: Node) -> str:
    text = node(one)
    return f"({text})" if isinstance(one, Both | Either) else text
