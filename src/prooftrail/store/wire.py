"""The wire: projection columns as PostgreSQL's binary COPY spells them.

Guarantees: `Wire.spell` gives the bytes that the server sends for the same values, so
that all columns of an entry compare at once; `differences` names those that do not.

Source: PostgreSQL documentation, COPY, "Binary Format"; `network_send` for inet.
"""

from __future__ import annotations

import struct
from itertools import repeat
from typing import TYPE_CHECKING

from prooftrail.integrity.diagnosis import UNKNOWN_KIND, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.core.projection import Columns, Projection

LENGTH = struct.Struct(">i")
_COLUMNS = struct.Struct(">i16siqi?")
_NULL = b"\xff\xff\xff\xff"
# the length, then address family, bits of the prefix, not a cidr, bytes of the address
_FAMILIES = {
    4: LENGTH.pack(8) + bytes((2, 32, 0, 4)),
    16: LENGTH.pack(20) + bytes((3, 128, 0, 16)),
}
_TEXTS = ("actor", "role", "action", "resource_type", "resource_id", "result", "ip")
_CACHED = 65_536
_HEADER_FIELDS = 9  # seq to event


_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
# stream, seq, recorded_us, kind, stream id, prev, body, leaf, salt: width and value of
# each, behind the number of fields; then the length of the event
_ENTRY = struct.Struct(">h ih iq iq ih i16s i32s i32s i32s i16s i")
_SUBJECT = struct.Struct(">h ih iq i")
_TWO_TIMES = struct.Struct(">iqiq")
_ENTRY_FIELDS = 20
_SUBJECT_FIELDS = 5


class _Names(dict[str | None, bytes]):
    """Spelled texts: names recur, ids of resources seldom do."""

    def __missing__(self, name: str | None) -> bytes:
        if len(self) >= _CACHED:
            self.clear()
        spelled = self[name] = _NULL if name is None else _text(name)
        return spelled


class Wire:
    """The server's binary spelling of the projection columns."""

    def __init__(self) -> None:
        self._names = _Names()

    def spell(self, found: Projection) -> bytes:
        """Return the columns as COPY BINARY sends them."""
        event_id, occurred, actor, role, action, rtype, rid, result, ip, pii = found
        names = self._names
        return b"".join(
            (
                _COLUMNS.pack(16, event_id, 8, occurred, 1, pii),
                names[actor],
                names[role],
                names[action],
                names[rtype],
                _NULL if rid is None else _text(rid),
                names[result],
                _NULL if ip is None else _FAMILIES[len(ip)] + ip,
            )
        )

    def spell_all(self, found: Columns) -> list[bytes]:
        """Return the columns of many entries: what `spell` gives for each."""
        names = self._names.__getitem__
        begin = map(
            _COLUMNS.pack,
            repeat(16), found.event_id, repeat(8), found.occurred_us,
            repeat(1), found.pii,
        )  # fmt: skip
        parts = zip(
            begin,
            map(names, found.actor),
            map(names, found.role),
            map(names, found.action),
            map(names, found.resource_type),
            [_NULL if rid is None else _text(rid) for rid in found.resource_id],
            map(names, found.result),
            [_NULL if ip is None else _FAMILIES[len(ip)] + ip for ip in found.ip],
            strict=True,
        )
        return list(map(b"".join, parts))

    def entry(  # noqa: PLR0913, PLR0917  the columns of the log
        self,
        stream: int,
        seq: int,
        recorded_us: int,
        kind: int,
        stream_id: bytes,
        prev: bytes,
        body: bytes,
        leaf: bytes,
        salt: bytes,
        event: bytes,
        found: Projection,
    ) -> bytes:
        """Return an entry as a tuple of COPY BINARY."""
        head = _ENTRY.pack(
            _ENTRY_FIELDS,
            2, stream, 8, seq, 8, recorded_us, 2, kind, 16, stream_id,
            32, prev, 32, body, 32, leaf, 16, salt, len(event),
        )  # fmt: skip
        return head + event + self.spell(found)

    def differences(self, found: Projection, columns: bytes) -> list[str]:
        """Name the columns that differ."""
        names = ("event_id", "occurred_us", "pii", *_TEXTS)
        wanted = fields(self.spell(found), len(names))
        stored = fields(columns, len(names))
        return [
            name
            for name, one, other in zip(names, wanted, stored, strict=True)
            if one != other
        ]


def subject(
    stream: int, seq: int, name: str, occurred_us: int, recorded_us: int
) -> bytes:
    """Return a subject row as a tuple of COPY BINARY."""
    data = name.encode()
    return (
        _SUBJECT.pack(_SUBJECT_FIELDS, 2, stream, 8, seq, len(data))
        + data
        + _TWO_TIMES.pack(8, occurred_us, 8, recorded_us)
    )


def file(tuples: Iterable[bytes]) -> bytes:
    """Return a whole COPY BINARY file."""
    return b"".join((_SIGNATURE, *tuples, _TRAILER))


def odd(data: bytes) -> Row:
    """Read a row whose header columns have other widths than the format.

    Only with its constraints dropped can the table hold one: the checker finds that
    its hashes do not fit.
    """
    header = fields(data[2:], _HEADER_FIELDS)
    seq, recorded_us, kind = (
        int.from_bytes(one or b"", "big", signed=True) for one in header[:3]
    )
    if header[2] is None:
        kind = UNKNOWN_KIND
    stream_id, prev, body, leaf = (one or b"" for one in header[3:7])
    at = 2 + sum(LENGTH.size + len(one or b"") for one in header)
    salt, event = header[7:]
    rest = data[at:]
    return Row(seq, recorded_us, kind, stream_id, prev, body, leaf, salt, event, rest)


def fields(data: bytes, count: int) -> list[bytes | None]:
    """Return the first fields of a tuple, each after its length; None is null."""
    found: list[bytes | None] = []
    at = 0
    for _ in range(count):
        (length,) = LENGTH.unpack_from(data, at)
        at += 4
        found.append(None if length < 0 else data[at : at + length])
        at += max(length, 0)
    return found


def _text(text: str) -> bytes:
    data = text.encode()
    return LENGTH.pack(len(data)) + data
