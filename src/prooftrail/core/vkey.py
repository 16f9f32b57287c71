"""Verification keys, and the spelling rules that notes and keys share.

    vkey      = key name "+" key id in hex "+" base64(type || public key)
    key id    = SHA-256(key name || LF || type || public key)[:4]
    type      0x01 Ed25519, 0x04 Ed25519 timestamped cosignature

Guarantees: `parse_vkey` accepts exactly what `VerificationKey.format` writes; base64
is strict; a key whose id does not fit its bytes is refused, so that a key damaged on
its way is noticed. Does not guarantee that a key deserves trust: the caller chooses.

Source: C2SP signed-note v1, tlog-cosignature v1.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from prooftrail.errors import FormatError

KEY_ID_BYTES = 4
PUBLIC_KEY_BYTES = 32

# Control characters but the newline (signed-note), and what UTF-8 cannot spell.
_REFUSED = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_NOT_IN_NAME = re.compile(r"[\s+]")
_VKEY = re.compile(r"(?P<name>[^+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/=]+)")


class KeyKind(IntEnum):
    """The signature types that Prooftrail knows."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key under its name; `format` gives the vkey text to hand out.

    >>> key = VerificationKey("example.com/log", KeyKind.ED25519, bytes(32))
    >>> key.format()
    'example.com/log+a3ad76db+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    >>> parse_vkey(key.format()) == key
    True
    """

    name: str
    kind: KeyKind
    public: bytes  # 32 bytes, RFC 8032

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != PUBLIC_KEY_BYTES:
            raise FormatError(
                f"an Ed25519 public key has {PUBLIC_KEY_BYTES} bytes, "
                f"not {len(self.public)}"
            )

    @property
    def key_id(self) -> bytes:
        """The 4 bytes by which signature lines refer to this key."""
        material = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return sha256(material).digest()[:KEY_ID_BYTES]

    def format(self) -> str:
        """Return the vkey text."""
        material = bytes([self.kind]) + self.public
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(material)}"


def parse_vkey(text: str) -> VerificationKey:
    """Read a vkey.

    Raises:
        FormatError: another shape, an unknown type, or a key id that does not fit.
    """
    found = _VKEY.fullmatch(text)
    if not found:
        raise FormatError(f"{text[:120]!r} is not a key: name+hex id+base64 expected")
    material = decode_base64(found["key"])
    if material[:1] not in {bytes([kind]) for kind in KeyKind}:
        raise FormatError(
            f"key {found['name'][:80]!r} is of type 0x{material[:1].hex()}, "
            "which this release does not know"
        )
    key = VerificationKey(found["name"], KeyKind(material[0]), material[1:])
    if key.key_id.hex() != found["id"]:
        raise FormatError(
            f"key {key.name[:80]!r} says id {found['id']} and has {key.key_id.hex()}: "
            "it is damaged or not this key"
        )
    return key


def check_name(name: str) -> None:
    """Refuse what cannot be a key's name.

    Raises:
        FormatError: empty, or with a space, plus, control character or surrogate.
    """
    if not name or _NOT_IN_NAME.search(name):
        raise FormatError(
            f"key name {name[:80]!r} is not usable: it must not be empty nor have "
            "a space or a plus"
        )
    check_characters(name)


def decode_base64(text: str) -> bytes:
    """Decode standard base64, refusing every spelling but the one.

    Raises:
        FormatError: not what encoding the result again gives.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise FormatError(f"{text[:80]!r} is not base64") from error
    if encode_base64(data) != text:
        raise FormatError(f"{text[:80]!r} is not canonical base64")
    return data


def encode_base64(data: bytes) -> str:
    """Encode as standard base64 (RFC 4648, section 4)."""
    return b64encode(data).decode("ascii")


def check_characters(text: str) -> None:
    """Refuse what no note may contain.

    Raises:
        FormatError: a control character but newline (CR among them), or a surrogate.
    """
    if _REFUSED.search(text):
        raise FormatError("a note has no control characters but newlines (nor CR)")
