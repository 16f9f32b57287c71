"""A verification run: the log in the database against itself and what left it.

Guarantees: recomputes every entry of the asked range, all links, gaps, the clock
order, the tree, every projection, the rollup (whole runs), the head and the
checkpoints; says how far the log is anchored, and that the rest is self-attested.
Reading only; a lost connection is "could not verify", and never hides a failure.
What is sealed or signed while it runs is left to the next run.

Does not: say anything of events that were never captured (`docs/explanation/
threat-model.md`).
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from prooftrail.errors import ConfigurationError, DatabaseError
from prooftrail.integrity import ends
from prooftrail.integrity.diagnosis import Row
from prooftrail.integrity.findings import Finding, Kind, incomplete, warning
from prooftrail.store import connect, reading
from prooftrail.verification.evidence import Evidence
from prooftrail.verification.report import Report
from prooftrail.verification.stream import FoundStream, StreamRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.integrity.stored import StreamState
    from prooftrail.store.connect import Connection
    from prooftrail.verification.report import Asked

UNSEALED_SECONDS = 60.0  # an older unsealed event is worth a warning


class Run:
    """One run.

    Args:
        asked: what to verify.
        dsn: the database; by default from the environment, as the verifier.
        told: called with (entries checked, entries in all) as the run goes on.
    """

    def __init__(
        self,
        asked: Asked,
        *,
        dsn: str | None = None,
        told: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self._asked = asked
        self._dsn = dsn
        self._told = told
        self._report = Report()
        self._done = 0
        self._total = 0

    def run(self) -> Report:
        """Verify; findings are in the report, never raised."""
        try:
            with closing(
                connect.connect("verifier", dsn=self._dsn, autocommit=True)
            ) as connection:
                self._run(connection)
        except (ConfigurationError, DatabaseError) as error:
            self._add(incomplete("", str(error)))
        return self._report

    def _add(self, *found: Finding) -> None:
        self._report.findings.extend(found)

    def _run(self, connection: Connection) -> None:
        evidence = Evidence(self._asked.anchors, self._asked.checkpoints)
        self._add(*evidence.findings)
        with reading.snapshot(connection):
            streams = [
                self._find(connection, state) for state in reading.states(connection)
            ]
        known = [one.identity for one in streams if one.identity is not None]
        chosen = [one for one in streams if self._is_chosen(one)]
        lacking = self._find_missing({one.name for one in known})
        named = self._asked.streams and not lacking
        self._add(
            *evidence.of_others(
                (one.origin for one in known),
                self._asked.keys,
                [one.identity.origin for one in chosen if one.identity and named],
            )
        )
        self._total = sum((one.state.last_seq or 0) + 1 for one in chosen)
        for one in chosen:
            StreamRun(
                connection,
                one,
                asked=self._asked,
                evidence=evidence,
                report=self._report,
                dsn=self._dsn,
                told=self._count,
            ).run()
        if self._asked.whole:
            names = {one.state.number: one.name for one in chosen}
            self._add(*ends.repeated(names, reading.repeated_ids(connection)))
        self._look_around(connection)

    def _find(self, connection: Connection, state: StreamState) -> FoundStream:
        """Find out which log a stream is."""
        firsts = [
            Row.of(raw)
            for raw in reading.entries(connection, state.number, 0, 1, lenient=True)
        ]
        newest = None
        if state.last_seq is not None:
            newest = reading.entry(connection, state.number, state.last_seq)
        return FoundStream(
            state,
            ends.identity(state, firsts, newest),
            newest,
            reading.days(connection, state.number) if self._asked.whole else None,
        )

    def _is_chosen(self, one: FoundStream) -> bool:
        names = self._asked.streams
        return not names or one.name in names or one.state.name in names

    def _find_missing(self, names: set[str]) -> list[str]:
        """Return which streams that were asked for are not there, and say so."""
        lacking = [name for name in self._asked.streams if name not in names]
        for name in lacking:
            self._add(incomplete(name, f"there is no stream {name!r}"))
        return lacking

    def _count(self, entries: int) -> None:
        self._done += entries
        self._told(self._done, self._total)

    def _look_around(self, connection: Connection) -> None:
        """Add the warnings: what waits, what could not be sealed."""
        count, age = reading.waiting(connection)
        if age > UNSEALED_SECONDS:
            told = (
                f"{count} events wait to be sealed, the oldest for {age:.0f} s: is the "
                "sealer running?"
            )
            self._add(warning(Kind.UNSEALED, "", told))
        if kept := reading.quarantined(connection):
            told = f"{kept} rows stand in quarantine: prooftrail doctor says why"
            self._add(warning(Kind.QUARANTINED, "", told))
