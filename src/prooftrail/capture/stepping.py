"""Audited generators, run step by step.

Guarantees: the event is the innermost one while the generator runs and never between
its steps: a generator runs in the context of whoever asks for its next item, and would
leave it there. `send`, `throw` and `close` go through. A generator that is not read to
its end is a success that says ``complete: false``: what was read was read.

Source: PEP 342, PEP 525.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from contextlib import AbstractContextManager


class Run(Protocol):
    """One call that is recorded, as `decorators` makes it."""

    def begin(self) -> object:
        """Begin the event."""

    def inside(self) -> AbstractContextManager[None]:
        """Let what runs inside fill it in."""

    def returned(self, result: object) -> None:
        """Fill in what is told by what came back."""

    def settle(self, error: BaseException | None) -> None:
        """End it, and wait."""

    async def settle_async(self, error: BaseException | None) -> None:
        """End it, and wait in the event loop."""


def generator(
    function: Callable[..., Any], begin: Callable[..., Run]
) -> Callable[..., Any]:
    """Return a generator function whose calls are recorded."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401
        one = begin(args, kwargs)
        one.begin()
        items = function(*args, **kwargs)
        step = functools.partial(items.send, None)
        result: object = None
        try:
            while True:
                try:
                    with one.inside():
                        item = step()
                except StopIteration as stopped:
                    result = stopped.value
                    break
                try:
                    step = functools.partial(items.send, (yield item))
                except GeneratorExit:
                    items.close()
                    raise
                except BaseException as error:  # noqa: BLE001  thrown in, thrown on
                    step = functools.partial(items.throw, error)
            one.returned(result)
        except BaseException as error:
            one.settle(error)
            raise
        one.settle(None)
        return result

    return run


def async_generator(
    function: Callable[..., Any], begin: Callable[..., Run]
) -> Callable[..., Any]:
    """Return an async generator function whose calls are recorded."""

    @functools.wraps(function)
    async def run(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:  # noqa: ANN401
        one = begin(args, kwargs)
        one.begin()
        items = function(*args, **kwargs)
        step = functools.partial(items.asend, None)
        try:
            while True:
                try:
                    with one.inside():
                        item = await step()
                except StopAsyncIteration:
                    break
                try:
                    step = functools.partial(items.asend, (yield item))
                except GeneratorExit:
                    await items.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001  thrown in, thrown on
                    step = functools.partial(items.athrow, error)
            one.returned(None)
        except BaseException as error:
            await one.settle_async(error)
            raise
        await one.settle_async(None)

    return run
