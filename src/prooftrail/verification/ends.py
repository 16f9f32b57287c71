"""What stands beside the entries: head, registration and rollup against the log.

Guarantees: pure comparisons; each difference is a finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import jcs, statement
from prooftrail.errors import CanonicalError
from prooftrail.integrity.findings import Finding, Kind, failure

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from prooftrail.integrity import segment
    from prooftrail.integrity.segment import Segment
    from prooftrail.store.reading import StreamState


def of_log(state: StreamState, name: str) -> Iterable[Finding]:
    """Compare where the log ends with where its head says."""
    if state.head_seq is None:
        yield failure(Kind.HEAD_EDITED, name, None, "the stream's head row is gone")
        return
    last = state.last_seq if state.last_seq is not None else -1
    if last < state.head_seq:
        told = f"the log ends with entry {last}, its head says {state.head_seq}"
        yield failure(Kind.TRUNCATED, name, last + 1, told, last=state.head_seq)
    elif last > state.head_seq:
        told = f"entries stand beyond the head, which says {state.head_seq}"
        yield failure(Kind.HEAD_EDITED, name, state.head_seq + 1, told, last=last)


def head(state: StreamState, name: str, last: Segment | None) -> Iterable[Finding]:
    """Compare the head with the newest entry."""
    if last is None or state.head_seq != state.last_seq:
        return
    if last.last_leaf is not None and state.head_leaf != last.last_leaf:
        told = f"the head and entry {state.head_seq} disagree: one of them was altered"
        yield failure(Kind.HEAD_EDITED, name, state.head_seq, told)
    elif state.head_recorded_us != last.last_recorded_us:
        told = "the head states another time than its entry"
        yield failure(Kind.HEAD_EDITED, name, state.head_seq, told)


def registry(
    state: StreamState, name: str, line: str, event: bytes | None
) -> Iterable[Finding]:
    """Compare the registry with what entry 0 states."""
    try:
        value = jcs.parse(event or b"null")
    except CanonicalError:
        value = None
    details = value.get("details") if isinstance(value, dict) else None
    wanted = statement.stream_create(line, state.name or "", state.keys or [])
    if (
        not isinstance(value, dict)
        or value.get("action") != statement.STREAM_CREATE
        or details != wanted
    ):
        told = "the stream's registration is not what entry 0 states"
        yield failure(Kind.REGISTRY_EDITED, name, 0, told)


def rollup(
    name: str,
    days: dict[segment.DayKey, int],
    counted: Counter[segment.DayKey],
    first: int | None,
) -> Finding:
    """Name how the stored rollup differs."""
    odd = {
        key for key in days.keys() | counted.keys() if days.get(key, 0) != counted[key]
    }
    told = f"{len(odd)} rows of the daily rollup differ from the log"
    if first is not None:
        told += f" (entries are damaged from {first} on)"
    return failure(Kind.ROLLUP_EDITED, name, None, told)
