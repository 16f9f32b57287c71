"""Personal values: what stands for one in an event, and the envelope beside the event.

    commitment = SHA-256(L("commitment") || salt[32]
                         || JCS([eventId, pointer, class, value]))
    envelope   = 0x01 || epoch key id[8] || wrapped session key[80]
                 || nonce[12] || ciphertext
    aad        = L("envelope") || stream id[16] || eventId[16]
    plaintext  = JCS list of items, then 0x00 up to a multiple of 256 bytes

Guarantees: a commitment binds a value to its class, its event and its place there, so
that a `$protected` object that was copied or swapped is told; `read_items` gives back
just what `plaintext` was given, and refuses every other spelling.

Does not: encrypt or decrypt (`capture.envelopes`, `keep.opening`), nor make salts.

Source: `spec/protected.md`; RFC 6901.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from prooftrail.core import jcs
from prooftrail.core.entry import label
from prooftrail.core.normal import PROTECTED_KEY, is_dropped, is_protected
from prooftrail.errors import CanonicalError, FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.core.jcs import Value

VERSION = 1
SALT_BYTES = 32
KEY_ID_BYTES = 8
WRAPPED_BYTES = 80  # HPKE: 32 of encapsulation, 32 of key, 16 of tag
NONCE_BYTES = 12
TAG_BYTES = 16
BLOCK = 256  # bytes: the length of what is encrypted tells no more than this

# Ids are pseudonyms, and the rest says what happened: these stay plain, and so do the
# objects that hold them.
PLAIN: Final = frozenset(
    {
        "",
        "/eventId",
        "/timestamp",
        "/action",
        "/result",
        "/actor",
        "/actor/userId",
        "/resource",
        "/resource/type",
        "/resource/id",
    }
)

_COMMITMENT = label("commitment")
_ENVELOPE = label("envelope")
_HEAD = 1 + KEY_ID_BYTES + WRAPPED_BYTES + NONCE_BYTES
# What is looked up in the database fits an index there.
MAX_POINTER = 1_000  # bytes of UTF-8
MAX_SUBJECT = 1_000  # bytes of UTF-8

_SALT = re.compile(r"[0-9a-f]{64}")
_ESCAPES = re.compile(r"~(?![01])")


class Item(NamedTuple):
    """One personal value, as it travels in the envelope."""

    pointer: str  # RFC 6901, in the event bytes
    cls: str
    subject: str | None  # whose it is
    salt: bytes  # 32 bytes
    value: Value
    mask: str | None  # what a reader without the right sees


class Envelope(NamedTuple):
    """An envelope's parts."""

    key_id: bytes  # 8 bytes: of the epoch key
    wrapped: bytes  # 80 bytes: the session key
    nonce: bytes  # 12 bytes
    ciphertext: bytes  # with its tag

    def encode(self) -> bytes:
        """Return the bytes of the envelope."""
        return b"".join((bytes([VERSION]), *self))

    @classmethod
    def decode(cls, data: bytes) -> Envelope:
        """Read an envelope.

        Raises:
            FormatError: too short, of a length that no plaintext gives, or of another
                version.
        """
        length = len(data) - _HEAD - TAG_BYTES
        if length < BLOCK or length % BLOCK:
            raise FormatError(f"{len(data)} bytes are no envelope")
        if data[0] != VERSION:
            raise FormatError(
                f"envelope version {data[0]} is not known to this release"
            )
        wrapped = 1 + KEY_ID_BYTES
        nonce = wrapped + WRAPPED_BYTES
        return cls(
            data[1:wrapped], data[wrapped:nonce], data[nonce:_HEAD], data[_HEAD:]
        )


def commitment(event_id: str, pointer: str, cls: str, value: Value, salt: bytes) -> str:
    """Return the commitment to a value, as it stands in the event.

    Args:
        event_id: as in the event: lower case, with hyphens.
        pointer: RFC 6901, in the event bytes.
        cls: the value's class, such as ``contact.email``.
        value: JSON as in event bytes.
        salt: 32 random bytes.

    Raises:
        CanonicalError: the value has no canonical spelling.
    """
    stated = jcs.canonical([event_id, pointer, cls, value])
    return "sha256:" + sha256(_COMMITMENT + salt + stated).hexdigest()


def standing(cls: str, commitment: str, subject: str | None) -> dict[str, Value]:
    """Return the object that stands in the event in a value's place."""
    return {PROTECTED_KEY: standing_inner(cls, commitment, subject)}


