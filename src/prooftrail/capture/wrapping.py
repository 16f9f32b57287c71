"""Audited functions, each called as what it is.

Guarantees: sync and async functions, generators and async generators keep their kind,
name and signature. A plain function that returns a coroutine (a decorator between, an
object with an asynchronous `__call__`) is recorded when that was awaited, one that
returns a task when the task has ended. What is not a function, and would break or be
recorded wrongly (a class, a property, a method made static before), is refused.

Does not: hold anybody up for the record of a task that goes on by itself. Know when
what another awaitable object does is done: it is recorded when it is returned.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

from prooftrail.capture import stepping
from prooftrail.errors import ConfigurationError, ProoftrailError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger("prooftrail")


class Run(stepping.Run, Protocol):
    """One call that is recorded, as `decorators` makes it."""

    def end(self, error: BaseException | None) -> Future[str] | None:
        """End it without waiting."""


def wrapped(function: Callable[P, R], begin: Callable[..., Run]) -> Callable[P, R]:
    """Return a function whose calls are recorded.

    Args:
        function: what is called.
        begin: makes the record of one call, from its arguments.
    """
    if inspect.isasyncgenfunction(function):
        return cast("Callable[P, R]", stepping.async_generator(function, begin))
    if inspect.iscoroutinefunction(function):
        return cast("Callable[P, R]", _coroutine(function, begin))
    if inspect.isgeneratorfunction(function):
        return cast("Callable[P, R]", stepping.generator(function, begin))
    return cast("Callable[P, R]", _plain(function, begin))


def refuse(function: object) -> None:
    """Refuse what `@audited` cannot stand above.

    Raises:
        ConfigurationError: says in which order it would work.
    """
    if isinstance(function, classmethod | staticmethod | property):
        kind = type(function).__name__
        raise ConfigurationError(
            f"@audited stands above @{kind}: write it below, next to the function"
        )
    if isinstance(function, type):
        raise ConfigurationError(
            f"@audited stands above the class {function.__name__}: write it above each "
            "method that is to be recorded"
        )
    if not callable(function):
        raise ConfigurationError(
            f"@audited stands above a {type(function).__name__}, and records functions"
        )


def _plain(function: Callable[..., Any], begin: Callable[..., Run]) -> Any:  # noqa: ANN401
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        one = begin(args, kwargs)
        one.begin()
        try:
            with one.inside():
                result = function(*args, **kwargs)
            if isinstance(result, Coroutine):
                return _awaited(one, lambda: result)
            if isinstance(result, asyncio.Future):
                result.add_done_callback(functools.partial(_ended, one))
                return result
            one.returned(result)
        except BaseException as error:
            one.settle(error)
            raise
        one.settle(None)
        return result

    return run


def _coroutine(function: Callable[..., Any], begin: Callable[..., Run]) -> Any:  # noqa: ANN401
    @functools.wraps(function)
    async def run(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        one = begin(args, kwargs)
        one.begin()
        return await _awaited(one, functools.partial(function, *args, **kwargs))

    return run


async def _awaited(one: Run, begun: Callable[[], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401
    try:
        with one.inside():
            result = await begun()
        one.returned(result)
    except BaseException as error:
        await one.settle_async(error)
        raise
    await one.settle_async(None)
    return result


def _ended(one: Run, task: asyncio.Future[Any]) -> None:
    error: BaseException | None = (
        asyncio.CancelledError() if task.cancelled() else task.exception()
    )
    try:
        if error is None:
            one.returned(task.result())
        one.end(error)
    except ProoftrailError as problem:
        _log.error("a task that ended is not recorded: %s", problem)
