"""Gathering: the next rows of the inbox, prepared, without duplicates.

Guarantees: each fetched row ends in exactly one of three places: ready to be sealed,
refused (quarantine), or dropped as a duplicate of the same bytes; other bytes under
an id that is taken are refused, so that taking an id first suppresses no event.

Does not: hold a lock. The sealer discards a batch that another sealer overtook.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import events, ids, instants
from prooftrail.errors import CanonicalError
from prooftrail.seal import prepare
from prooftrail.store import sealing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prooftrail.seal.prepare import Ready, Refused
    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head, Mismatch
    from prooftrail.store.streams import Stream
    from prooftrail.store.waiting import InboxRow

_EVER = -(2**62)
_RECENT = instants.DAY
_UNKNOWN: tuple[None, int] = (None, 0)
_NONE = b"\x00"  # no event is stated so


class Key(NamedTuple):
    """An event id in its stream."""

    stream: int
    event_id: bytes  # 16 bytes


@dataclass
class Batch:
    """What one transaction will seal."""

    now_us: int  # the sealer's clock: its events were checked by it
    ids: list[int] = field(default_factory=list)  # inbox rows it consumes
    ready: dict[int, list[Ready]] = field(default_factory=dict)  # by stream number
    refused: dict[int, list[Refused]] = field(default_factory=dict)
    keys: dict[Key, bytes] = field(default_factory=dict)  # stated bytes
    duplicates: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)  # the keeper's, to state

    def halves(self) -> tuple[Batch, Batch]:
        """Split the rows in two, to find the one that the database refuses."""
        middle = len(self.ids) // 2
        return self._part(set(self.ids[:middle])), self._part(set(self.ids[middle:]))

    def _part(self, chosen: set[int]) -> Batch:
        part = Batch(self.now_us, [row for row in self.ids if row in chosen])
        for number, ready in self.ready.items():
            part.ready[number] = [item for item in ready if item.row.id in chosen]
        for number, refused in self.refused.items():
            part.refused[number] = [item for item in refused if item.row.id in chosen]
        return part


def gather(
    connection: Connection,
    rows: list[InboxRow],
    *,
    streams: Mapping[str, Stream],
    heads: Mapping[int, Head],
    in_flight: Batch | None,
    now_us: int,
    random: Callable[[int], bytes],
) -> Batch:
    """Prepare fetched rows.

    Args:
        connection: for looking up ids that are sealed already.
        rows: as fetched, in order of id.
        streams: by name, in order of number.
        heads: which the batch will continue, by stream number.
        in_flight: the batch that is being committed; its rows are left out and its
            ids count as sealed.
        now_us: the sealer's clock.
        random: gives n random bytes.
    """
    batch = Batch(now_us)
    flying = set(in_flight.ids) if in_flight is not None else set()
    first = next(iter(streams.values()))
    # an entry's time: where the clock was set back, the newest entry's
    known = {
        name: (stream, max(now_us, heads[stream.number].recorded_us))
        for name, stream in streams.items()
    }
    found: list[tuple[Stream, Ready]] = []
    for row in rows:
        if row.id in flying:
            continue
        batch.ids.append(row.id)
        stream, recorded_us = known.get(row.stream, _UNKNOWN)
        if stream is None:
            told = f"there is no stream {row.stream[:63]!r}"
            _refuse(batch, first, prepare.Refused(row, prepare.NO_STREAM, told))
            continue
        made = prepare.prepare(row, now_us=recorded_us, random=random)
        if isinstance(made, prepare.Refused):
            _refuse(batch, stream, made)
        else:
            found.append((stream, made))
    sealed = _sealed(connection, (made for _, made in found), now_us)
    taken = in_flight.keys if in_flight is not None else {}
    for stream, made in found:
        key = Key(stream.number, made.projection.event_id)
        before = batch.keys.get(key) or taken.get(key) or sealed.get(key)
        if before is None:
            batch.keys[key] = made.stated
            batch.ready.setdefault(stream.number, []).append(made)
        elif before == made.stated:
            batch.duplicates += 1
        else:
            told = f"event {key.event_id.hex()} is sealed with other bytes"
            _refuse(batch, stream, prepare.Refused(made.row, prepare.TAKEN, told))
    return batch


def _refuse(batch: Batch, stream: Stream, refused: Refused) -> None:
    batch.refused.setdefault(stream.number, []).append(refused)


def _sealed(
    connection: Connection, found: Iterable[Ready], now_us: int
) -> dict[Key, bytes]:
    """Return the stated bytes under those ids that stand in the log already.

    A version 7 id carries its time, and was never sealed more than five minutes
    before it (`events.check`): older partitions need no look.
    """
    recent: list[bytes] = []
    others: list[bytes] = []
    since = now_us
    for made in found:
        event_id = made.projection.event_id
        milli = ids.millisecond_of(event_id)
        if milli is not None and milli * 1000 > now_us - _RECENT:
            recent.append(event_id)
            since = min(since, milli * 1000 - events.AHEAD_US)
        else:
            others.append(event_id)
    hits: dict[Key, bytes] = {}
    for group, bound in ((recent, since), (others, _EVER)):
        if group:
            for number, event_id, event in sealing.known(connection, group, bound):
                hits[Key(number, event_id)] = _stated(event)
    return hits


def _stated(event: bytes | None) -> bytes:
    """Return what was stated by a sealed event; bytes that equal none if it is gone.

    A redacted event can no longer be compared, and one that somebody damaged is for
    verification to name: what comes under its id is kept apart, and sealing goes on.
    """
    if event is None:
        return _NONE
    try:
        return prepare.stated_bytes(event)
    except CanonicalError:
        return _NONE
