"""Workers: check segments over connections of their own, in this or other processes.

Guarantees: constant memory, whatever the log's size; a task and its result are small
values that travel between processes; results come in the order of the tasks. A worker
that dies is an `UnavailableError`, like a connection that does.
"""

from __future__ import annotations

import gc
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.errors import UnavailableError
from prooftrail.integrity import segment
from prooftrail.integrity.check import Check
from prooftrail.integrity.segment import Before
from prooftrail.processes import in_order, pool
from prooftrail.store import connect, reading, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.integrity.segment import Segment
    from prooftrail.store.connect import Connection

ALONE = 2 * segment.SIZE  # entries up to which further processes do not pay
FIRST = -(2**63)  # below every seq: no row before entry 0 is overlooked


class Task(NamedTuple):
    """A segment to check."""

    number: int
    name: str
    stream_id: bytes
    base: int  # where the segment's tree begins: a multiple of its size
    start: int  # the first seq to check
    stop: int
    sizes: list[int]  # of its leaves, after which a claim stands
    lead: tuple[bytes, ...] = ()  # the leaves from `base` to `start`


class Worker:
    """Two connections as the verifier: entries on one, subject rows on the other."""

    def __init__(self, dsn: str | None) -> None:
        self._entries: Connection = connect.connect(
            "verifier", dsn=dsn, autocommit=True
        )
        try:
            self._subjects = connect.connect("verifier", dsn=dsn, autocommit=True)
        except BaseException:
            self._entries.close()
            raise

    def close(self) -> None:
        """Close both."""
        self._entries.close()
        self._subjects.close()

    def check(self, task: Task) -> Segment:
        """Check one segment."""
        with suppress(UnicodeDecodeError):  # somebody put there what no text is
            return self._check(task, lenient=False)
        # Not inside a handler: its traceback would hold the streams, which hold their
        # connections.
        return self._check(task, lenient=True)

    def _check(self, task: Task, *, lenient: bool) -> Segment:
        number, name, stream_id, _, start, stop, sizes, lead = task
        if start == 0:
            before = Before.genesis(stream_id)
        else:
            before = Before.of(reading.entry(self._entries, number, start - 1))
        check = Check(
            name,
            stream_id,
            start,
            stop,
            before=before,
            address=wire.address,
            lead=lead,
        )
        since = start or FIRST
        return check.run(
            reading.entries(self._entries, number, since, stop, lenient=lenient),
            reading.subjects(self._subjects, number, since, stop, lenient=lenient),
            sizes,
        )


def checked(
    dsn: str | None, tasks: Iterator[Task], *, processes: int, entries: int
) -> Iterator[Segment]:
    """Yield the checked segments, in order.

    Args:
        dsn: the database; None for the environment's.
        tasks: taken one by one, a few ahead of the results.
        processes: at most so many.
        entries: about how many there are to check.

    Raises:
        DatabaseError: a connection was lost.
    """
    if entries <= ALONE or processes <= 1:
        alone = Worker(dsn)
        try:
            for task in tasks:
                yield alone.check(task)
        finally:
            alone.close()
        return
    try:
        with pool(processes, (__name__,), begin=partial(begin, dsn)) as helpers:
            yield from in_order(helpers, check, tasks, 2 * processes)
    except BrokenProcessPool as error:
        raise UnavailableError(
            "a process that checks segments died: it was killed, or could not connect. "
            "Run again, with --processes 1 if memory is short"
        ) from error


_own: dict[str, Worker] = {}


def begin(dsn: str | None) -> None:
    """Open this process's worker."""
    gc.freeze()  # what was imported stays: walking through it took 6 % of the time
    _own["worker"] = Worker(dsn)


def check(task: Task) -> Segment:
    """Check a segment with this process's worker."""
    return _own["worker"].check(task)
