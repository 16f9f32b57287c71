"""Many entries at once: whether each of them is as it was sealed.

Guarantees: `look` answers only where every entry of a run is sound: its seq, hashes,
link, time and projection columns are compared as whole columns, which takes half
the time than a look at each. It never says what is wrong: `check` looks at each
entry of a run that has anything odd in it.

Source: `spec/verification.md`.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from itertools import repeat
from operator import eq, le
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.core import catalog, entry, projection
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prooftrail.core.projection import Columns
    from prooftrail.integrity.diagnosis import Raw

RUN = 128  # entries looked at together: what they decode to stays in the CPU's cache

# 0x00 || version || kind || stream id || prev || seq || recorded_at || body
_LEAF = struct.Struct(">BBB16s32sQq32s")
_BODY = entry.label("body")
_KINDS = {entry.EVENT, entry.STATEMENT}
_SALTS = {entry.SALT_BYTES}
_PII = projection.Projection._fields.index("pii")
_BOOLEAN = {bool}  # 1 equals True, and is not what was stored


class Sound(NamedTuple):
    """What the entries of a sound run state."""

    leaves: tuple[bytes, ...]
    columns: Columns


class After(NamedTuple):
    """What a run must continue."""

    seq: int  # that the run begins with
    leaf: bytes  # of the entry before
    recorded_us: int


def look(
    rows: Sequence[Raw],
    after: After,
    *,
    stream_id: bytes,
    subjects: list[tuple[Any, ...]],
    address: Callable[[bytes | None], bytes | None],
) -> Sound | None:
    """Return what a run states, None if any entry needs a look of its own.

    Args:
        rows: one or more, as stored.
        after: the sound entry before them.
        stream_id: 16 bytes.
        subjects: the stored subject rows of these seqs.
        address: how the rows' source writes a projected address.
    """
    seqs, times, kinds, ids, prevs, bodies, leaves, salts, events, *stored = zip(
        *rows, strict=True
    )
    try:
        if (
            seqs != tuple(range(after.seq, after.seq + len(rows)))
            or prevs != (after.leaf, *leaves[:-1])
            or not all(map(le, (after.recorded_us, *times), times))
            or ids.count(stream_id) != len(rows)
            or not _KINDS.issuperset(kinds)
            or bool in set(map(type, kinds))
            or set(map(len, salts)) != _SALTS
            or list(bodies)
            != [
                sha256(_BODY + salt + event).digest()
                for salt, event in zip(salts, events, strict=True)
            ]
            or list(leaves)
            != [
                sha256(header).digest()
                for header in map(
                    _LEAF.pack,
                    repeat(0), repeat(entry.VERSION), kinds, ids, prevs, seqs, times,
                    bodies,
                )
            ]
        ):  # fmt: skip
            return None
        found, touched = projection.read_all(events)
    except (EventError, RecursionError, TypeError, struct.error):
        # TypeError, struct.error: a null, or a value of another type, stands there
        return None
    stated = map(str.startswith, found.action, repeat(catalog.TRAIL))
    written = found._replace(ip=list(map(address, found.ip)))
    of_each = zip(seqs, touched, found.occurred_us, times, strict=True)
    if (
        list(kinds) != list(stated)
        or set(map(type, stored[_PII])) != _BOOLEAN
        or not all(map(eq, map(list, stored), written))
        or subjects
        != [
            (seq, subject, occurred_us, recorded_us)
            for seq, of_one, occurred_us, recorded_us in of_each
            if of_one
            for subject in of_one
        ]
    ):
        return None
    return Sound(leaves, found)
