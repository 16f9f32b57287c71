"""Whether an id is hidden or nowhere, an answer takes as long and does the same."""

from __future__ import annotations

import time
from random import Random  # noqa: TID251  seeded: a failure must come again
from statistics import median
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from psycopg import sql

from prooftrail.store import asking, files
from tests.api_rig import Api, serving
from tests.limits_rig import MARCH, World, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.trail import Trail

EACH = 120
SHUFFLES = 1_000
ROUNDS = 3  # one that shows no difference is enough: noise is what differs by chance


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


@pytest.fixture
def world(api: Api) -> World:
    return build(api)


@pytest.fixture
def limited(world: World) -> str:
    start, end = MARCH
    return world.api.key("auditor", names=["main"], from_us=start, to_us=end)


def test_a_hidden_id_takes_no_longer_than_one_that_is_not_there(
    world: World, limited: str
) -> None:
    random = Random(5)
    hidden = [one.event_id for one in world.hidden]
    absent = [str(uuid4()) for _ in hidden]
    with world.api.client(limited) as client:
        assert any(looks_alike(client, hidden, absent, random) for _ in range(ROUNDS))


def looks_alike(
    client: httpx.Client, hidden: list[str], absent: list[str], random: Random
) -> bool:
    """Ask for both kinds in turns; compare medians with what chance alone gives.

    How far medians are apart by chance is seen by dealing the same times out anew:
    that bound is of this machine at this moment, and no time stands in the test.
    """
    took: list[tuple[bool, float]] = []
    for _ in range(EACH):
        kinds = [(True, random.choice(hidden)), (False, random.choice(absent))]
        random.shuffle(kinds)
        for kind, event_id in kinds:
            begun = time.perf_counter()
            assert client.get(f"/audit/events/{event_id}").status_code == 404
            took.append((kind, time.perf_counter() - begun))
    apart = abs(difference(took))
    kinds_only, times = [kind for kind, _ in took], [at for _, at in took]
    chance = []
    for _ in range(SHUFFLES):
        random.shuffle(times)
        chance.append(abs(difference(list(zip(kinds_only, times, strict=True)))))
    return apart <= sorted(chance)[SHUFFLES * 99 // 100]


def difference(took: list[tuple[bool, float]]) -> float:
    return median(t for kind, t in took if kind) - median(
        t for kind, t in took if not kind
    )


def test_the_way_of_asking_notices_a_difference(
    world: World, limited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the test before would say nothing."""
    real = files.query
    slow = world.hidden[0].event_id
    bound = "where l.event_id = {event_id}"

    def query(name: str) -> Any:
        text = real(name)
        if name == "search_event":
            text = text.replace(
                bound,
                # once, before anything is looked for
                "where (select pg_sleep(case when {event_id} ="
                f" '{slow}'::uuid then 0.01 else 0 end))::text = ''"
                f" and {bound.removeprefix('where ')}",
            )
        return text

    monkeypatch.setattr(files, "query", query)
    with world.api.client(limited) as client:
        there = client.get(f"/audit/events/{world.shown[0]}")
        assert there.status_code == 200
        found = looks_alike(client, [slow], [str(uuid4())], Random(5))
    assert found is False


def test_the_same_is_done_for_both_and_told_in_the_same_words(
    world: World, limited: str
) -> None:
    absent = str(uuid4())
    plans, answers, recorded = [], [], []
    inbox = world.api.trail.superuser()
    reader = world.api.trail.login("reader")
    reader.execute("select set_config('prooftrail.token', %s, false)", (limited,))
    with world.api.client(limited) as client:
        for event_id in (*(one.event_id for one in world.hidden), absent):
            bound = asking.Values()
            statement = asking.query(
                "search_event",
                found=sql.SQL(files.query("search_found")),
                event_id=bound(UUID(event_id)),
                streams=bound([1]),
            )
            explain = sql.SQL("explain (costs off) ") + statement
            plan = str(reader.execute(explain, bound, prepare=False).fetchall())
            plans.append(plan.replace(event_id, ""))
            answers.append(client.get(f"/audit/events/{event_id}").text)
            rows = inbox.execute(
                "select event::jsonb #>> '{details}' from prooftrail.inbox order by id"
            ).fetchall()
            recorded.append(str(rows[-1]).replace(event_id, ""))
    assert len(set(plans)) == len(set(answers)) == len(set(recorded)) == 1
    # which index it takes is tests/test_query_plans.py's: a small table needs none
