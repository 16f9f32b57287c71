"""Pages over HTTP while others write: what was there comes exactly once, in order."""

from __future__ import annotations

import json
import threading
from random import Random  # noqa: TID251  given by hypothesis, seeded
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prooftrail.core import instants
from tests.api_rig import Api, serving
from tests.sealing import event, insert, sealer
from tests.searched import BEGIN, DAY, made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    import httpx

    from tests.trail import Trail

LIMITS: dict[str, dict[str, Any]] = {
    "everything": {},
    "a stream": {"names": ["main"]},
    "a period": {"from_us": BEGIN, "to_us": BEGIN + 365 * DAY},
}
# few different times: pages begin and end among equal ones
TIMES = st.integers(0, 3).map(lambda days: BEGIN + days * DAY)
QUESTIONS: tuple[dict[str, str], ...] = (
    {},
    {"action": "customer.pii.*"},
    {"resource": "cust_1"},
    {"actor": "usr_1", "result": "success"},
    {"stream": "b"},
    {"pii": "true", "from": "2026-01-02"},
    {"ip": "203.0.113.0/24"},
)


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    trail.stream("b")
    with serving(trail, monkeypatch) as made_api:
        yield made_api


class Writing:
    """Somebody who keeps writing and sealing while pages are fetched."""

    def __init__(self, trail: Trail, random: Random, times: list[int]) -> None:
        self._trail = trail
        self._random = random
        self._times = times
        self._stop = threading.Event()
        self.turns = 0
        self._wrote = threading.Condition()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait(self, turns: int) -> None:
        """Return once so many more batches were sealed."""
        with self._wrote:
            until = self.turns + turns
            assert self._wrote.wait_for(lambda: self.turns >= until, 60)

    def _run(self) -> None:
        with sealer(self._trail) as sealing:
            while not self._stop.is_set():
                # late ones, equal ones, and such as the list has not come to yet
                at = self._random.choice([*self._times, BEGIN - DAY, BEGIN + 9 * DAY])
                stream = self._random.choice(("main", "b"))
                insert(self._trail, *made(self._random, at), stream=stream)
                sealing.drain()
                with self._wrote:
                    self.turns += 1
                    self._wrote.notify_all()


def pages(
    client: httpx.Client, asked: dict[str, str], limit: int, writing: Writing | None
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    asked = {**asked, "limit": str(limit)}
    while True:
        answer = client.get("/audit/events", params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["events"]) <= limit
        found += page["events"]
        if page["cursor"] is None:
            return found
        asked["cursor"] = page["cursor"]
        if writing is not None:
            writing.wait(1)


def keys(found: list[dict[str, Any]]) -> list[tuple[int, int, str]]:
    return [
        (instants.microseconds(one["timestamp"]), one["seq"], one["stream"])
        for one in found
    ]


@pytest.mark.parametrize("limits", LIMITS)
def test_every_event_that_was_there_comes_once_in_order(api: Api, limits: str) -> None:
    token = api.key("auditor", **LIMITS[limits])
    # the stream that a key has not is none of its questions
    questions = [
        one for one in QUESTIONS if limits != "a stream" or "stream" not in one
    ]

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(TIMES, min_size=1, max_size=12),
        st.integers(1, 7),
        st.sampled_from(questions),
        st.integers(0, 2**32),
    )
    def holds(times: list[int], limit: int, asked: dict[str, str], seed: int) -> None:
        random = Random(seed)
        with sealer(api.trail) as sealing:
            for at in times:
                stream = random.choice(("main", "b"))
                insert(api.trail, *made(random, at), stream=stream)
            sealing.drain()
        with api.client(token) as client:
            # nothing is written now: this is what was there
            before = keys(pages(client, asked, 1_000, None))
            counted = client.get("/audit/events/count", params=asked).json()["count"]
            assert counted == len(before) == len(set(before))
            with Writing(api.trail, random, times) as writing:
                # the first page may see what was sealed before it was asked for
                found = keys(
                    pages(client, asked, max(limit, len(before) // 6), writing)
                )
                assert writing.turns > 0 or len(before) <= limit
        assert len(set(found)) == len(found)
        assert found == sorted(found, key=order, reverse=True)
        there = set(before)
        assert [key for key in found if key in there] == before

    holds()


def order(key: tuple[int, int, str]) -> tuple[int, int, int]:
    return key[0], key[1], ("main", "b").index(key[2])


def test_a_cursor_of_another_key_shows_no_more_than_this_one_may_see(api: Api) -> None:
    for stream in ("main", "b"):
        insert(api.trail, *(event() for _ in range(6)), stream=stream)
    api.seal()
    with api.client(api.key("auditor")) as client:
        cursor = client.get("/audit/events?limit=3").json()["cursor"]
    with api.client(api.key("auditor", names=["b"])) as client:
        answer = client.get("/audit/events", params={"limit": "3", "cursor": cursor})
        assert {one["stream"] for one in answer.json()["events"]} <= {"b"}
        assert "main" not in json.dumps(answer.json())
