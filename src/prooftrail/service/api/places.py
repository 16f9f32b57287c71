"""Places: how many requests of one kind are at work at once, each on a thread.

Guarantees: one kind takes no place of another's, so that readers who wait for a slow
database stop neither writers nor those who ask whether the service is well. Who waits
`PATIENCE` seconds for a place is told to come again.

Does not: end what is at work; each call has bounds of its own.
"""

from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread

from prooftrail.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

READING = 16
FOLLOWING = 16
WRITING = 40
CHECKING = 8
REVEALING = 8
OPERATING = 4
DENYING = 4
PATIENCE = 5.0  # seconds

_Result = TypeVar("_Result")
_Arguments = TypeVarTuple("_Arguments")


class Places:
    """The places of one kind of request.

    Args:
        number: of them.
        patience: seconds that one is waited for.
    """

    def __init__(self, number: int, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._free = asyncio.Semaphore(number)
        # the semaphore bounds them; the framework's own 40 threads are for all kinds
        self._threads = CapacityLimiter(math.inf)

    async def run(
        self,
        call: Callable[[*_Arguments], _Result],
        *arguments: *_Arguments,
    ) -> _Result:
        """Return what a call returns, made on a thread.

        Raises:
            UnavailableError: there was no place for too long.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise UnavailableError(
                f"no request of this kind has ended for {self._patience:g} s: the "
                "database is slow or hangs (prooftrail doctor says what holds it up)"
            ) from None
        try:
            return await to_thread.run_sync(
                partial(call, *arguments), limiter=self._threads
            )
        finally:
            self._free.release()
