"""`@audited` above whatever may be called, and above what may not."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail import audited
from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.testing import CapturedEvents

record = audited("system.job.run", details=lambda result: {"job": result})


async def _work(fails: bool) -> str:  # noqa: FBT001  as a call would have it
    await asyncio.sleep(0)
    if fails:
        raise RuntimeError("hunter2")
    return "done"


class Service:
    async def __call__(self, fails: bool) -> str:  # noqa: FBT001
        return await _work(fails)


def untimed(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: object) -> object:
        return function(*args)

    return inner


def begun(fails: bool) -> asyncio.Task[str]:  # noqa: FBT001
    return asyncio.get_running_loop().create_task(_work(fails))


AWAITED: list[Callable[..., Any]] = [
    _work,
    Service(),
    untimed(_work),
    functools.partial(_work),
    begun,
]


@pytest.mark.parametrize("function", AWAITED)
def test_what_is_awaited_is_recorded_when_it_is_done(
    captured_events: CapturedEvents, function: Callable[..., Any]
) -> None:
    audited_function = record(function)

    async def run() -> None:
        waiting = audited_function(False)  # noqa: FBT003
        assert not captured_events
        assert await waiting == "done"
        with pytest.raises(RuntimeError):
            await audited_function(True)  # noqa: FBT003

    asyncio.run(run())
    done, failed = captured_events
    assert (done["result"], done["details"]["job"]) == ("success", "done")
    assert (failed["result"], failed["details"]["error"]) == ("failure", "RuntimeError")


def test_a_task_that_is_cancelled_is_a_failure(captured_events: CapturedEvents) -> None:
    async def run() -> None:
        task = record(begun)(False)  # noqa: FBT003
        assert isinstance(task, asyncio.Task)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)

    asyncio.run(run())
    assert captured_events.only()["result"] == "failure"


@pytest.mark.parametrize(
    ("below", "said"),
    [
        (classmethod(untimed(begun)), "above @classmethod: write it below"),
        (staticmethod(begun), "above @staticmethod: write it below"),
        (property(begun), "above @property: write it below"),
        (Service, "above the class Service: write it above each method"),
        ("text", "above a str"),
    ],
)
def test_what_is_no_function_is_refused_with_the_order_that_works(
    below: Any, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        record(below)


def test_without_an_event_type_it_says_so() -> None:
    with pytest.raises(ConfigurationError, match="has no event type"):
        audited(begun)  # type: ignore[arg-type]
