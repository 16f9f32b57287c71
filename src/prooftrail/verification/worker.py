"""A worker: checks segments over connections of its own, in this or another process.

Guarantees: constant memory, whatever the log's size; a task and its result are small
values that travel between processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import entry
from prooftrail.integrity.segment import Before, Check, Segment
from prooftrail.store import connect, reading, wire

if TYPE_CHECKING:
    from prooftrail.store.connect import Connection


class Task(NamedTuple):
    """A segment to check."""

    number: int
    name: str
    stream_id: bytes
    start: int
    stop: int
    sizes: list[int]  # of its leaves, after which a claim stands


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
        number, name, stream_id, start, stop, sizes = task
        if start == 0:
            before = Before(entry.genesis(stream_id), 0)
        else:
            stored = reading.before(self._entries, number, start - 1)
            before = stored if stored is not None else Before(None, 0)
        check = Check(name, stream_id, start, stop, before=before, spelling=wire.Wire())
        return check.run(
            reading.entries(self._entries, number, start, stop),
            reading.subjects(self._subjects, number, start, stop),
            sizes,
        )


_own: dict[str, Worker] = {}


def begin(dsn: str | None) -> None:
    """Open this process's worker."""
    _own["worker"] = Worker(dsn)


def check(task: Task) -> Segment:
    """Check a segment with this process's worker."""
    return _own["worker"].check(task)
