"""The entry: header, body and leaf; what the chain and the tree are made of.

    header  = version 0x01 | kind | stream id | prev | seq | recorded_at | body
    body    = SHA-256(L("body") || salt || event bytes)
    leaf    = SHA-256(0x00 || header)                     an RFC 6962 leaf
    genesis = SHA-256(L("genesis") || stream id)          the prev of seq 0
    L(x)    = "prooftrail/v1/" || x || 0x00

Guarantees: these bytes and nothing else; integers are big-endian. Source:
`spec/entry.md`, RFC 6962 section 2.1.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import NamedTuple

from prooftrail.errors import FormatError

VERSION = 1
EVENT = 0  # kind of an event stated by an application
STATEMENT = 1  # kind of a statement made by the trail itself
HEADER_BYTES = 98
SALT_BYTES = 16
STREAM_ID_BYTES = 16
HASH_BYTES = 32

_HEADER = struct.Struct(">BB16s32sQq32s")
_LEAF = struct.Struct(">BBB16s32sQq32s")  # 0x00, then the header


def label(name: str) -> bytes:
    """Return L(name), the domain separator that stands before hashed bytes."""
    return b"prooftrail/v1/" + name.encode("ascii") + b"\x00"


_BODY = label("body")
_GENESIS = label("genesis")


class Header(NamedTuple):
    """The 98 bytes that a leaf commits to."""

    kind: int  # 0 or 1
    stream_id: bytes  # 16 random bytes
    prev: bytes  # 32 bytes, the leaf before
    seq: int  # from 0, without gaps
    recorded_us: int  # microseconds since the epoch, UTC, by the sealer's clock
    body: bytes  # 32 bytes

    def encode(self) -> bytes:
        """Return the 98 bytes."""
        return _HEADER.pack(VERSION, *self)

    @classmethod
    def decode(cls, data: bytes) -> Header:
        """Read 98 bytes.

        Raises:
            FormatError: another length, version or kind.
        """
        if len(data) != HEADER_BYTES:
            raise FormatError(f"a header has {HEADER_BYTES} bytes, not {len(data)}")
        version, *fields = _HEADER.unpack(data)
        if version != VERSION:
            raise FormatError(f"header version {version} is not known to this release")
        header = cls(*fields)
        if header.kind not in (EVENT, STATEMENT):
            raise FormatError(f"entry kind {header.kind} is not known to this release")
        return header

    def leaf(self) -> bytes:
        """Return the leaf, 32 bytes; people see it as the entry's checksum."""
        return leaf(*self)


def leaf(
    kind: int, stream_id: bytes, prev: bytes, seq: int, recorded_us: int, body: bytes
) -> bytes:
    """Return the leaf over a header with these fields, 32 bytes."""
    return sha256(
        _LEAF.pack(0, VERSION, kind, stream_id, prev, seq, recorded_us, body)
    ).digest()


def body(salt: bytes, event: bytes) -> bytes:
    """Return the salted digest of the event bytes, 32 bytes."""
    return sha256(_BODY + salt + event).digest()


def genesis(stream_id: bytes) -> bytes:
    """Return the `prev` of a stream's entry 0, 32 bytes."""
    return sha256(_GENESIS + stream_id).digest()


def checksum(leaf: bytes) -> str:
    """Spell a leaf as people see it: ``sha256:`` and 64 hex digits."""
    return "sha256:" + leaf.hex()
