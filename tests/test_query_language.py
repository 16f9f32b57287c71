"""The query language: what is written is read, shown back, or pointed at."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.core import instants
from prooftrail.errors import HiddenError, QueryError, QuestionError
from prooftrail.search.language import parse, spell, understand
from prooftrail.search.language.names import NAMES
from prooftrail.search.language.periods import read as period
from prooftrail.search.language.periods import spell as spelled
from prooftrail.search.language.syntax import (
    Filter,
    Node,
    Query,
    Value,
    both,
    either,
    negation,
)
from prooftrail.store.question import (
    AnyOf,
    Exactly,
    Network,
    Not,
    Pattern,
    Question,
    Span,
    Term,
    Within,
)

NOW = instants.microseconds("2026-11-27T21:30:00.5Z")
STREAMS = {"main": 1, "acme": 2}


def us(text: str) -> int:
    return instants.microseconds(f"{text}T00:00:00Z")


def asked(text: str) -> Any:
    return understand(text, streams=STREAMS, now_us=NOW)


def is_(column: Any, *values: Any) -> Term:
    return Term(column, tuple(Exactly(value) for value in values))


# Trees, by the constructors that keep one shape for one meaning.

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
) | st.sampled_from(['"', "\\", "a,b", "(x)", " ", "*", "a:b", "-", "OR", "\u3000"])
literals = st.builds(Value, texts)
patterns = st.builds(
    Value,
    st.text("abc.*_-:", min_size=1, max_size=8).filter(lambda text: "*" in text),
    st.just(value=False),
)
filters = st.builds(
    Filter,
    st.sampled_from(list(NAMES)),
    st.lists(literals | patterns, min_size=1, max_size=3).map(tuple),
)


def joined(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=3)
    return (
        inner.map(negation)
        | several.map(lambda nodes: both(*nodes))
        | several.map(lambda nodes: either(*nodes))
    )


nodes: st.SearchStrategy[Node] = st.recursive(filters, joined, max_leaves=8)
queries = st.lists(nodes, max_size=4).map(Query.of)


@settings(max_examples=400)
@given(queries)
def test_what_is_spelled_is_read_as_the_same(query: Query) -> None:
    text = spell(query)
    assert parse(text) == query
    assert spell(parse(text)) == text


WORDS = [
    *(f"{name}:" for name in NAMES),
    *("OR", "AND", "NOT", "-", "(", ")", '"', ",", " ", "\\", "*", ":", ".."),
    *("admin", "customer.pii.*", "2026-Q1", "2026-02-30", "yes", "denied", "::/0"),
    *("last-9999-years", "9999", "last-month", "..2026", "acme", "main", "1.2.3.4/8"),
]
pieces = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=12)


@settings(max_examples=600)
@given(pieces.map("".join) | pieces.map(" ".join) | st.text(max_size=40))
def test_whatever_is_written_is_understood_or_pointed_at(text: str) -> None:
    refused = found = None
    try:
        found = asked(text)
    except HiddenError:
        return
    except QueryError as error:
        refused = error
    if refused is not None:
        assert 0 <= refused.at <= max(len(text), 1)
        assert refused.length >= 1
        assert len(str(refused)) < 700
        return
    assert found is not None
    again = understand(found.canonical, streams=STREAMS, now_us=0)
    assert again == found
    for chip in found.chips:
        left = understand(chip.without, streams=STREAMS, now_us=0)
        assert left.canonical == chip.without


EXPORTS = "customer.%.export"
MEANT: dict[str, Question] = {
    "": Question(),
    "  ": Question(),
    "action:customer.pii.*": Question(
        (Term("action", (Span("customer.pii.", "customer.pii/"),)),)
    ),
    "action:Customer.*.Export": Question(
        (
            Term(
                "action",
                (Pattern(Span("customer.", "customer/"), "customer.%.export"),),
            ),
        )
    ),
    "action:*": Question(),
    "role:Admin result:DENIED pii:true": Question(
        (is_("role", "admin"), is_("result", "denied"), is_("pii", True))
    ),
    "role:admin, support": Question((is_("role", "admin", "support"),)),
    "role:admin OR role:support": Question((is_("role", "admin", "support"),)),
    "actor:dani@company.com AND customer:cust_456": Question(
        (is_("actor", "dani@company.com"), is_("resource", "cust_456"))
    ),
    "user:a resource_type:T": Question((is_("actor", "a"), is_("resource_type", "t"))),
    "ip:203.0.113.9/24": Question(
        (Term("ip", (Network("203.0.113.0", "203.0.113.255"),)),)
    ),
    "ip:2001:DB8::1": Question((is_("ip", "2001:db8::1"),)),
    "-actor:svc_*": Question(conditions=(Not(Term("actor", (Span("svc_", "svc`"),))),)),
    "NOT role:admin": Question(conditions=(Not(is_("role", "admin")),)),
    "--role:admin": Question((is_("role", "admin"),)),
    "-role:*": Question(conditions=(Not(Term("role", (Span("", None),))),)),
    'actor:"svc_*"': Question((is_("actor", "svc_*"),)),
    r'resource:"a \"b\" (c), \\"': Question((is_("resource", 'a "b" (c), \\'),)),
    "role:admin OR pii:yes": Question(
        conditions=(AnyOf((is_("role", "admin"), is_("pii", True))),)
    ),
    "stream:acme,main": Question(streams=(1, 2)),
    "stream:acme,main stream:main": Question(streams=(1,)),
    "during:2026-Q1": Question((), us("2026-01-01"), us("2026-04-01")),
    "during:2026 from:2026-02-01": Question((), us("2026-02-01"), us("2027-01-01")),
    "to:2026-02-01": Question((), None, us("2026-02-01")),
    "-during:2026-02": Question(
        conditions=(Not(Within(us("2026-02-01"), us("2026-03-01"))),)
    ),
    "during:2026-01,2026-03": Question(
        (),
        us("2026-01-01"),
        us("2026-04-01"),
        None,
        (
            AnyOf(
                (
                    Within(us("2026-01-01"), us("2026-02-01")),
                    Within(us("2026-03-01"), us("2026-04-01")),
                )
            ),
        ),
    ),
}


@pytest.mark.parametrize("text", MEANT)
def test_a_query_asks_for_what_it_says(text: str) -> None:
    assert asked(text).question == MEANT[text]


PERIODS = {
    "2026": ("2026", "2026-01-01", "2027-01-01"),
    "2026-q2": ("2026-Q2", "2026-04-01", "2026-07-01"),
    "2026-02": ("2026-02", "2026-02-01", "2026-03-01"),
    "2024-02-29": ("2024-02-29", "2024-02-29", "2024-03-01"),
    "today": ("2026-11-27", "2026-11-27", "2026-11-28"),
    "yesterday": ("2026-11-26", "2026-11-26", "2026-11-27"),
    "this-week": ("2026-11-23..2026-11-29", "2026-11-23", "2026-11-30"),
    "last-week": ("2026-11-16..2026-11-22", "2026-11-16", "2026-11-23"),
    "this-month": ("2026-11", "2026-11-01", "2026-12-01"),
    "last-month": ("2026-10", "2026-10-01", "2026-11-01"),
    "this-quarter": ("2026-Q4", "2026-10-01", "2027-01-01"),
    "last-quarter": ("2026-Q3", "2026-07-01", "2026-10-01"),
    "this-year": ("2026", "2026-01-01", "2027-01-01"),
    "last-year": ("2025", "2025-01-01", "2026-01-01"),
    "last-1-day": ("2026-11-27", "2026-11-27", "2026-11-28"),
    "last-7-days": ("2026-11-21..2026-11-27", "2026-11-21", "2026-11-28"),
    "last-2-weeks": ("2026-11-14..2026-11-27", "2026-11-14", "2026-11-28"),
    "last-3-months": ("2026-08-28..2026-11-27", "2026-08-28", "2026-11-28"),
    "2026-01..2026-03": ("2026-Q1", "2026-01-01", "2026-04-01"),
    "2026-01..2026-02": ("2026-01..2026-02", "2026-01-01", "2026-03-01"),
    "2026-01..2026-06": ("2026-Q1..2026-Q2", "2026-01-01", "2026-07-01"),
    "2024..2026-12-31": ("2024..2026", "2024-01-01", "2027-01-01"),
    "2026-01-05..2026-02": ("2026-01-05..2026-02-28", "2026-01-05", "2026-03-01"),
    "2026-03..": ("2026-03-01..", "2026-03-01", None),
    "..2026-03": ("..2026-03-31", None, "2026-04-01"),
}


@pytest.mark.parametrize("text", PERIODS)
def test_a_period_is_read_and_shown_in_full(text: str) -> None:
    shown, begin, end = PERIODS[text]
    found = period(text, NOW)
    assert found == Within(us(begin) if begin else None, us(end) if end else None)
    assert spelled(found) == shown
    assert period(shown, 0) == found


def test_hours_end_with_the_present_second() -> None:
    found = asked("during:last-24-hours")
    assert found.canonical == "during:2026-11-26T21:30:01Z..2026-11-27T21:30:01Z"


@given(st.integers(-2_000, 60_000), st.integers(1, 4_000), st.integers(0, 1))
def test_every_period_is_read_as_it_is_spelled(
    first: int, days: int, more: int
) -> None:
    found = Within(first * instants.DAY, (first + days) * instants.DAY + more)
    assert period(spelled(found), 0) == found


REFUSED = {  # what is written, where, how long, and a part of what is said
    "rol:admin": (0, 3, "did you mean role:?"),
    "pii:yes acton:x": (8, 5, "did you mean action:?"),
    "xyzzy:1": (0, 5, "there are action, pii"),
    "result:failed": (7, 6, "did you mean failure?"),
    "result:success,deny": (15, 4, "there are success, failure, denied"),
    "pii:maybe": (4, 5, "pii:yes"),
    "pii:yes denied": (8, 6, "result:denied"),
    "pii:yes admin": (8, 5, "role:admin or actor:admin"),
    "pii:yes 203.0.113.9": (8, 11, "ip:203.0.113.9"),
    "pii:yes 2026-Q1": (8, 7, "during:2026-Q1"),
    "pii:yes cust_4": (8, 6, "actor:cust_4 or resource:cust_4"),
    "pii:yes customer.pii.exprt": (8, 18, "action:customer.pii.export"),
    "who exported customers role:admin -ip:203.0.113.0/24": (
        0,
        3,
        "write action:customer.pii.export role:admin -ip:203.0.113.0/24",
    ),
    "role:": (4, 1, "write it right behind"),
    "role:a,": (6, 1, "has no value"),
    "role: admin": (4, 1, "write it right behind"),
    "role:(a OR b)": (5, 1, "role:one,another"),
    'role:""': (5, 2, "leave it out"),
    'actor:"a': (6, 2, "not closed"),
    r'actor:"a\b"': (8, 1, r"\\"),
    'actor:a"b"': (7, 1, "quotation marks around"),
    '"acme"': (0, 6, 'actor:"acme"'),
    ", role:a": (0, 1, "role:admin,support"),
    "- role:a": (0, 1, "-role:admin"),
    "role:a OR": (7, 2, "nothing behind it"),
    "role:a NOT": (7, 3, "nothing behind it"),
    "OR role:a": (0, 2, "role:admin OR role:support"),
    "()": (0, 1, "leave it out"),
    "(role:a": (0, 1, "add )"),
    "role:a)": (6, 1, "closes nothing"),
    "role:a result:denied OR pii:yes": (
        21,
        2,
        "(role:a result:denied) OR pii:yes, or role:a (result:denied OR pii:yes)",
    ),
    "(" * 21 + "role:a" + ")" * 21: (20, 1, "with fewer"),
    "role:admin role:support": (11, 12, "role:admin,support"),
    "result:denied result:success": (14, 14, "result:denied,success"),
    "pii:yes pii:no": (8, 6, "two of pii"),
    "during:2025 during:2026": (12, 11, "no time lies in all"),
    "from:2026-02-01 to:2026-01-01": (16, 13, "no time lies in all"),
    "during:2026-02-30": (7, 10, "write 2026, 2026-Q1"),
    "during:2026-Q5": (7, 7, "write 2026, 2026-Q1"),
    "during:2026-03..2026-01": (7, 16, "swap the two"),
    "during:last-0-days": (7, 11, "last-7-days"),
    "during:..": (7, 2, "is no period"),
    "from:soon": (5, 4, "write 2026-01-01"),
    "ip:203.0.113.*": (3, 11, "203.0.113.0/24"),
    "ip:localhost": (3, 9, "write 203.0.113.42"),
    "-stream:main": (1, 11, "stream:one,another"),
    "stream:main stream:acme": (12, 11, "two streams"),
    "role:a\x00": (6, 1, "control character"),
    "role:\ud800": (5, 1, "control character"),
    "x" * 2_001: (2_000, 1, "2,000"),
    " ".join(f"actor:{n}*" for n in range(101)): (990, 10, "100 filters"),
    " ".join(f"resource:{n}" for n in range(21)): (230, 11, "20 filters of resource"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_an_error_points_at_its_place_and_says_what_to_write(text: str) -> None:
    at, length, told = REFUSED[text]
    with pytest.raises(QueryError) as caught:
        asked(text)
    assert (caught.value.at, caught.value.length) == (at, length), caught.value
    assert told in str(caught.value)


def test_a_stream_of_others_is_not_there_in_the_same_words() -> None:
    with pytest.raises(HiddenError, match="no stream 'other' that you may read"):
        asked("stream:other")


def test_chips_are_the_filters_and_what_is_left_without_each() -> None:
    found = asked("role:admin (pii:yes OR result:denied) stream:main")
    assert found.chips == (
        ("role:admin", "(pii:yes OR result:denied) stream:main"),
        ("pii:yes OR result:denied", "role:admin stream:main"),
        ("stream:main", "role:admin (pii:yes OR result:denied)"),
    )
    assert asked(found.chips[2].without).canonical == found.chips[2].without
    assert found.told == "role:admin (pii:yes OR result:denied)"


@pytest.mark.parametrize("piece", ["(", "-", "role:a ", '"', "a,", "role:a OR ", "\\"])
def test_no_text_takes_long(piece: str) -> None:
    for length in (1_999, 6_000):
        text = (piece * length)[:length]
        begin = time.perf_counter()
        with suppress(QuestionError):
            parse(text)
        assert time.perf_counter() - begin < 0.5
