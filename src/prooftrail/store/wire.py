"""The wire: projection columns as PostgreSQL's binary COPY spells them.

Guarantees: `Wire.spell` gives the bytes that the server sends for the same values, so
that all columns of an entry compare at once; `differences` names those that do not.

Source: PostgreSQL documentation, COPY, "Binary Format"; `network_send` for inet.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from prooftrail.integrity.diagnosis import Row

if TYPE_CHECKING:
    from prooftrail.core.projection import Projection

LENGTH = struct.Struct(">i")
_COLUMNS = struct.Struct(">i16siqi?")
_NULL = b"\xff\xff\xff\xff"
_INET, _INET6 = 2, 3  # the wire's address families
_TEXTS = ("actor", "role", "action", "resource_type", "resource_id", "result", "ip")
_CACHED = 65_536
_HEADER_FIELDS = 9  # seq to event


class Wire:
    """The server's binary spelling of the projection columns."""

    def __init__(self) -> None:
        self._texts: dict[str | None, bytes] = {None: _NULL}
        self._addresses: dict[IPv4Address | IPv6Address | None, bytes] = {None: _NULL}

    def spell(self, found: Projection) -> bytes:
        """Return the columns as COPY BINARY sends them."""
        texts = self._texts
        if len(texts) > _CACHED:
            texts.clear()
            texts[None] = _NULL
            self._addresses = {None: _NULL}
        event_id, occurred, actor, role, action, rtype, rid, result, ip, pii = found
        try:
            return b"".join(
                (
                    _COLUMNS.pack(16, event_id, 8, occurred, 1, pii),
                    texts[actor],
                    texts[role],
                    texts[action],
                    texts[rtype],
                    texts[rid],
                    texts[result],
                    self._addresses[ip],
                )
            )
        except KeyError:
            for text in (actor, role, action, rtype, rid, result):
                if text not in texts:
                    data = (text or "").encode()
                    texts[text] = LENGTH.pack(len(data)) + data
            if ip is not None:
                self._addresses[ip] = _address(ip)
            return self.spell(found)

    def differences(self, found: Projection, columns: bytes) -> list[str]:
        """Name the columns that differ."""
        names = ("event_id", "occurred_us", "pii", *_TEXTS)
        wanted = _fields(self.spell(found), len(names))
        stored = _fields(columns, len(names))
        return [
            name
            for name, one, other in zip(names, wanted, stored, strict=True)
            if one != other
        ]


def odd(data: bytes) -> Row:
    """Read a row whose header columns have other widths than the format.

    Only with its constraints dropped can the table hold one: the checker finds that
    its hashes do not fit.
    """
    header = _fields(data[2:], _HEADER_FIELDS)
    seq, recorded_us, kind = (
        int.from_bytes(one or b"", "big", signed=True) for one in header[:3]
    )
    stream_id, prev, body, leaf = (one or b"" for one in header[3:7])
    at = 2 + sum(LENGTH.size + len(one or b"") for one in header)
    salt, event = header[7:]
    rest = data[at:]
    return Row(seq, recorded_us, kind, stream_id, prev, body, leaf, salt, event, rest)


def _fields(data: bytes, count: int) -> list[bytes | None]:
    found: list[bytes | None] = []
    at = 0
    for _ in range(count):
        (length,) = LENGTH.unpack_from(data, at)
        at += 4
        found.append(None if length < 0 else data[at : at + length])
        at += max(length, 0)
    return found


def _address(ip: IPv4Address | IPv6Address) -> bytes:
    packed = ip.packed
    family = _INET if isinstance(ip, IPv4Address) else _INET6
    body = bytes((family, ip.max_prefixlen, 0, len(packed))) + packed
    return LENGTH.pack(len(body)) + body
