"""Writing: two connections that bring batches into the log by turns.

Guarantees: `load` chains a batch behind the one in flight and copies it into a
temporary table; it takes no lock and changes nothing. `seal` does the rest in one
transaction or nothing of it: it goes on only while it holds the heads of all streams
that are sealed, they are those that the batch was chained to, and each log fits; so at
most one of two sealers commits.

Does not: choose rows, or try again. Source: `docs/adr/0005`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import entry
from prooftrail.errors import ChainError, PoisonError
from prooftrail.seal import chain, guard, statements
from prooftrail.seal.sealed import Sealed
from prooftrail.store import sealing, wire
from prooftrail.store import streams as registry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from prooftrail.seal.batch import Batch
    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head
    from prooftrail.store.streams import Stream


class OvertakenError(Exception):
    """Another sealer sealed since this batch was chained."""


class MisfitError(Exception):
    """The logs of some streams do not fit."""

    def __init__(self, misfits: dict[int, str]) -> None:
        super().__init__()
        self.misfits = misfits  # by stream number


class Lead(NamedTuple):
    """What a sealer finds that takes the lead."""

    streams: list[Stream]  # the registry
    heads: dict[int, Head]
    misfits: dict[int, str]  # streams that are not to be sealed, and why


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

    def lead(self) -> Lead | None:
        """Look at every stream; return None while another sealer holds some head."""
        self._months.clear()
        connection = self._open[0]
        try:
            heads = {head.stream: head for head in sealing.lock_heads(connection)}
            # read behind the heads, so that each has its stream
            streams = registry.read(connection)
            if sealing.count_heads(connection) != len(heads):
                return None
            known = {stream.number: stream for stream in streams}
            misfits = self._guard.all_misfits(connection, heads, known)
            return Lead(streams, heads, misfits)
        finally:
            sealing.roll_back(connection)

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
            streams: those that are sealed.
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
            MisfitError: the logs of some streams do not fit.
            PoisonError: the values of some row do not fit.
            ChainError: the database refuses entries of logs that fit.
            SealError: the clock is ahead.
        """
        if loaded.poison is not None:
            raise loaded.poison
        connection = loaded.connection
        before = loaded.before.heads
        if (
            before.items()
            - {h.stream: h for h in sealing.lock_heads(connection)}.items()
        ):
            raise OvertakenError
        guard.check_ahead(loaded.batch.now_us, sealing.clock(connection))
        known = {stream.number: stream for stream in streams}
        if misfits := self._guard.misfits(connection, before, known):
            raise MisfitError(misfits)
        months = self._make_partitions(connection, loaded.latest_us)
        ids = loaded.batch.ids
        try:
            _set_aside(connection, loaded.batch)
            whole = sealing.seal(connection, ids) == len(ids)
            if mismatches := [one.id for one in loaded.batch.mismatches]:
                forgotten = sealing.forget_mismatches(connection, mismatches)
                whole = whole and forgotten == len(mismatches)
        except ChainError as error:
            if misfits := self._misfits_now(connection, before, known):
                raise MisfitError(misfits) from error
            raise
        if not whole:
            raise OvertakenError
        sealing.commit(connection)
        self._months |= months

    def _misfits_now(
        self,
        connection: Connection,
        before: Mapping[int, Head],
        known: Mapping[int, Stream],
    ) -> dict[int, str]:
        """Look again, where the database refused what fitted a moment ago.

        Raises:
            OvertakenError: another sealer leads.
        """
        sealing.roll_back(connection)
        heads = {head.stream: head for head in sealing.lock_heads(connection)}
        try:
            if before.items() - heads.items():
                raise OvertakenError
            return self._guard.misfits(connection, before, known)
        finally:
            sealing.roll_back(connection)

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
        after = state.after(
            loaded.connection,
            ready,
            refused,
            [one for one in batch.mismatches if one.stream == stream.number],
        )
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
