"""The spool's files: encrypted records in a row, and what is left of them after damage.

    file   = "prooftrail/v1/spool" 0x00 | key id (8) | frame | frame | ...
    frame  = mark (8) | index, u64 | length, u32 | CRC-32 (4) | nonce (12) | sealed
    sealed = AES-256-GCM under the file's key, `length` bytes, its tag at the end;
             AAD = L("spool") || file id (16) || index
    keys   = HKDF-SHA256(spool key, salt = file id): file's key, mark
             and the key id, without salt

The CRC is over mark, index and length. A file's id is its name. Records are numbered
from 0 in the order in which they were written.

Guarantees: a record is returned as it was written, in its file and at its place, or not
at all. `scan` finds each whole record, whatever was damaged before it: records that
were moved are put back in order, repeated ones dropped. A file that ends within a frame
is torn there, which is what kill -9 leaves; everything else is damage.

Does not: notice that whole records, or the whole file, are missing at the end: whoever
can write to the directory can take them away.

Source: NIST SP 800-38D (GCM), RFC 5869; design, "Record format" for L and big-endian.
"""

from __future__ import annotations

import hmac
import struct
import zlib
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from prooftrail.core.entry import label
from prooftrail.store.inbox import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEY_BYTES = 32
NONCE_BYTES = 12
_MAGIC = label("spool")
_KEY_ID_BYTES = 8
START = len(_MAGIC) + _KEY_ID_BYTES  # where the first frame begins
_MARK_BYTES = 8
_HEAD = struct.Struct(">8sQLL")
_BEFORE = _HEAD.size + NONCE_BYTES  # a frame's bytes before what is sealed
_TAG_BYTES = 16
_PROGRESS = struct.Struct(">Q32s")


class Frame(NamedTuple):
    """Where a record lies in its file."""

    number: int  # its index
    start: int
    end: int


class Record(NamedTuple):
    """What one call wanted to be durable."""

    event_id: str
    rows: Sequence[Row]


class _Packed(msgspec.Struct, array_like=True):
    event_id: str
    rows: list[tuple[str, str, bytes | None]]


@dataclass(slots=True)
class Scan:
    """What is in a file."""

    frames: list[Frame] = field(default_factory=list)  # by index, each index once
    damaged: list[tuple[int, int]] = field(default_factory=list)  # from, to
    moved: bool = False  # some did not stand where they were written, or twice
    end: int = 0  # where it is torn, or its length


class FileKeys:
    """The keys of one file."""

    __slots__ = ("_aad", "_cipher", "_key", "_mark", "opening")

    def __init__(self, key: bytes, file_id: bytes) -> None:
        self._key = _derive(key, file_id, "spool file", KEY_BYTES)
        self._cipher = AESGCM(self._key)
        self._mark = _derive(key, file_id, "spool mark", _MARK_BYTES)
        self._aad = _MAGIC + file_id
        # what the file begins with
        self.opening = _MAGIC + _derive(key, None, "spool key id", _KEY_ID_BYTES)

    def encode(self, record: Record, index: int, nonce: bytes) -> bytes:
        """Return the frame of a record.

        Args:
            record: what is to be kept.
            index: its number in the file.
            nonce: 12 random bytes, never given before.
        """
        rows = [(row.stream, row.event, row.envelope) for row in record.rows]
        text = msgspec.msgpack.encode(_Packed(record.event_id, rows))
        sealed = self._cipher.encrypt(nonce, text, self._bound(index))
        return self._head(index, len(sealed)) + nonce + sealed

    def decode(self, frame: bytes, index: int) -> Record | None:
        """Return the record of a whole frame; None if it is not what was written."""
        if len(frame) < _BEFORE + _TAG_BYTES:
            return None
        if frame[: _HEAD.size] != self._head(index, len(frame) - _BEFORE):
            return None
        nonce, sealed = frame[_HEAD.size : _BEFORE], frame[_BEFORE:]
        try:
            text = self._cipher.decrypt(nonce, sealed, self._bound(index))
        except InvalidTag:
            return None
        packed = msgspec.msgpack.decode(text, type=_Packed)
        return Record(packed.event_id, [Row(*row) for row in packed.rows])

    def scan(self, data: bytes) -> Scan:
        """Find what can be replayed in a file's bytes, its opening included."""
        found = Scan(end=len(data))
        at = START
        while at < len(data):
            frame = self._frame_at(data, at)
            if frame is not None:
                found.frames.append(frame)
                at = frame.end
                continue
            after = self._next_frame(data, at + 1)
            if after is None and self._is_torn(data, at):
                found.end = at
                break
            until = len(data) if after is None else after.start
            found.damaged.append((at, until))
            at = until
        _put_in_order(found)
        return found

    def progress(self, index: int) -> bytes:
        """Return the note that all records before `index` are in the database."""
        return _PROGRESS.pack(index, self._proof(index))

    def read_progress(self, note: bytes) -> int:
        """Return what `progress` was told; 0 for anything else."""
        if len(note) != _PROGRESS.size:
            return 0
        index, proof = _PROGRESS.unpack(note)
        return index if hmac.compare_digest(proof, self._proof(index)) else 0

    def _proof(self, index: int) -> bytes:
        text = b"replayed" + index.to_bytes(8, "big")
        return hmac.new(self._key, text, sha256).digest()

    def _bound(self, index: int) -> bytes:
        return self._aad + index.to_bytes(8, "big")

    def _head(self, index: int, length: int) -> bytes:
        # first with no CRC, over which it is taken
        plain = _HEAD.pack(self._mark, index, length, 0)[:-4]
        return plain + zlib.crc32(plain).to_bytes(4, "big")

    def _read_head(self, data: bytes, at: int) -> tuple[int, int] | None:
        """Return index and end of the frame that begins here, whole or not."""
        if len(data) - at < _HEAD.size:
            return None
        mark, index, length, _ = _HEAD.unpack_from(data, at)
        if mark != self._mark or data[at : at + _HEAD.size] != self._head(
            index, length
        ):
            return None
        return index, at + _BEFORE + length

    def _frame_at(self, data: bytes, at: int) -> Frame | None:
        head = self._read_head(data, at)
        if head is None or head[1] > len(data):
            return None
        index, end = head
        if self.decode(data[at:end], index) is None:
            return None
        return Frame(index, at, end)

    def _next_frame(self, data: bytes, at: int) -> Frame | None:
        while (at := data.find(self._mark, at)) >= 0:
            if frame := self._frame_at(data, at):
                return frame
            at += 1
        return None

    def _is_torn(self, data: bytes, at: int) -> bool:
        """Say whether what begins here is a frame that was never written to its end."""
        if len(data) - at < _HEAD.size:
            begun = data[at : at + _MARK_BYTES]
            return self._mark.startswith(begun)
        head = self._read_head(data, at)
        return head is not None and head[1] > len(data)


def pack_into(
    keys: FileKeys,
    records: Sequence[Record],
    first: int,
    random: Callable[[int], bytes],
) -> list[bytes]:
    """Return the frames of records, the first of which has this index."""
    return [
        keys.encode(record, index, random(NONCE_BYTES))
        for index, record in enumerate(records, first)
    ]


def _derive(key: bytes, salt: bytes | None, name: str, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=salt, info=label(name)).derive(key)


def _put_in_order(found: Scan) -> None:
    indexes = [frame.number for frame in found.frames]
    found.frames = list(
        {
            frame.number: frame
            for frame in sorted(found.frames, key=lambda frame: frame.number)
        }.values()
    )
    found.moved = indexes != [frame.number for frame in found.frames]
