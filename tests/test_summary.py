"""A summary's figures are the oracle's, and add up to what is counted."""

from __future__ import annotations

from collections import Counter
from random import Random  # noqa: TID251  seeded: a failure must come again
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import instants, projection
from prooftrail.search import items, summary
from prooftrail.store import days, figures, remainder, searching
from prooftrail.store.question import (
    AllOf,
    AnyOf,
    Exactly,
    Network,
    Not,
    Question,
    Span,
    Term,
)
from tests.api_rig import serving
from tests.sealing import event, insert, seal
from tests.searched import (
    ALL_TIME,
    BEGIN,
    DAY,
    Entry,
    answers,
    asked,
    asker,
    entries,
    fill,
)
from tests.signing_rig import unguarded
from tests.stated import stated

if TYPE_CHECKING:
    from prooftrail.search.summary import Summary
    from prooftrail.store.question import Condition
    from tests.trail import Trail

TOKEN = "of a test"
MONTH = (BEGIN + 10 * DAY + DAY // 3, BEGIN + 25 * DAY + DAY // 2)


def adds_up(found: Summary, count: int) -> None:
    assert found.total == count
    assert sum(sum(one[1:]) for one in found.buckets) == count
    for column, facet in found.facets.items():
        told = sum(n for _, n in facet.values)
        assert told + facet.other_events + facet.without == count, column


@pytest.mark.parametrize("period", [ALL_TIME, MONTH], ids=["all", "a period"])
def test_figures_are_the_oracles(
    trail: Trail, period: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "MOST_VALUES", 2)
    trail.stream("b")
    trail.stream("c")
    random = Random(5)
    fill(trail, random, 90)
    log = [one for one in entries(trail) if period[0] <= one.occurred_us < period[1]]
    total = 0
    with (
        asker(trail, TOKEN, period=period) as readers,
        readers.reading(TOKEN) as reader,
    ):
        for question in (Question(), *(asked(random) for _ in range(30))):
            expected = answers(question, log)
            found = summary.summarize(reader, question)
            as_of = searching.ends(reader)
            assert searching.count(reader, question, as_of) == len(expected)
            adds_up(found, len(expected))
            compare(found, expected)
            total += found.total
    assert total > 100


def compare(found: Summary, expected: list[Entry]) -> None:
    roles = [one.event["actor"].get("role") for one in expected]
    of = {
        "action": [one.event["action"] for one in expected],
        "actor": [one.event["actor"]["userId"] for one in expected],
        "role": [role and projection.fold(role) for role in roles],
    }
    for column, values in of.items():
        facet = found.facets[column]  # type: ignore[index]
        counted = Counter(values)
        assert facet.without == counted.pop(None, 0)
        ranked = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        assert list(facet.values) == ranked[:2], column
        assert facet.others == len(ranked[2:])
        assert facet.other_events == sum(n for _, n in ranked[2:])
    results = Counter(one.event["result"] for one in expected)
    assert dict(found.facets["result"].values) == results
    days = Counter(one.occurred_us // DAY * DAY for one in expected)
    if found.width == "day":
        assert {one.from_us: sum(one[1:]) for one in found.buckets} == days


KNOWN: tuple[Condition, ...] = (
    Term("action", (Span("customer.pii.", "customer.pii/"),)),
    Term("role", (Exactly("admin"),)),
    Term("result", (Exactly("denied"), Exactly("failure"))),
    Term("pii", (Exactly(value=False),)),
    Not(Term("role", (Exactly("support"),))),
    AnyOf((Term("result", (Exactly("denied"),)), Not(Term("pii", ())))),
)


# what entries alone know
UNKNOWN: tuple[Condition, ...] = (
    Term("ip", (Network("203.0.113.0", "203.0.113.255"),)),
    Not(Term("actor", (Exactly("usr_1"),))),
    Not(Term("resource", (Exactly("cust_1"),))),
    Not(Term("resource_type", (Exactly("customer"),))),
    Not(Term("authorization", (Exactly("denied"),))),
    AnyOf((Not(Term("role", (Exactly("admin"),))), Term("actor", (Exactly("usr_1"),)))),
    Not(AllOf((Term("actor", (Exactly("usr_2"),)), Not(Term("ip", ()))))),
)


@pytest.mark.parametrize("period", [ALL_TIME, MONTH], ids=["all", "a period"])
def test_what_is_counted_as_all_less_the_rest_is_what_the_entries_say(
    trail: Trail, period: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    trail.stream("b")
    random = Random(7)
    fill(trail, random, 200)
    by_days = 0
    with (
        asker(trail, TOKEN, period=period) as readers,
        readers.reading(TOKEN) as reader,
    ):
        for _ in range(60):
            question = Question(
                from_us=random.choice((None, BEGIN + DAY, BEGIN + 2 * DAY - 1)),
                streams=random.choice((None, (1,), (2,))),
                conditions=(
                    *random.sample(KNOWN, random.randrange(2)),
                    *random.sample(UNKNOWN, 1 + random.randrange(2)),
                ),
            )
            with monkeypatch.context() as patched:
                patched.setattr(remainder, "is_little", lambda *_: True)
                found = figures.read(reader, question, 2)
                patched.setattr(remainder, "is_little", lambda *_: False)
                entry_by_entry = figures.read(reader, question, 2)
            by_days += found.step == days.HOURS
            assert entry_by_entry.step == 1
            assert found.values == entry_by_entry.values
            assert found.wholes == entry_by_entry.wholes
            assert folded(found) == folded(entry_by_entry)
    assert by_days > 40


@pytest.mark.parametrize("period", [ALL_TIME, MONTH], ids=["all", "a period"])
def test_days_that_are_counted_say_what_the_entries_say(
    trail: Trail, period: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    trail.stream("b")
    random = Random(6)
    fill(trail, random, 200)
    # times within a day: the ends of a period are no days
    early = {"timestamp": instants.text(BEGIN + 2 * DAY - 1)}
    late = {"timestamp": instants.text(BEGIN + 30 * DAY)}
    insert(trail, event(**early), event(**late))
    seal(trail)
    by_days = 0
    with (
        asker(trail, TOKEN, period=period) as readers,
        readers.reading(TOKEN) as reader,
    ):
        for _ in range(60):
            question = Question(
                from_us=random.choice((None, BEGIN + DAY, BEGIN + 2 * DAY - 1)),
                to_us=random.choice((None, BEGIN + 30 * DAY + 1, BEGIN + 26 * DAY)),
                streams=random.choice((None, (1,), (2,))),
                conditions=tuple(random.sample(KNOWN, random.randrange(3))),
            )
            found = figures.read(reader, question, 2)
            by_days += found.step == days.HOURS
            with monkeypatch.context() as patched:
                patched.setattr(days, "FEWEST", 2**40)
                entry_by_entry = figures.read(reader, question, 2)
            assert entry_by_entry.step == 1
            assert found.values == entry_by_entry.values
            assert found.wholes == entry_by_entry.wholes
            assert folded(found) == folded(entry_by_entry)
    assert by_days > 40


def folded(found: figures.Figures) -> Counter[tuple[int, str]]:
    """Return counts by day."""
    counted: Counter[tuple[int, str]] = Counter()
    for (hour, result), count in found.hours.items():
        counted[hour // 24, result] += count
    return counted


def test_an_empty_log_has_no_figures(trail: Trail) -> None:
    with asker(trail, TOKEN) as readers, readers.reading(TOKEN) as reader:
        nobody = Question(from_us=BEGIN, to_us=BEGIN + DAY)
        found = summary.summarize(reader, nobody)
    adds_up(found, 0)
    assert found.buckets == ()


def test_over_http_it_is_told_and_recorded(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(trail, event(result="denied"), event(result="success"))
    seal(trail)
    with serving(trail, monkeypatch) as api, api.client(api.key("auditor")) as client:
        told = client.get("/audit/summary", params={"result": "denied"}).json()
        assert told["total"] == 1
        assert told["facets"]["result"]["values"] == [{"value": "denied", "n": 1}]
        assert [one["denied"] for one in told["buckets"]] == [1]
        api.seal()
        viewed = {"action": "audit.log.view"}
        [read] = client.get("/audit/events", params=viewed).json()["events"]
    asked_ = {"filters": {"result": "denied"}}
    assert read["details"] == {**asked_, "summary": True, "count": 1}


ALTERED = {
    "redacted": "event = null, salt = null",
    "unreadable": "event = '\\x7b'",
}


@pytest.mark.parametrize("how", ALTERED)
def test_what_cannot_be_read_any_more_counts_as_before(trail: Trail, how: str) -> None:
    """Figures are of the searched columns, which stay when the event is gone."""
    random = Random(8)
    fill(trail, random, 60)
    questions = [Question(), *(asked(random) for _ in range(12))]
    # whose authority is said by the event itself
    questions = [one for one in questions if "authorization" not in repr(one)]
    with asker(trail, TOKEN) as readers:
        with readers.reading(TOKEN) as reader:
            before = [summary.summarize(reader, one) for one in questions]
        with unguarded(trail) as superuser:
            superuser.execute("alter table prooftrail.log drop constraint body_is_hash")
            done = superuser.execute(
                f"update prooftrail.log set {ALTERED[how]} where seq % 3 = 1"
            )
            assert done.rowcount > 10
        with readers.reading(TOKEN) as reader:
            after = [summary.summarize(reader, one) for one in questions]
            ends = searching.ends(reader)
            rows = searching.page(reader, Question(), ends, None, 1_000)
    assert after == before
    assert before[0].total == len(rows)
    told = [how in items.item(one, {}) for one in rows]
    assert True in told
    assert False in told


def test_an_export_of_ten_thousand_counts_once_for_each_of_them(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = [f"cust_{number}" for number in range(10_000)]
    made = event(
        action="customer.pii.export",
        subjects=customers,
        resource={"type": "customer", "id": "all"},
        authorization={"decision": "allowed", "basis": "role"},
    )
    texts = stated(made).texts
    assert len(texts) == 10
    insert(trail, *texts)
    seal(trail)
    with serving(trail, monkeypatch) as api, api.client(api.key("auditor")) as client:
        for customer in ("cust_0", "cust_5000", "cust_9999", "all"):
            asked_ = {"resource": customer, "pii": "true"}
            told = client.get("/audit/summary", params=asked_).json()
            assert told["total"] == 1, customer
            assert told["facets"]["action"]["values"] == [
                {"value": "customer.pii.export", "n": 1}
            ]
            who = client.get("/audit/authority", params=asked_).json()
            assert (who["total"], who["authorised"]) == (1, 1), customer
        exports = {"action": "customer.pii.export"}
        assert client.get("/audit/summary", params=exports).json()["total"] == 1
        nobody = {"resource": "cust_10000"}
        assert client.get("/audit/summary", params=nobody).json()["total"] == 0


_hours = st.dictionaries(
    st.tuples(st.integers(-17_000_000, 70_000_000), st.sampled_from(["success"])),
    st.integers(1, 9),
    max_size=200,
)
_near = st.dictionaries(
    st.tuples(st.integers(0, 62_000), st.sampled_from(["success", "denied"])),
    st.integers(1, 9),
    max_size=200,
)


@given(st.one_of(_hours, _near))
def test_buckets_are_few_and_hold_everything(hours: dict[tuple[int, str], int]) -> None:
    found = summary.of(figures.Figures(hours, {}))
    assert found.total == sum(sum(one[1:]) for one in found.buckets)
    assert found.width == "year" or len(found.buckets) <= summary.MOST
