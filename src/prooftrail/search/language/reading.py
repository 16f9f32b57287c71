"""A query's text to its tree.

Guarantees: what is read is what was written, or an error says at which character it is
not understood and what could stand there. AND and OR beside each other without
parentheses are refused: languages differ in which of them binds tighter.

Does not: look at values (`meaning` does), or at streams.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.errors import QueryError
from prooftrail.search.language import lexing, names, spelling, suggesting
from prooftrail.search.language.syntax import Filter, Query, both, either, negation

if TYPE_CHECKING:
    from prooftrail.search.language.lexing import Token
    from prooftrail.search.language.syntax import Node

DEEPEST: Final = 20  # parentheses within parentheses
MOST: Final = 100  # filters
_LONG: Final = 300  # characters of two readings, in a message


def parse(text: str) -> Query:
    """Return the tree of a query; without any filter where the text is blank.

    Raises:
        QueryError: it cannot be read.

    >>> [one.name for one in parse("role:admin customer:cust_456").nodes]
    ['role', 'resource']
    """
    found = lexing.tokens(text)
    if not found:
        return Query()
    filters = [token for token in found if token.kind == "filter"]
    if len(filters) > MOST:
        extra = filters[MOST]
        raise QueryError(
            f"these are more than {MOST} filters: give one several values "
            "(actor:usr_1,usr_2), or ask twice",
            extra.at,
            extra.end - extra.at,
        )
    reader = _Reader(found)
    node = reader.level(0)
    reader.end()
    return Query.of([node])


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self._found = found
        self._next = 0

    def level(self, depth: int) -> Node:
        """Read what stands between two parentheses, or all of it."""
        nodes = [self._unit(depth, None)]
        joins: list[Token | None] = []  # None: they stand side by side
        while (token := self._peek()) is not None and token.kind != ")":
            join = token if token.kind in {"and", "or"} else None
            if join is not None:
                self._next += 1
            nodes.append(self._unit(depth, join))
            joins.append(join)
        ors = [join for join in joins if join is not None and join.kind == "or"]
        if not ors:
            return both(*nodes)
        if len(ors) < len(joins):
            raise QueryError(_two_ways(nodes, joins), ors[0].at, 2)
        return either(*nodes)

    def end(self) -> None:
        """Have nothing be left."""
        token = self._peek()
        if token is not None:
            raise QueryError(
                "this parenthesis closes nothing: leave it out", token.at, 1
            )

    def _peek(self) -> Token | None:
        return self._found[self._next] if self._next < len(self._found) else None

    def _unit(self, depth: int, before: Token | None) -> Node:
        denied = False
        while (token := self._peek()) is not None and token.kind == "not":
            denied, before = not denied, token
            self._next += 1
        if token is None or token.kind in {")", "and", "or"}:
            raise _lacking(token, before)
        self._next += 1
        node = self._one(token, depth)
        return negation(node) if denied else node

    def _one(self, token: Token, depth: int) -> Node:
        if token.kind == "filter":
            return _filter(token)
        if token.kind == "word":
            raise _stray(token)
        if depth >= DEEPEST:
            raise QueryError(
                f"more than {DEEPEST} parentheses stand within each other: write it "
                "with fewer",
                token.at,
                1,
            )
        close = self._peek()
        if close is None or close.kind == ")":
            raise QueryError(
                "nothing stands in this parenthesis: leave it out", token.at, 1
            )
        node = self.level(depth + 1)
        if self._peek() is None:
            raise QueryError(
                "this parenthesis is not closed: add ) at the end", token.at, 1
            )
        self._next += 1
        return node


def _filter(token: Token) -> Filter:
    name = names.canonical(token.text)
    if name is not None:
        return Filter(name, token.values, token.at, token.end - token.at)
    known = suggesting.near(token.text, [*names.NAMES, *names.SYNONYMS])
    hint = "" if known is None else f"did you mean {known}:? "
    raise QueryError(
        f"there is no filter {token.text[:40]}: {hint}there are "
        + ", ".join(names.NAMES),
        token.at,
        len(token.text),
    )


def _stray(token: Token) -> QueryError:
    meant = suggesting.as_filters(token.text)
    told = (
        f"did you mean {' or '.join(meant)}?"
        if meant and len(token.text) <= lexing.SHOWN
        else "a filter is a name, ':' and a value, such as role:admin"
    )
    return QueryError(
        f"{token.text[: lexing.SHOWN]!r} is no filter: {told}",
        token.at,
        token.end - token.at,
    )


def _lacking(token: Token | None, before: Token | None) -> QueryError:
    """Return what to say where a filter should stand and none does."""
    if before is not None:
        return QueryError(
            f"{before.text} has nothing behind it: write a filter there, such as "
            "role:admin",
            before.at,
            before.end - before.at,
        )
    at, text = (0, "this") if token is None else (token.at, token.text)
    told = (
        "closes nothing: leave it out"
        if text == ")"
        else "stands between two filters: role:admin OR role:support"
    )
    return QueryError(f"{text} {told}", at, len(text))


def _two_ways(nodes: list[Node], joins: list[Token | None]) -> str:
    """Return both readings of filters that are joined in two ways."""
    by_and: list[list[Node]] = [[nodes[0]]]
    by_or: list[list[Node]] = [[nodes[0]]]
    for node, join in zip(nodes[1:], joins, strict=True):
        if join is not None and join.kind == "or":
            by_and.append([node])
            by_or[-1].append(node)
        else:
            by_and[-1].append(node)
            by_or.append([node])
    one = spelling.node(either(*(both(*group) for group in by_and)))
    other = spelling.node(both(*(either(*group) for group in by_or)))
    if len(one) + len(other) > _LONG:
        one, other = "(a b) OR c", "a (b OR c)"
    return f"this can be read in two ways: write {one}, or {other}"
