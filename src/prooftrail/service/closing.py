"""Months that ended are sealed by themselves, by a whole verification that passed.

Guarantees: a month is sealed by the very run that verified it, once: what the log says
is sealed is not sealed again, nor what this process sealed. One whose seal does not
agree with the log is told as tampered, as an event and in the service's log.

Does not: look further back than the last 24 months, nor again, once nothing is left to
do, before the present month ends: `prooftrail retention seal` does both.
"""

from __future__ import annotations

from contextlib import closing as closed
from typing import TYPE_CHECKING

from prooftrail.errors import ProoftrailError
from prooftrail.integrity.verdict import Verdict
from prooftrail.retention import closing
from prooftrail.retention.closing import Found
from prooftrail.service.telling import ACTOR
from prooftrail.store import connect, retention, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from prooftrail.service.telling import Telling
    from prooftrail.store.connect import Connection
    from prooftrail.store.interrupting import Interrupting
    from prooftrail.verification.report import Report, StreamReport

STATEMENT_MS = 600_000  # months of a large log are counted


class Months:
    """The months that ended. Not safe to be shared by threads.

    Args:
        telling: records.
        waits: is told what is waited for.
        clock: microseconds since the epoch, UTC.
        anchors: what verifications compare with.
        dsn: the database; by default from the environment.
    """

    def __init__(
        self,
        telling: Telling,
        waits: Interrupting,
        *,
        clock: Callable[[], int],
        anchors: Sequence[Path],
        dsn: str | None,
    ) -> None:
        self._telling = telling
        self._waits = waits
        self._clock = clock
        self._anchors = anchors
        self._dsn = dsn
        self._told: set[tuple[str, date]] = set()
        self._done: date | None = None  # the month in which nothing is left to do

    def seal(self, report: Report) -> None:
        """Seal what is due.

        Args:
            report: of a whole verification that passed.
        """
        now_us = self._clock()
        if self._done == closing.running(now_us):
            return
        try:
            with (
                closed(
                    connect.connect(
                        "verifier",
                        dsn=self._dsn,
                        autocommit=True,
                        milliseconds=STATEMENT_MS,
                    )
                ) as connection,
                self._waits.using(connection),
            ):
                found = list(_found(connection, report, now_us))
        except (ProoftrailError, OSError) as error:
            self._telling.unsealed(str(error))
            return
        done = [self._seal(one) for one in found]  # one that waits holds up no other
        if all(done):
            self._done = closing.running(now_us)

    def _seal(self, found: Found) -> bool:
        """Seal a month; return whether nothing is left to be done for it."""
        key = (found.stream, found.month)
        if key in self._told:
            return True
        made = closing.conclude(found, actor=ACTOR, anchors=self._anchors)
        if made.event is None:
            return made.verdict is Verdict.VERIFIED
        if not self._telling.record(made.stream, **made.event):
            return False
        self._told.add(key)
        self._telling.sealed(made)
        return True


def _found(connection: Connection, report: Report, now_us: int) -> Iterator[Found]:
    """Yield the months that ended, of each stream that was verified."""
    numbers = {one.name: one.number for one in streams.read(connection)}
    for stream in report.streams:
        if stream.name in numbers:
            yield from _of(connection, stream, numbers[stream.name], now_us)


def _of(
    connection: Connection, stream: StreamReport, number: int, now_us: int
) -> Iterator[Found]:
    since, running = closing.since(now_us), closing.running(now_us)
    spans = [
        span
        for span in retention.spans(connection, number, stream.stop)
        if since <= span.month < running
    ]
    months = [span.month for span in spans]
    seals = closing.read(retention.seals(connection, number, months))
    for span in spans:
        yield Found(
            stream.name,
            span.month,
            span.first,
            span.stop,
            behind=span.stop < stream.stop,
            signed=stream.signed,
            seals=seals,
        )
