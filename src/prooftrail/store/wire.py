"""The wire: projection columns as PostgreSQL's binary COPY spells them.

Guarantees: `Wire.spell` gives the bytes that the server sends for the same values, so
that all columns of an entry compare at once; `differences` names those that do not.

Source: PostgreSQL documentation, COPY, "Binary Format"; `network_send` for inet.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from prooftrail.integrity.diagnosis import UNKNOWN_KIND, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.core.projection import Projection

LENGTH = struct.Struct(">i")
_COLUMNS = struct.Struct(">i16siqi?")
_NULL = b"\xff\xff\xff\xff"
# the length, then address family, bits of the prefix, not a cidr, bytes of the address
_V4 = LENGTH.pack(8) + bytes((2, 32, 0, 4))
_V6 = LENGTH.pack(20) + bytes((3, 128, 0, 16))
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


class Wire:
    """The server's binary spelling of the projection columns."""

    def __init__(self) -> None:
        self._names: dict[str | None, bytes] = {None: _NULL}

    def spell(self, found: Projection) -> bytes:
        """Return the columns as COPY BINARY sends them."""
        event_id, occurred, actor, role, action, rtype, rid, result, ip, pii = found
        names = self._names.get  # names recur; ids of resources seldom do
        return b"".join(
            (
                _COLUMNS.pack(16, event_id, 8, occurred, 1, pii),
                names(actor) or self._keep(actor),
                names(role) or self._keep(role),
                names(action) or self._keep(action),
                names(rtype) or self._keep(rtype),
                _NULL if rid is None else _text(rid),
                names(result) or self._keep(result),
                _NULL if ip is None else _address(ip),
            )
        )

    def _keep(self, name: str | None) -> bytes:
        if len(self._names) > _CACHED:
            self._names = {None: _NULL}
        spelled = _NULL if name is None else _text(name)
        self._names[name] = spelled
        return spelled

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


def _address(ip: IPv4Address | IPv6Address) -> bytes:
    return (_V4 if isinstance(ip, IPv4Address) else _V6) + ip.packed
