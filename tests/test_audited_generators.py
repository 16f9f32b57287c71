"""Audited generators: their event is theirs alone, and done when they are."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest

import prooftrail
from prooftrail import audited
from tests.capturing.rig import left
from tests.recording import recorder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator

    from prooftrail import Recorder
    from tests.trail import Trail


@pytest.fixture
def own(trail: Trail) -> Iterator[Recorder]:
    """The process's own recorder, writing to the test's trail."""
    with recorder(trail) as made:
        prooftrail.use(made)
        yield made


def only(trail: Trail, own: Recorder) -> dict[str, Any]:
    (found,) = left(trail, own)
    return found


def test_generators_are_recorded_at_their_end_and_take_what_is_sent(
    trail: Trail, own: Recorder
) -> None:
    @audited("customer.pii.export", details=lambda result: {"record_count": result})
    def rows(n: int) -> Generator[int, str, list[str]]:
        draft = prooftrail.current_draft()
        assert draft is not None
        got: list[str] = []
        for number in range(n):
            draft.subject(f"cust_{number}")
            try:
                got.append((yield number))
            except KeyError:
                got.append("thrown")
        return got

    items: Any = rows(3)
    assert inspect.isgeneratorfunction(rows)
    assert next(items) == 0
    assert prooftrail.current_draft() is None  # nothing is left between the steps
    assert items.send("a") == 1
    assert items.throw(KeyError("x")) == 2
    with pytest.raises(StopIteration) as stopped:
        items.send("c")
    assert stopped.value.value == ["a", "thrown", "c"]
    found = only(trail, own)
    assert found["subjects"] == ["cust_0", "cust_1", "cust_2"]
    assert found["details"] == {"record_count": ["a", "thrown", "c"]}


def test_a_generator_that_is_not_read_to_its_end_was_read_so_far(
    trail: Trail, own: Recorder
) -> None:
    @audited("customer.pii.export")
    def rows() -> Iterator[int]:
        yield from range(10)

    for number in rows():
        if number == 2:
            break
    found = only(trail, own)
    assert (found["result"], found["details"]) == ("success", {"complete": False})


def test_async_generators_are_recorded_wherever_their_steps_run(
    trail: Trail, own: Recorder
) -> None:
    @audited("customer.pii.export")
    async def rows(n: int) -> AsyncGenerator[int, None]:
        draft = prooftrail.current_draft()
        assert draft is not None
        for number in range(n):
            draft.count("record_count")
            await asyncio.sleep(0)
            yield number
        if n == 5:
            raise ValueError("late")

    async def read() -> None:
        assert [one async for one in rows(3)] == [0, 1, 2]
        items = rows(4)
        # each step in a task of its own, that is in a context of its own
        assert await asyncio.create_task(items.asend(None)) == 0
        assert await asyncio.create_task(items.asend(None)) == 1
        await items.aclose()
        with pytest.raises(ValueError, match="late"):
            [one async for one in rows(5)]

    asyncio.run(read())
    whole, part, broken = left(trail, own)
    assert whole["details"] == {"record_count": 3}
    assert part["details"] == {"record_count": 2, "complete": False}
    assert (broken["result"], broken["details"]["error"]) == ("failure", "ValueError")
