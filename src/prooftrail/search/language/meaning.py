"""What a query's filters ask of the log.

Guarantees: `settle` checks every value and gives it the one spelling that it is shown
by; times in it are absolute from then on. `question` is a function of what is settled:
what everything found has to have becomes terms and a period, which indexes serve, all
else becomes conditions. What nothing can be (two roles of one event) is refused.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Final

from prooftrail.core import projection
from prooftrail.errors import HiddenError, QueryError, QuestionError
from prooftrail.search import values
from prooftrail.search.language import names, periods, spelling, suggesting
from prooftrail.search.language.syntax import (
    Both,
    Either,
    Filter,
    Negation,
    Query,
    Value,
)
from prooftrail.store.question import (
    ANSWERS,
    AllOf,
    AnyOf,
    Exactly,
    Not,
    Question,
    Term,
    Within,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prooftrail.search.language.syntax import Node
    from prooftrail.store.question import Condition, Match

_FOLDED: Final = frozenset({"action", "role", "type"})
_IDS: Final = frozenset({"actor", "resource"})
_ONE: Final = frozenset(
    {"actor", "role", "resource_type", "result", "ip", "pii", "authorization"}
)
_TIMES: Final = frozenset({"during", "from", "to"})
_MOST_RESOURCES: Final = 20


def settle(query: Query, now_us: int) -> Query:
    """Return the query with its values as they are shown.

    Raises:
        QueryError: a value cannot be understood.
    """
    return Query(tuple(_settled(node, now_us) for node in query.nodes))


def question(query: Query, streams: Mapping[str, int]) -> Question:
    """Return what a settled query asks.

    Raises:
        QueryError: nothing can be so, or a filter cannot stand where it does.
        HiddenError: it names a stream that the asker may not read.
    """
    wanted: set[int] | None = None
    found: list[Condition] = []
    asked: list[tuple[Filter, Condition]] = []
    for node in query.nodes:
        if isinstance(node, Filter) and node.name == "stream":
            numbers = {_stream(value, streams) for value in node.values}
            wanted = numbers if wanted is None else wanted & numbers
            if not wanted:
                raise _clash(node, "no event is in two streams", node)
            continue
        one = _condition(node)
        found.append(one)
        if isinstance(node, Filter):
            asked.append((node, one))
    _check(asked)
    _check_resources(query)
    terms = tuple(one for one in found if isinstance(one, Term))
    begins, ends, rest = _period(found)
    from_us, to_us = max(begins, default=None), min(ends, default=None)
    if from_us is not None and to_us is not None and from_us >= to_us:
        last = [node for node, _ in asked if node.name in _TIMES][-1]
        raise _clash(last, "no time lies in all of these periods", last)
    numbers_ = None if wanted is None else tuple(sorted(wanted))
    return Question(terms, from_us, to_us, numbers_, rest)


def without_streams(query: Query) -> Query:
    """Return a query without the filters that name a stream."""
    return Query(
        tuple(
            node
            for node in query.nodes
            if not (isinstance(node, Filter) and node.name == "stream")
        )
    )


def _period(
    found: Sequence[Condition],
) -> tuple[list[int], list[int], tuple[Condition, ...]]:
    """Return beginnings and ends that bound the time, and what is no term."""
    begins: list[int] = []
    ends: list[int] = []
    rest: list[Condition] = []
    for one in found:
        if isinstance(one, Term):
            continue
        several = one.conditions if isinstance(one, AnyOf) else (one,)
        within = [each for each in several if isinstance(each, Within)]
        if within and len(within) == len(several):  # their hull bounds what is read
            firsts = [each.from_us for each in within if each.from_us is not None]
            lasts = [each.to_us for each in within if each.to_us is not None]
            begins += [min(firsts)] if len(firsts) == len(within) else []
            ends += [max(lasts)] if len(lasts) == len(within) else []
        if not isinstance(one, Within) and one != AllOf(()):
            rest.append(one)
    return begins, ends, tuple(rest)


def _condition(node: Node) -> Condition:
    match node:
        case Filter(name="stream"):
            raise QueryError(
                "stream: stands by itself, beside the other filters: name the streams "
                "that are wanted, stream:one,another",
                node.at,
                node.length,
            )
        case Filter():
            return _filter(node)
        case Negation(inner):
            return Not(_condition(inner))
        case Both(nodes):
            several = [(one, _condition(one)) for one in nodes]
            _check([pair for pair in several if isinstance(pair[0], Filter)])  # type: ignore[misc]
            return AllOf(tuple(one for _, one in several))
        case Either(nodes):
            return _any([_condition(one) for one in nodes])


def _filter(node: Filter) -> Condition:
    if node.name in _TIMES:
        return _any([_within(node.name, value) for value in node.values])
    column = names.NAMES[node.name].column
    if column is None:
        raise AssertionError(node.name)
    matches = [_match(node.name, value) for value in node.values]
    if None in matches:
        return AllOf(())  # an action that may be anything
    return Term(column, tuple(one for one in matches if one is not None))


def _any(several: list[Condition]) -> Condition:
    """Return the condition that one of several holds; of one column, one term."""
    if len(several) == 1:
        return several[0]
    terms = [one for one in several if isinstance(one, Term)]
    if len(terms) == len(several) and len({one.column for one in terms}) == 1:
        return Term(terms[0].column, tuple(m for one in terms for m in one.matches))
    return AnyOf(tuple(several))


def _within(name: str, value: Value) -> Within:
    if name == "during":
        return periods.read(value.text, 0)  # settled: nothing in it is relative
    at, _ = periods.instant(name, value.text)
    return Within(at, None) if name == "from" else Within(None, at)


def _match(name: str, value: Value) -> Match | None:
    text = value.text
    if name == "result":
        return values.result(name, text)
    if name == "pii":
        return values.yes_no(name, text)
    if name == "ip":
        return values.address(name, text)
    if value.literal:  # authorization: among them
        return Exactly(text)
    found = values.glob(text)
    # of an action it is anything; of what an event may lack, that it has one
    return values.ANYTHING if found is None and name != "action" else found


def _settled(node: Node, now_us: int) -> Node:
    match node:
        case Filter(name, given, at, length):
            found = tuple(_value(name, value, now_us) for value in given)
            return Filter(name, found, at, length)
        case Negation(inner):
            return Negation(_settled(inner, now_us))
        case Both(nodes):
            return Both(tuple(_settled(one, now_us) for one in nodes))
        case Either(nodes):
            return Either(tuple(_settled(one, now_us) for one in nodes))


def _value(name: str, value: Value, now_us: int) -> Value:
    """Return a value as it is shown."""
    if not value.literal and name not in _FOLDED | _IDS:
        hint = "203.0.113.0/24 for a network" if name == "ip" else "one by one"
        raise _wrong(value, f"{name}: takes no *: write its values in full ({hint})")
    try:
        text = _text(name, value, now_us)
    except QuestionError as error:
        raise _wrong(value, str(error)) from error
    return Value(text, value.literal, value.at, value.length)


def _text(name: str, value: Value, now_us: int) -> str:
    text = value.text
    if name in _FOLDED:
        return projection.fold(text) if value.literal else text.translate(_LOWER)
    if name in _IDS:
        return text[: projection.MAX_CHARACTERS] if value.literal else text
    return _SPELLED[name](text, now_us)


def _result(text: str) -> str:
    return _one_of(text.lower(), values.RESULTS, "no result")


def _authorization(text: str) -> str:
    folded = text.lower().replace("_", "-").replace("authorized", "authorised")
    return _one_of(folded, ANSWERS, "no authorization")


def _one_of(text: str, known: tuple[str, ...], told: str) -> str:
    if text in known:
        return text
    meant = suggesting.near(text, known)
    hint = "" if meant is None else f"did you mean {meant}? "
    raise QuestionError(f"{text[:40]!r} is {told}: {hint}there are {', '.join(known)}")


def _check(asked: Sequence[tuple[Filter, Condition]]) -> None:
    """Refuse two filters of one column that nothing can answer together."""
    seen: dict[str, list[tuple[Filter, set[str | bool]]]] = {}
    for node, one in asked:
        if not isinstance(one, Term) or one.column not in _ONE:
            continue
        exact = {m.value for m in one.matches if isinstance(m, Exactly)}
        if not all(isinstance(m, Exactly) for m in one.matches):
            continue
        for other, theirs in seen.setdefault(one.column, []):
            if not exact & theirs:
                raise _clash(node, f"no event has two of {node.name}:", other)
        seen[one.column].append((node, exact))


def _check_resources(query: Query) -> None:
    several = list(_resources(query.nodes))
    if len(several) > _MOST_RESOURCES:
        extra = several[_MOST_RESOURCES]
        raise QueryError(
            f"these are more than {_MOST_RESOURCES} filters of resource: give one "
            "several values (resource:cust_1,cust_2), or ask twice",
            extra.at,
            extra.length,
        )


def _resources(nodes: Sequence[Node]) -> Sequence[Filter]:
    found: list[Filter] = []
    for node in nodes:
        match node:
            case Filter():
                found += [node] if node.name == "resource" else []
            case Negation(inner):
                found += _resources((inner,))
            case Both(inner_nodes) | Either(inner_nodes):
                found += _resources(inner_nodes)
    return found


def _clash(node: Filter, told: str, other: Filter) -> QueryError:
    if other is node:
        return QueryError(f"{told}: leave one out", node.at, node.length)
    merged = Filter(node.name, (*other.values, *node.values))
    return QueryError(
        f"{told} for either, write {spelling.node(merged)[:200]}", node.at, node.length
    )


def _wrong(value: Value, told: str) -> QueryError:
    return QueryError(told, value.at, max(value.length, 1))


def _stream(value: Value, streams: Mapping[str, int]) -> int:
    if value.text not in streams:
        # the same words whether it is not there or not theirs
        raise HiddenError(
            f"there is no stream {value.text[:80]!r} that you may read", "stream"
        )
    return streams[value.text]


def _yes_no(text: str) -> str:
    try:
        return "yes" if values.yes_no("pii", text).value else "no"
    except QuestionError as error:
        raise QuestionError("pii: is yes or no: write pii:yes") from error


_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
_SPELLED: Final[Mapping[str, Callable[[str, int], str]]] = {
    "result": lambda text, _: _result(text),
    "authorization": lambda text, _: _authorization(text),
    "pii": lambda text, _: _yes_no(text),
    "ip": lambda text, _: values.address_text("ip", text),
    "during": lambda text, now_us: periods.spell(periods.read(text, now_us)),
    "from": lambda text, _: periods.instant("from", text)[1],
    "to": lambda text, _: periods.instant("to", text)[1],
    "stream": lambda text, _: text,
}
