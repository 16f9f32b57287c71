"""Writing: two connections that bring batches into the log by turns.

Guarantees: `load` chains a batch behind the one in flight and copies it into a
temporary table; it takes no lock and changes nothing. `seal` does the rest in one
transaction or nothing of it: it goes on only while it holds all heads, they are those
that the batch was chained to, and the log fits; so at most one of two sealers commits.

Does not: choose rows, or try again. Source: `docs/adr/0005`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import entry
from prooftrail.errors import PoisonError
from prooftrail.seal import chain, guard, statements
from prooftrail.seal.sealed import Sealed
from prooftrail.store import sealing, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from prooftrail.seal.batch import Batch
    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head
    from prooftrail.store.streams import Stream


class OvertakenError(Exception):
    """Another sealer sealed since this batch was chained."""


class State(NamedTuple):
    """What one batch leaves to the next."""

    heads: dict[int, Head]  # by stream number
    stepped: set[int]  # streams of which the present step back is stated


@dataclass
class Loaded:
    """A batch that was chained and copied in: it holds no lock and changed nothing."""

    batch: Batch
    connection: Connection  # whose temporary tables hold it
    before: State  # what it continues
    after: State
    done: Sealed
    latest_us: int | None = None  # of its entries, None if it has none
    poison: PoisonError | None = None  # it could not be copied


class Writing:
    """Two connections that write by turns.

    Args:
        connect: opens a connection as the sealer.
        random: gives n random bytes.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        random: Callable[[int], bytes],
    ) -> None:
        self._random = random
        self._guard = guard.Guard()
        self._wire = wire.Wire()
        self._months: set[str] = set()  # whose partitions were made or found
        self._open: list[Connection] = []
        try:
            for _ in range(2):
                self._open.append(connect())
                sealing.open_tables(self._open[-1])
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close both connections."""
        for connection in self._open:
            connection.close()

    def roll_back(self) -> None:
        """Let go of what was copied in and of every lock."""
        for connection in self._open:
            sealing.roll_back(connection)

    def lead(self, streams: Collection[Stream]) -> dict[int, Head] | None:
        """Look at all heads; return None while another sealer holds some.

        Raises:
            SealError: entries lie beyond a head.
        """
        self._months.clear()
        connection = self._open[0]
        locked = sealing.lock_heads(connection, len(streams))
        if locked is None:
            sealing.roll_back(connection)
            return None
        names = {stream.number: stream.name for stream in streams}
        for head in locked:
            guard.check_nothing_beyond(connection, head, names[head.stream])
        sealing.roll_back(connection)
        return {head.stream: head for head in locked}

    def load(
        self,
        batch: Batch,
        streams: Collection[Stream],
        state: State,
        in_flight: Loaded | None = None,
    ) -> Loaded:
        """Chain a batch behind the one in flight and copy it in.

        Args:
            batch: prepared rows.
            streams: all that there are.
            state: what is committed, for when nothing is in flight.
            in_flight: what `seal` works at meanwhile.
        """
        one, other = self._open
        loaded = Loaded(
            batch,
            one if in_flight is None or in_flight.connection is other else other,
            before := in_flight.after if in_flight is not None else state,
            State(dict(before.heads), set(before.stepped)),
            Sealed(duplicates=batch.duplicates),
        )
        rows: list[sealing.LogRow] = []
        subjects: list[sealing.SubjectRow] = []
        for stream in streams:
            linked = self._link(stream, loaded)
            rows += linked.rows
            subjects += linked.subjects
            loaded.after.heads[stream.number] = linked.head
        if rows:
            loaded.latest_us = max(row.recorded_us for row in rows)
            try:
                sealing.copy_in(loaded.connection, self._wire, rows, subjects)
            except PoisonError as error:
                loaded.poison = error  # told once the batch in flight has ended
        return loaded

    def seal(self, loaded: Loaded, streams: Collection[Stream]) -> None:
        """Lock, look, insert, delete and commit: the database's part.

        Raises:
            OvertakenError: another sealer leads or led.
            PoisonError: the values of some row do not fit.
            SealError: the log does not fit, or the clock is ahead.
        """
        if loaded.poison is not None:
            raise loaded.poison
        connection = loaded.connection
        locked = sealing.lock_heads(connection, len(streams))
        if locked is None or {h.stream: h for h in locked} != loaded.before.heads:
            raise OvertakenError
        guard.check_ahead(loaded.batch.now_us, sealing.clock(connection))
        self._guard.check(connection, locked, streams)
        months = self._make_partitions(connection, loaded.latest_us)
        _set_aside(connection, loaded.batch)
        ids = loaded.batch.ids
        if sealing.seal(connection, ids) != len(ids):
            raise OvertakenError
        sealing.commit(connection)
        self._months |= months

    def _link(self, stream: Stream, loaded: Loaded) -> chain.Linked:
        head, batch, done = loaded.after.heads[stream.number], loaded.batch, loaded.done
        ready = batch.ready.get(stream.number, [])
        refused = batch.refused.get(stream.number, [])
        bodies = [
            chain.Body(entry.EVENT, item.sealed, item.projection, item.subjects)
            for item in ready
        ]
        state = statements.Statements(stream, batch.now_us, self._random)
        stepped = bool(bodies) and _steps_back(loaded, head)
        before = state.before(head, stepped=stepped)
        after = state.after(loaded.connection, ready, refused)
        done.events += len(bodies)
        done.statements += len(before) + len(after)
        done.quarantined += len(refused)
        if not (before or bodies or after):
            return chain.Linked([], [], head)
        return chain.link(
            stream,
            head,
            [*before, *bodies, *after],
            recorded_us=max(batch.now_us, head.recorded_us),
            random=self._random,
        )

    def _make_partitions(
        self, connection: Connection, recorded_us: int | None
    ) -> set[str]:
        """Make the partitions of this month and the next three, where they lack.

        They are there for good once the transaction has committed, not before.
        """
        if recorded_us is None:
            return set()
        moment = datetime.fromtimestamp(recorded_us / 1_000_000, UTC)
        months = {
            f"{moment.year + month // 12:04d}-{month % 12 + 1:02d}-01"
            for month in range(moment.month - 1, moment.month + 3)
        } - self._months
        for day in sorted(months):
            sealing.ensure_partition(connection, day)
        return months


def _steps_back(loaded: Loaded, head: Head) -> bool:
    """Return whether a step back of the clock is to be stated: once a step.

    It belongs to the state: a batch that is not committed has stated nothing.
    """
    stated, now_us = loaded.after.stepped, loaded.batch.now_us
    if now_us >= head.recorded_us:
        stated.discard(head.stream)
    elif head.stream not in stated and guard.stepped_back(head, now_us):
        stated.add(head.stream)
        return True
    return False


def _set_aside(connection: Connection, batch: Batch) -> None:
    """Keep refused rows in quarantine and hand envelopes to the keeper."""
    for number, refused in batch.refused.items():
        for row, _, told in refused:
            sealing.quarantine(connection, row.id, number, told)
    envelopes = [
        (number, statements.id_of(item), item.row.envelope)
        for number, ready in batch.ready.items()
        for item in ready
        if item.row.envelope is not None
    ]
    if envelopes:
        sealing.insert_envelopes(connection, envelopes)
