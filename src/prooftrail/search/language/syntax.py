"""What a query says, as a tree: filters, and how they are joined.

Guarantees: trees that are made by `both`, `either`, `negation` and `Query.of` have one
shape for one meaning of the joins (nothing joined to its own kind, nothing denied
twice), so that a tree is what its spelling is read as. Where a part stood in the text
is kept beside it and counts for nothing when trees are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a filter."""

    text: str
    literal: bool = True  # false: a `*` in it stands for any characters
    at: int = field(default=0, compare=False)  # characters from the text's beginning
    length: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """One of the values holds of what the name says."""

    name: str
    values: tuple[Value, ...]
    at: int = field(default=0, compare=False)
    length: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Negation:
    """The node does not hold."""

    node: Node


@dataclass(frozen=True, slots=True)
class Both:
    """All nodes hold; two or more."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the nodes holds; two or more."""

    nodes: tuple[Node, ...]


Node: TypeAlias = Filter | Negation | Both | Either


@dataclass(frozen=True, slots=True)
class Query:
    """All nodes hold; with none, everything answers."""

    nodes: tuple[Node, ...] = ()

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Query:
        """Return the query that asks for all of the nodes."""
        return cls(tuple(_flat(nodes, Both)))


def both(*nodes: Node) -> Node:
    """Return one node that holds where all do; one at least is given."""
    found = tuple(_flat(nodes, Both))
    return found[0] if len(found) == 1 else Both(found)


def either(*nodes: Node) -> Node:
    """Return one node that holds where one does; one at least is given."""
    found = tuple(_flat(nodes, Either))
    return found[0] if len(found) == 1 else Either(found)


def negation(node: Node) -> Node:
    """Return the node that holds where this one does not."""
    return node.node if isinstance(node, Negation) else Negation(node)


def _flat(nodes: Iterable[Node], kind: type[Both | Either]) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, Both | Either) and isinstance(node, kind):
            found += node.nodes
        else:
            found.append(node)
    return found
