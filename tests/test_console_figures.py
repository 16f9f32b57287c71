"""Bars and facets: what they add up to, and where they lead."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from prooftrail.console import figures, queries
from prooftrail.search import lists, summary
from prooftrail.search.language import understand
from prooftrail.search.parameters import Paging
from prooftrail.store import figures as counting
from prooftrail.store.readers import Readers
from tests.api_rig import serving
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from tests.trail import Trail

NOW = 1_800_000_000_000_000
QUERIES = [
    "",
    "result:denied",
    "actor:usr_1",
    "resource:cust_1",
    "resource:cust_1 -actor:usr_2",
    "(role:admin or result:failure) -action:auth.*",
    "pii:yes during:2026-03",
    "actor:nobody",
]


def events() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for n in range(60):
        result = ("success", "success", "failure", "denied")[n % 4]
        made.append(
            {
                "timestamp": f"2026-03-{1 + n % 28:02}T{n % 24:02}:00:00Z",
                "actor": {"userId": f"usr_{n % 7}"}
                | ({"role": "admin"} if n % 3 else {}),
                "action": ("customer.pii.view", "auth.login.failure")[n % 2],
                "resource": {"type": "customer", "id": f"cust_{n % 3}"},
                "subjects": [f"cust_{n % 3}", "cust_1"],
                "result": result,
            }
            | ({"pii": {"fields": ["email"]}} if n % 2 else {})
        )
    return made


def test_figures_are_what_the_list_has(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(trail, monkeypatch) as api:
        with api.client(api.key("writer")) as client:
            for event in events():
                assert client.post("/audit/events", json=event).status_code == 201
        api.seal()
        readers, streams = Readers(), {"main": trail.made["main"].number}
        whole = api.key("auditor")
        part = api.key("auditor", from_us=1_772_800_000_000_000)
        try:
            for token in (whole, part):
                for text in QUERIES:
                    _compare(readers, token, text, streams)
        finally:
            readers.close()


def _compare(
    readers: Readers, token: str, text: str, streams: Mapping[str, int]
) -> None:
    question = understand(text, streams=streams, now_us=now_us()).question
    with readers.reading(token) as connection:
        found = counting.read(connection, question)
        page = lists.page(connection, question, Paging(1_000, None), streams)
    assert summary.of(found).total == len(page.items), text
    results = Counter(str(one["result"]) for one in page.items)
    told: Counter[str] = Counter()
    for (_, result), count in found.hours.items():
        told[result] += count
    assert told == results, text
    for column, read in {
        "action": lambda one: one["action"],
        "role": lambda one: one["actor"].get("role"),
        "actor": lambda one: one["actor"].get("userId"),
    }.items():
        counted = Counter(map(read, page.items))
        counted.pop(None, None)
        given = dict(found.values.get(column, []))  # type: ignore[call-overload]
        assert given == dict(counted.most_common(counting.MOST)), (text, column)
    pii = found.values.get("pii", [])  # a projection of more than the key of that name
    assert sum(count for _, count in pii) == len(page.items), text


_hours = st.dictionaries(
    st.tuples(st.integers(0, 2_000_000), st.sampled_from(["success", "denied", "x"])),
    st.integers(1, 1_000),
    min_size=1,
    max_size=30,
)


@given(_hours)
def test_bars_hold_every_hour_and_are_few(hours: dict[tuple[int, str], int]) -> None:
    found = counting.Figures(hours, {})
    drawing = figures.drawing(found)
    assert drawing is not None
    assert sum(bar.total for bar in drawing.bars) == sum(hours.values())
    assert len(drawing.bars) <= figures.MOST
    ends = [bar.ends for bar in drawing.bars[:-1]]
    assert ends == [bar.begins for bar in drawing.bars[1:]]


def test_a_facet_leads_to_more_filters_and_back() -> None:
    asked = understand("role:admin", streams={}, now_us=NOW)
    found = counting.Figures(
        {(490_000, "success"): 3, (490_001, "denied"): 1},
        {"role": [("admin", 4)], "actor": [("J. Doe", 4)], "pii": [("true", 4)]},
    )
    by_title = {
        one.title: one.values for one in figures.facets(summary.of(found), asked)
    }
    assert list(by_title) == ["Result", "Role", "Who", "Personal data"]
    [role] = by_title["Role"]
    assert (role.chosen, role.q) == (True, None)
    [who] = by_title["Who"]
    assert who.q == 'role:admin actor:"J. Doe"'
    assert understand(str(who.q), streams={}, now_us=NOW).canonical == who.q
    assert by_title["Result"][1].q == queries.narrowed("role:admin", "result:denied")


def test_a_bar_leads_to_its_own_time() -> None:
    told = queries.within("role:admin during:2026-03", "2026-03-05", "2026-03-06")
    again = understand(told, streams={}, now_us=NOW)
    assert "role:admin" in told
    assert "2026-03-05" in told
    assert again.question.to_us is not None
    assert again.question.from_us is not None
    assert again.question.to_us - again.question.from_us == 86_400_000_000