def standing_inner(cls: str, commitment: str, subject: str | None) -> dict[str, Value]:
    """Return what that object holds under its one key."""
    inner: dict[str, Value] = {"class": cls, "commitment": commitment}
    if subject is not None:
        inner["subject"] = subject
    return inner


def dropped(cls: str, subject: str | None) -> dict[str, Value]:
    """Return the object that says that a value of this class was left out for good."""
    inner: dict[str, Value] = {"class": cls, "dropped": True}
    if subject is not None:
        inner["subject"] = subject
    return {PROTECTED_KEY: inner}


def found(event: Value) -> dict[str, dict[str, Value]]:
    """Return what stands for personal values in an event, by pointer, in no order.

    Values that were dropped are no part of it: nothing opens them.
    """
    here: dict[str, dict[str, Value]] = {}
    work: list[tuple[str, Value]] = [("", event)]
    while work:
        at, value = work.pop()
        if isinstance(value, dict):
            inner = value.get(PROTECTED_KEY)
            if isinstance(inner, dict) and is_protected(value):
                if not is_dropped(value):
                    here[at] = inner
                continue
            work += ((f"{at}/{_spelled(key)}", item) for key, item in value.items())
        elif isinstance(value, list):
            work += ((f"{at}/{index}", item) for index, item in enumerate(value))
    return here


def pointer(steps: Sequence[str | int]) -> str:
    """Return the RFC 6901 pointer of a way from the root.

    >>> pointer(["details", "a/b~c", 0])
    '/details/a~1b~0c/0'
    """
    return "".join(f"/{_spelled(str(step))}" for step in steps)


def resolve(event: Value, pointer: str) -> Value:
    """Return what stands at a pointer.

    Raises:
        FormatError: it is no pointer, or nothing stands there.
    """
    if (pointer and not pointer.startswith("/")) or _ESCAPES.search(pointer):
        raise FormatError(f"{pointer[:200]!r} is no pointer: write /actor/email")
    here = event
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and key in map(str, range(len(here))):
            here = here[int(key)]
        else:
            raise FormatError(f"nothing stands at {pointer[:200]!r} in this event")
    return here


def aad(stream_id: bytes, event_id: str) -> bytes:
    """Return what an envelope's ciphertext is bound to.

    Args:
        stream_id: 16 bytes.
        event_id: as in the event.
    """
    return _ENVELOPE + stream_id + UUID(event_id).bytes


def plaintext(items: Sequence[Item]) -> bytes:
    """Return the bytes that are encrypted.

    Raises:
        CanonicalError: more than 256 KiB, or a value without a canonical spelling.
    """
    stated = [
        {
            "pointer": item.pointer,
            "class": item.cls,
            "subject": item.subject,
            "salt": item.salt.hex(),
            "value": item.value,
            "mask": item.mask,
        }
        for item in items
    ]
    data = jcs.canonical(stated)
    return data + bytes(-len(data) % BLOCK)


def read_items(data: bytes) -> list[Item]:
    """Read what `plaintext` gives.

    Raises:
        FormatError: any other bytes.
    """
    try:
        value, canonical = jcs.read(data.rstrip(b"\0"))
        found = [_item(one) for one in value] if isinstance(value, list) else []
    except CanonicalError as error:
        raise FormatError("the envelope holds no canonical JSON") from error
    if not found or canonical + bytes(-len(canonical) % BLOCK) != data:
        raise FormatError("the envelope holds no list of personal values")
    if len({item.pointer for item in found}) != len(found):
        raise FormatError("the envelope holds two values for one place")
    return found


def _item(value: Value) -> Item:
    match value:
        case {
            "pointer": str(pointer),
            "class": str(cls),
            "subject": str() | None as subject,
            "salt": str(salt),
            "value": inner,
            "mask": str() | None as mask,
            **more,
        } if not more and _SALT.fullmatch(salt) and _fits(pointer, subject):
            return Item(pointer, cls, subject, bytes.fromhex(salt), inner, mask)
    raise FormatError("the envelope holds what is no personal value")


def _fits(pointer: str, subject: str | None) -> bool:
    if subject is not None and not 0 < len(subject.encode()) <= MAX_SUBJECT:
        return False
    return len(pointer.encode()) <= MAX_POINTER


def _spelled(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
