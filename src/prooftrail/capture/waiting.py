"""Waiting for what the writer thread does, in a thread or an event loop.

Guarantees: whoever waits and is cancelled leaves the event itself alone: what was done
is recorded. Nothing is called in a loop that has ended. Nobody waits for longer than he
says: a connection that hangs would not end by itself.

Does not: use `asyncio.wrap_future`, which hands a cancellation on, and with the shield
against that takes the loop three turns in place of one.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, TypeVar

from prooftrail.errors import RecordError

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


def settled(future: Future[T], seconds: float) -> T:
    """Return what a thread's future gives.

    Raises:
        RecordError: it is not known to be durable, after so many seconds either.
    """
    try:
        return future.result(seconds)
    except FutureTimeoutError as error:
        if future.done():  # just now, or the error is the event's own
            return future.result()
        raise _hangs(seconds) from error


async def waited(future: Future[T], seconds: float) -> T:
    """Return what a thread's future gives, without holding up the event loop.

    Raises:
        RecordError: as `settled`.
    """
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
        patience = loop.call_later(seconds, wake)
        try:
            await turn
        finally:
            patience.cancel()
        if not future.done():
            raise _hangs(seconds)
    return future.result()


def _hangs(seconds: float) -> RecordError:
    return RecordError(
        f"not known to be durable after {seconds:g} s: the connection to the database "
        "hangs. It may still be written: look for it before it is recorded again"
    )
