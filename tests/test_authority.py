"""Who did it, on whose authority: the four answers are the oracle's, and are all."""

from __future__ import annotations

from collections import Counter
from random import Random  # noqa: TID251  seeded: a failure must come again
from typing import TYPE_CHECKING

import pytest

from prooftrail.store import authority, searching
from prooftrail.store.question import ANSWERS, Exactly, Question, Term
from tests import searched
from tests.searched import ALL_TIME, BEGIN, DAY, asked, asker, entries, fill

if TYPE_CHECKING:
    from prooftrail.store.authority import Authority
    from tests.searched import Entry
    from tests.trail import Trail

TOKEN = "of a test"
MONTH = (BEGIN + 10 * DAY + DAY // 3, BEGIN + 25 * DAY + DAY // 2)


@pytest.mark.parametrize("period", [ALL_TIME, MONTH], ids=["all", "a period"])
def test_the_four_answers_are_the_oracles(
    trail: Trail, period: tuple[int, int]
) -> None:
    trail.stream("b")
    trail.stream("c")
    random = Random(6)
    fill(trail, random, 90)
    log = [one for one in entries(trail) if period[0] <= one.occurred_us < period[1]]
    seen: Counter[str] = Counter()
    with (
        asker(trail, TOKEN, period=period) as readers,
        readers.reading(TOKEN) as reader,
    ):
        as_of = searching.ends(reader)
        for question in (Question(), *(asked(random) for _ in range(30))):
            expected = searched.answers(question, log)
            found = authority.read(reader, question, as_of)
            compare(found, expected)
            assert found.total == searching.count(reader, question, as_of)
            few = authority.read(reader, question, as_of, 2)
            assert few.counts == found.counts
            assert few.actors == found.actors[:2]
            assert few.others == len(found.actors) - len(few.actors)
            seen.update(found.counts)
        assert all(seen[one] > 20 for one in ANSWERS), seen
        # each answer, asked for, is as many as it was told to be
        every = authority.read(reader, Question(), as_of)
        for one in ANSWERS:
            term = Term("authorization", (Exactly(one),))
            count = searching.count(reader, Question((term,)), as_of)
            assert count == every.counts[one]


def compare(found: Authority, expected: list[Entry]) -> None:
    every = [searched.authority(one.event) for one in expected]
    assert found.counts == {one: every.count(one) for one in ANSWERS}
    assert found.total == len(expected)
    assert found.others == 0
    by: dict[str | None, list[Entry]] = {}
    for one in expected:  # the newest first
        by.setdefault(one.event["actor"].get("userId"), []).append(one)
    ranked = sorted(by.items(), key=lambda one: (-len(one[1]), one[0] or ""))
    assert [one.id for one in found.actors] == [who for who, _ in ranked]
    for actor, (_, its) in zip(found.actors, ranked, strict=True):
        assert actor.last_us == its[0].occurred_us
        theirs = [searched.authority(one.event) for one in its]
        assert actor.counts == {one: theirs.count(one) for one in ANSWERS}
        assert actor.total == len(its)
