"""Processes that work beside this one, each with a memory of its own.

Guarantees: they share nothing with the process that asks for them: no connection, lock
or thread of its is copied, and their environment is its own as it is now. They end with
it, however it ends. Where the system can, they are copies of one that has loaded what
they need, and so begin at once.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from multiprocessing.context import BaseContext

_Task = TypeVar("_Task")
_Done = TypeVar("_Done")


def pool(
    most: int,
    modules: Sequence[str],
    *,
    tasks: int | None = None,
    begin: Callable[[], None] | None = None,
) -> ProcessPoolExecutor:
    """Return processes to which work is given.

    Args:
        most: of them at a time.
        modules: that are loaded before they begin, where the system can, and where
            they are the first of this process.
        tasks: after which a process ends, and its memory with it; None: never.
        begin: called in each process before its first task.
    """
    return ProcessPoolExecutor(
        most,
        mp_context=_context(modules),
        initializer=_begin,
        initargs=(dict(os.environ), begin),
        max_tasks_per_child=tasks,
    )


def prepare(modules: Sequence[str]) -> None:
    """Begin what processes are copies of, where the system can: it loads by itself.

    Args:
        modules: as of `pool`.
    """
    if _forked():
        from multiprocessing import forkserver  # noqa: PLC0415  not on every system

        _context(modules)
        forkserver.ensure_running()


def _context(modules: Sequence[str]) -> BaseContext:
    context = get_context("forkserver" if _forked() else "spawn")
    if _forked():
        context.set_forkserver_preload([__name__, *modules])
    return context


def _forked() -> bool:
    return "forkserver" in get_all_start_methods()


def in_order(
    helpers: ProcessPoolExecutor,
    work: Callable[[_Task], _Done],
    tasks: Iterable[_Task],
    ahead: int,
) -> Iterator[_Done]:
    """Yield what is done, in the order of the tasks.

    Args:
        helpers: who work.
        work: done for each task.
        tasks: taken one by one.
        ahead: so many are given out, at most: results never pile up.
    """
    waiting = iter(tasks)
    given = deque(
        helpers.submit(work, task) for task in itertools.islice(waiting, ahead)
    )
    while given:
        done = given.popleft().result()
        given.extend(
            helpers.submit(work, task) for task in itertools.islice(waiting, 1)
        )
        yield done


def _begin(env: dict[str, str], begin: Callable[[], None] | None) -> None:
    # what they are copies of has the environment of when it began
    os.environ.clear()
    os.environ.update(env)
    Thread(target=_end, daemon=True).start()
    if begin is not None:
        begin()


def _end() -> None:
    """End when the process that gives the work has ended."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)
