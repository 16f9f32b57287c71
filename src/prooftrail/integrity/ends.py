"""What stands beside the entries: head, registration, rollup and ids against the log.

Guarantees: pure comparisons; each difference is a finding, and what only follows from
entries that are named already is none.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import checkpoint, entry, jcs, origin, projection, statement
from prooftrail.errors import EventError, FormatError
from prooftrail.integrity import diagnosis
from prooftrail.integrity.findings import Finding, Kind, failure

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Sequence

    from prooftrail.core.jcs import Value
    from prooftrail.integrity.diagnosis import Row
    from prooftrail.integrity.headers import Headers
    from prooftrail.integrity.segment import DayKey, Segment
    from prooftrail.integrity.stored import Repeated, StreamState


class Identity(NamedTuple):
    """Which log a stream's entries say that they are."""

    name: str
    stream_id: bytes
    origin: str
    incarnation: int
    keys: tuple[str, ...]  # vkeys


def identity(
    state: StreamState, firsts: Sequence[Row], newest: Row | None
) -> Identity | None:
    """Return what entry 0 states; what the registry says where it states nothing.

    Args:
        state: of the registry.
        firsts: the rows that stand at seq 0.
        newest: the newest row, which tells entry 0 of another stream from our own.
    """
    for row in firsts:
        ours = state.stream_id in (None, row.stream_id) or (
            newest is not None and newest.stream_id == row.stream_id
        )
        if ours and (found := _stated(row)) is not None:
            return found
    if state.stream_id is None or state.base is None or state.incarnation is None:
        return None
    line = origin.line(state.base, state.stream_id, state.incarnation)
    name = state.name if state.name is not None else f"number {state.number}"
    keys = tuple(str(key) for key in state.keys or ())
    return Identity(name, state.stream_id, line, state.incarnation, keys)


def _stated(row: Row) -> Identity | None:
    """Return what a sound entry 0 states of its own stream."""
    body = entry.body(row.salt or b"", row.event or b"")
    if (
        not diagnosis.consistent(row, body)
        or row.kind != entry.STATEMENT
        or row.prev != entry.genesis(row.stream_id)
    ):
        return None
    try:
        details = _details(row.event or b"")
        line, name, keys = details["origin"], details["name"], details["keys"]
        found = origin.parse_origin(str(line))
        checkpoint.Checkpoint(str(line), 0, row.leaf)
    except (EventError, FormatError, KeyError):
        return None
    if found.stream_id != row.stream_id or not isinstance(keys, list):
        return None
    stated = tuple(str(key) for key in keys)
    return Identity(str(name), found.stream_id, str(line), found.incarnation, stated)


def _details(event: bytes) -> dict[str, Value]:
    value = jcs.parse(event)
    if not isinstance(value, dict) or value.get("action") != statement.STREAM_CREATE:
        return {}
    details = value.get("details")
    return details if isinstance(details, dict) else {}


def registry(state: StreamState, found: Identity) -> Iterable[Finding]:
    """Compare the registry with what entry 0 states."""
    line = (
        origin.line(state.base, state.stream_id, state.incarnation)
        if state.stream_id is not None
        else None
    )
    there = (state.name, line, list(state.keys or []))
    if there != (found.name, found.origin, list(found.keys)):
        told = (
            "the stream is not registered"
            if state.stream_id is None
            else "the stream's registration is not what entry 0 states"
        )
        yield failure(Kind.REGISTRY_EDITED, found.name, 0, told)


def of_log(
    state: StreamState, name: str, end: int, newest: Row | None
) -> Iterable[Finding]:
    """Compare where the log ends with where its head says.

    Args:
        state: with the head.
        name: the stream's.
        end: one past the last entry, those apart from all others left out.
        newest: that entry.
    """
    if state.head_seq is None:
        yield failure(Kind.HEAD_EDITED, name, None, "the stream's head row is gone")
        return
    last = end - 1
    if last == state.head_seq:
        return
    if (
        newest is not None
        and newest.leaf == state.head_leaf
        and newest.leaf == diagnosis.leaf_of(newest, newest.body)
    ):
        told = f"the head says {state.head_seq} and has the leaf of entry {last}"
        yield failure(Kind.HEAD_EDITED, name, last, told)
    elif last < state.head_seq:
        told = f"the log ends with entry {last}, its head says {state.head_seq}"
        yield failure(Kind.TRUNCATED, name, last + 1, told, last=state.head_seq)
    else:
        told = f"entries stand beyond the head, which says {state.head_seq}"
        yield failure(Kind.HEAD_EDITED, name, state.head_seq + 1, told, last=last)


def head(
    state: StreamState, name: str, last: Segment | Headers | None
) -> Iterable[Finding]:
    """Compare the head with the newest entry, where that is sound itself."""
    if last is None or last.last is None or not last.last_sound:
        return
    row = last.last
    if state.head_seq != row.seq:
        return
    if state.head_leaf != row.leaf:
        told = f"the head and entry {row.seq} disagree: one of them was altered"
        yield failure(Kind.HEAD_EDITED, name, row.seq, told)
    elif state.head_recorded_us != row.recorded_us:
        told = "the head states another time than its entry"
        yield failure(Kind.HEAD_EDITED, name, row.seq, told)


class Damage(NamedTuple):
    """How many entries are named already, so that counts cannot fit."""

    lost: int  # gone, or with bytes that are not theirs
    extra: int  # in places that are others'


def rollup(
    name: str, stored: tuple[Counter[DayKey], int], counted: Counter[DayKey], of: Damage
) -> Iterable[Finding]:
    """Compare the stored rollup with what the entries give."""
    days, odd = stored
    differing = {
        key for key in days.keys() | counted.keys() if days[key] != counted[key]
    }
    above = sum(max(days[key] - counted[key], 0) for key in differing)
    below = sum(max(counted[key] - days[key], 0) for key in differing)
    if odd or above > of.lost + of.extra or below > of.extra:
        told = f"{len(differing) or odd} rows of the daily rollup differ from the log"
        yield failure(Kind.ROLLUP_EDITED, name, None, told)


def strays(
    name: str, state: StreamState, seqs: Sequence[int | None]
) -> Iterable[Finding]:
    """Name subject rows beyond the log's end, unless the head tells of the same."""
    known = state.head_seq if state.head_seq is not None else -1
    beyond = [seq for seq in seqs if seq is None or seq > known]
    if beyond:
        told = (
            "subject rows stand beyond the end of the log: they were put there, or "
            "the newest entries were deleted"
        )
        yield failure(Kind.PROJECTION_EDITED, name, beyond[0], told)


def repeated(names: dict[int, str], rows: Iterable[Repeated]) -> Iterable[Finding]:
    """Name entries whose eventId, by their bytes, another entry has already."""
    for (number, event_id), group in groupby(rows, key=lambda row: row[:2]):
        if number not in names:
            continue
        seqs = sorted({row.seq for row in group if _event_id(row.event) == event_id})
        for seq in seqs[1:]:
            told = f"entry {seq} has the same eventId as entry {seqs[0]}"
            yield failure(Kind.DUPLICATED, names[number], seq, told)


def _event_id(event: bytes | None) -> bytes | None:
    if event is None:
        return None
    try:
        return projection.read(event)[0].event_id
    except (EventError, RecursionError):
        return None
