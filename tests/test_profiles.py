"""A profile's figures are the oracle's, whole; names are those of the newest events."""

from __future__ import annotations

import json
from collections import Counter
from random import Random  # noqa: TID251  seeded: a failure must come again
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.console import queries
from prooftrail.search.language import understand
from prooftrail.store import profiles, searching
from prooftrail.store.question import Exactly, Question, Term
from tests.searched import (
    ALL_TIME,
    BEGIN,
    CUSTOMERS,
    DAY,
    Entry,
    answers,
    asked,
    asker,
    entries,
    fill,
)

if TYPE_CHECKING:
    from prooftrail.store.profiles import Profile
    from tests.trail import Trail

TOKEN = "of a test"
MONTH = (BEGIN + 10 * DAY + DAY // 3, BEGIN + 25 * DAY + DAY // 2)


@pytest.mark.parametrize("period", [ALL_TIME, MONTH], ids=["all", "a period"])
def test_figures_are_the_oracles(trail: Trail, period: tuple[int, int]) -> None:
    trail.stream("b")
    trail.stream("c")
    random = Random(11)
    fill(trail, random, 90)
    log = [one for one in entries(trail) if period[0] <= one.occurred_us < period[1]]
    questions = [Question((Term("resource", (Exactly(one),)),)) for one in CUSTOMERS]
    questions += [asked(random) for _ in range(20)]
    total = 0
    with (
        asker(trail, TOKEN, period=period) as readers,
        readers.reading(TOKEN) as reader,
    ):
        for question in (Question(), *questions):
            expected = answers(question, log)
            ends = searching.ends(reader)
            found = profiles.read(reader, question, ends, 2)
            compare(found, expected)
            total += found.total.n if found.total else 0
        actors = ["usr_1", "usr_3", "nobody", "usr_2"]
        newest = searching.newest_of(reader, actors)
    assert total > 200
    wanted = {}
    for one in sorted(log, key=lambda each: each.key):
        if one.continues is None and one.event["actor"]["userId"] in actors:
            wanted[one.event["actor"]["userId"]] = one.occurred_us
    named = {_actor(one.event): one.occurred_us for one in newest}
    assert named == wanted
    assert len(wanted) == len(newest) == 3


def compare(found: Profile, expected: list[Entry]) -> None:
    times = [one.occurred_us for one in expected]
    if not times:
        assert found.total is None
        return
    assert found.total == (len(times), min(times), max(times))
    of: dict[Any, Any] = {
        "action": lambda one: one["action"],
        "actor": lambda one: one["actor"]["userId"],
        "result": lambda one: one["result"],
        "ip": lambda one: one["actor"].get("ipAddress"),
    }
    for column, read in of.items():
        counted = Counter(read(one.event) for one in expected)
        counted.pop(None, None)
        ranked = sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:2]
        given = found.values[column]
        assert [(value, one.n) for value, one in given.items()] == ranked, column
        assert found.wholes[column] == (len(counted), counted.total()), column
        for value, one in given.items():
            its = [e.occurred_us for e in expected if read(e.event) == value]
            assert (one.first_us, one.last_us) == (min(its), max(its))


def _actor(event: bytes | None) -> str:
    assert event is not None
    return str(json.loads(event)["actor"]["userId"])


def test_nobody_has_no_figures(trail: Trail) -> None:
    with asker(trail, TOKEN) as readers, readers.reading(TOKEN) as reader:
        ends = searching.ends(reader)
        nobody = Question((Term("actor", (Exactly("nobody"),)),))
        found = profiles.read(reader, nobody, ends, 9)
        assert searching.newest_of(reader, ["nobody"]) == []
        assert searching.newest_of(reader, []) == []
    assert found.total is None
    assert not any(found.values.values())


@given(st.text(min_size=1, max_size=200).filter(str.isprintable))
def test_the_timeline_goes_on_with_a_pages_own_question(who: str) -> None:
    """Its cursors are of one question: that of the query that the page leads to."""
    text = queries.written("actor", who)
    found = understand(text, streams={}, now_us=BEGIN)
    assert found.question == Question((Term("actor", (Exactly(who),)),))
    again = understand(found.canonical, streams={}, now_us=BEGIN)
    assert again.question == found.question
