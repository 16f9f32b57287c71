"""The format's building blocks, written from `spec/` without the package's code.

Sources: RFC 8785 (by `rfc8785`), RFC 6962 section 2.1, RFC 5869 and RFC 8032 (by
`cryptography`), C2SP signed-note, tlog-checkpoint and tlog-cosignature.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ED25519, COSIGNATURE = 0x01, 0x04
MASTER = bytes(range(32))
STREAM_ID = bytes.fromhex("00112233445566778899aabbccddeeff")
OTHER_STREAM_ID = bytes.fromhex("ffeeddccbbaa99887766554433221100")
BASE = "audit.example.com/billing"
ORIGIN = f"{BASE}/{STREAM_ID.hex()}/1"
NOW_US = 1_771_338_182_000_000  # 2026-02-17T14:23:02Z
NOW_S = NOW_US // 1_000_000

# The example of the specification, as an application states it.
EXAMPLE: dict[str, Any] = {
    "eventId": "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
    "timestamp": "2026-02-17T14:23:01.445Z",
    "actor": {
        "userId": "usr_a1b2c3",
        "email": "dani@company.com",
        "role": "admin",
        "ipAddress": "203.0.113.42",
        "userAgent": "Mozilla/5.0...",
    },
    "action": "customer.pii.export",
    "resource": {"type": "customer", "id": "cust_x7y8z9", "name": "Acme Corp"},
    "details": {
        "fields_accessed": ["name", "email", "phone", "billing_address"],
        "export_format": "csv",
        "record_count": 1,
    },
    "result": "success",
}


def label(name: str) -> bytes:
    return b"prooftrail/v1/" + name.encode() + b"\0"


def jcs(value: Any) -> bytes:
    return rfc8785.dumps(value)


def salt(number: int) -> bytes:
    """Salts of vectors: recognisable, and as long as real ones."""
    return sha256(b"salt %d" % number).digest()[:16]


def header(
    kind: int, stream_id: bytes, prev: bytes, seq: int, recorded_us: int, body: bytes
) -> bytes:
    return b"".join(
        (
            b"\x01",
            bytes([kind]),
            stream_id,
            prev,
            struct.pack(">Q", seq),
            struct.pack(">q", recorded_us),
            body,
        )
    )


def body_of(salt_bytes: bytes, event: bytes) -> bytes:
    return sha256(label("body") + salt_bytes + event).digest()


def leaf_of(header_bytes: bytes) -> bytes:
    return sha256(b"\0" + header_bytes).digest()


def genesis(stream_id: bytes) -> bytes:
    return sha256(label("genesis") + stream_id).digest()


def root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, by its recursive definition."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:])).digest()


def peaks(leaves: list[bytes]) -> list[bytes]:
    """The roots of the perfect subtrees, largest first."""
    found = []
    while leaves:
        size = 1 << (len(leaves).bit_length() - 1)
        found.append(root(leaves[:size]))
        leaves = leaves[size:]
    return found


def instant(microsecond: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microsecond)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment.microsecond:06d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def uuid7(microsecond: int, random: bytes) -> str:
    milli, rest = divmod(microsecond, 1000)
    high = (milli << 16) | 0x7000 | rest * 4096 // 1000
    low = (0b10 << 62) | int.from_bytes(random, "big") >> 2
    text = f"{high:016x}{low:016x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def base64(data: bytes) -> str:
    return b64encode(data).decode()


class Key:
    """A log's signing key of one type, derived from a master."""

    def __init__(self, kind: int, origin: str = ORIGIN, master: bytes = MASTER) -> None:
        info = label("sign") + bytes([kind]) + origin.encode()
        self.seed = HKDF(SHA256(), length=32, salt=None, info=info).derive(master)
        self.kind = kind
        self.name = origin
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        material = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return sha256(material).digest()[:4]

    @property
    def vkey(self) -> str:
        material = bytes([self.kind]) + self.public
        return f"{self.name}+{self.key_id.hex()}+{base64(material)}"

    def signature(self, text: str, time_s: int = NOW_S) -> bytes:
        if self.kind == ED25519:
            return self.private.sign(text.encode())
        message = f"cosignature/v1\ntime {time_s}\n{text}".encode()
        return struct.pack(">Q", time_s) + self.private.sign(message)

    def line(self, text: str, time_s: int = NOW_S) -> str:
        data = self.key_id + self.signature(text, time_s)
        return f"— {self.name} {base64(data)}\n"


SIGNER, COSIGNER = Key(ED25519), Key(COSIGNATURE)
STRANGER = Key(ED25519, master=bytes(32))


def checkpoint_text(size: int, root_hash: bytes, origin: str = ORIGIN) -> str:
    return f"{origin}\n{size}\n{base64(root_hash)}\n"


def note(text: str, time_s: int = NOW_S) -> str:
    return text + "\n" + SIGNER.line(text) + COSIGNER.line(text, time_s)
