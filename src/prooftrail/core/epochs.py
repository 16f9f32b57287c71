"""Epoch keys: the public half, as an application knows it.

    id = the first 8 bytes of SHA-256(L("epoch") || public key[32])

Guarantees: `read` accepts exactly what `write` gives: which stream has which id, and
the X25519 public keys of days to come, each with its id and its half-open span. No
secret stands in it, and no right in the database is needed to have it.

Does not: say who wrote it. Whoever can replace the file that an application reads can
read the personal values that it records from then on, as he could in its memory.

Source: `spec/protected.md`; docs/adr/0014.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

import msgspec

from prooftrail.core import instants
from prooftrail.core.entry import STREAM_ID_BYTES, label
from prooftrail.core.protected import KEY_ID_BYTES
from prooftrail.core.vkey import decode_base64, encode_base64
from prooftrail.errors import EventError, FormatError

FORMAT = "prooftrail/epoch-keys/v1"
PUBLIC_BYTES = 32
MAX_FILE = 4 * 1024 * 1024  # bytes

_EPOCH = label("epoch")


class EpochKey(NamedTuple):
    """An X25519 public key, and when it is used."""

    key_id: bytes  # 8 bytes
    public: bytes  # 32 bytes
    from_us: int  # microseconds since the epoch, UTC
    until_us: int  # exclusive


class Published(NamedTuple):
    """All that an application needs to know to protect values."""

    streams: dict[str, bytes]  # ids (16 bytes), by name
    keys: list[EpochKey]

    def current(self, now_us: int) -> EpochKey | None:
        """Return the key of this time; None if no key was published for it."""
        usable = (key for key in self.keys if key.from_us <= now_us < key.until_us)
        return max(usable, key=lambda key: key.from_us, default=None)


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    public: str
    since: str = msgspec.field(name="from")
    until: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    streams: dict[str, str]
    keys: list[_Key]


def key_id(public: bytes) -> bytes:
    """Return the id of a public key, 8 bytes."""
    return sha256(_EPOCH + public).digest()[:KEY_ID_BYTES]


def write(published: Published) -> bytes:
    """Spell what is published, as JSON."""
    file = _File(
        FORMAT,
        {name: stream_id.hex() for name, stream_id in published.streams.items()},
        [
            _Key(
                key.key_id.hex(),
                encode_base64(key.public),
                instants.text(key.from_us),
                instants.text(key.until_us),
            )
            for key in published.keys
        ],
    )
    return msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n"


def read(data: bytes) -> Published:
    """Read what `write` gives.

    Raises:
        FormatError: it is no such list, or a key's id is another key's.
    """
    try:
        file = msgspec.json.decode(data, type=_File)
        streams = {name: bytes.fromhex(one) for name, one in file.streams.items()}
        keys = [_key(one) for one in file.keys]
    except (msgspec.MsgspecError, ValueError, EventError) as error:
        raise FormatError(f"this is no list of epoch keys: {error}") from error
    if file.format != FORMAT:
        raise FormatError(f"epoch keys of format {file.format[:80]!r} are not known")
    if any(len(one) != STREAM_ID_BYTES for one in streams.values()):
        raise FormatError("a stream's id has 16 bytes")
    return Published(streams, keys)


def _key(one: _Key) -> EpochKey:
    public = decode_base64(one.public)
    if len(public) != PUBLIC_BYTES or key_id(public).hex() != one.id:
        raise FormatError(f"the epoch key {one.id[:16]!r} is damaged")
    since, until = (instants.microseconds(text) for text in (one.since, one.until))
    return EpochKey(bytes.fromhex(one.id), public, since, until)
