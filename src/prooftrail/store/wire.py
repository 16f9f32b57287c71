"""The wire: entries as PostgreSQL's binary COPY spells them, on their way in.

Guarantees: a tuple of COPY BINARY a row, in the order of the tables' columns; `address`
gives what the server sends for the same address.

Source: PostgreSQL documentation, COPY, "Binary Format"; `network_send` for inet.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.core.projection import Projection

LENGTH = struct.Struct(">i")
_COLUMNS = struct.Struct(">i16siqi?")
_NULL = b"\xff\xff\xff\xff"
# by the bytes of an address: its family, bits of the prefix, not a cidr, its bytes
_FAMILIES = {4: bytes((2, 32, 0, 4)), 16: bytes((3, 128, 0, 16))}
_CACHED = 65_536

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
# stream, seq, recorded_us, kind, stream id, prev, body, leaf, salt: width and value of
# each, behind the number of fields; then the length of the event
_ENTRY = struct.Struct(">h ih iq iq ih i16s i32s i32s i32s i16s i")
_SUBJECT = struct.Struct(">h ih iq i")
_TWO_TIMES = struct.Struct(">iqiq")
_ENTRY_FIELDS = 22
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
        (event_id, occurred, actor, role, action, rtype, rid, result, ip, pii, of,
         authority) = found  # fmt: skip
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
                _NULL if ip is None else _bytes(_FAMILIES[len(ip)] + ip),
                _NULL if of is None else _bytes(of),
                names[authority],
            )
        )

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


@lru_cache(maxsize=4096)
def address(ip: bytes | None) -> bytes | None:
    """Return an address as the server sends an inet; None is null."""
    return None if ip is None else _FAMILIES[len(ip)] + ip


def _text(text: str) -> bytes:
    return _bytes(text.encode())


def _bytes(data: bytes) -> bytes:
    return LENGTH.pack(len(data)) + data
