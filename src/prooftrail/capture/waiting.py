"""Waiting, in an event loop, for what the writer thread does.

Guarantees: whoever waits and is cancelled leaves the event itself alone: what was done
is recorded. Nothing is called in a loop that has ended.

Does not: use `asyncio.wrap_future`, which hands a cancellation on, and with the shield
against that takes the loop three turns in place of one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


async def waited(future: Future[T]) -> T:
    """Return what a thread's future gives, without holding up the event loop."""
    if not future.done():
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not turn.done():
                turn.set_result(None)

        def done(_: Future[T]) -> None:
            try:
                loop.call_soon_threadsafe(wake)
            except RuntimeError:
                return  # the loop has ended, and with it whoever waited

        future.add_done_callback(done)
        await turn
    return future.result()
