"""The keeper's keys: what a master key outside the database gives, and subjects' keys.

    key-encryption key = HKDF-SHA256(master, no salt, 32 bytes, info = L("vault"))
    index key          = HKDF-SHA256(master, no salt, 32 bytes, info = L("exact"))
    wrapped = nonce[12] || AES-256-GCM(key-encryption key, subject's key)
              with additional data L("subject") || subject
    sealed  = nonce[12] || AES-256-GCM(subject's key, JCS of salt, value and mask)
              with L("vault") || stream id || JCS([eventId, pointer, class])

Guarantees: a value opens only in its own place, with its own subject's key; a damaged
one is told by `FormatError`. Secrets do not show in `repr`.

Does not: guard against whoever has the master key and the database.

Source: NIST SP 800-38D, RFC 5869; design, "Personal values".
"""

from __future__ import annotations

import unicodedata
from hashlib import sha256
from hmac import digest as hmac
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from prooftrail.core import jcs
from prooftrail.core.entry import label
from prooftrail.errors import CanonicalError, FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.core.jcs import Value
    from prooftrail.core.protected import Item
    from prooftrail.signing.keys import MasterKey

KEY_BYTES = 32
NONCE_BYTES = 12


class KeeperKeys:
    """What the keeper's master key gives.

    Args:
        master: from the keeper's own file.
        random: gives n random bytes.
    """

    def __init__(self, master: MasterKey, *, random: Callable[[int], bytes]) -> None:
        self._wrapping = AESGCM(_derived(master, "vault"))
        self._index = _derived(master, "exact")
        self._random = random

    def new_subject(self, subject: str) -> bytes:
        """Make a subject's key; return it wrapped."""
        secret = self._random(KEY_BYTES)
        return _encrypt(self._wrapping, self._random, secret, _of_subject(subject))

    def subject(self, subject: str, wrapped: bytes) -> SubjectKey:
        """Unwrap a subject's key.

        Raises:
            FormatError: it is damaged, or of another master key.
        """
        secret = _decrypt(self._wrapping, wrapped, _of_subject(subject))
        return SubjectKey(AESGCM(secret), self._random)

    def digest(self, cls: str, value: Value) -> bytes:
        """Return by what an exact value is found, 32 bytes."""
        return hmac(self._index, jcs.canonical([cls, normalised(cls, value)]), sha256)


class SubjectKey:
    """One subject's key."""

    __slots__ = ("_cipher", "_random")

    def __init__(self, cipher: AESGCM, random: Callable[[int], bytes]) -> None:
        self._cipher = cipher
        self._random = random

    def seal(self, item: Item, stream_id: bytes, event_id: str) -> bytes:
        """Encrypt a value, its salt and its mask."""
        stated = {"mask": item.mask, "salt": item.salt.hex(), "value": item.value}
        place = _place(stream_id, event_id, item.pointer, item.cls)
        return _encrypt(self._cipher, self._random, jcs.canonical(stated), place)

    def open(
        self, sealed: bytes, stream_id: bytes, event_id: str, pointer: str, cls: str
    ) -> tuple[bytes, Value, str | None]:
        """Return salt, value and mask.

        Raises:
            FormatError: it is damaged, or of another place.
        """
        place = _place(stream_id, event_id, pointer, cls)
        try:
            stated = jcs.parse(_decrypt(self._cipher, sealed, place))
        except CanonicalError as error:
            raise FormatError("the vault holds what is no value") from error
        match stated:
            case {"salt": str(salt), "value": value, "mask": str() | None as mask}:
                return bytes.fromhex(salt), value, mask
            case _:
                pass
        raise FormatError("the vault holds what is no value")


def normalised(cls: str, value: Value) -> Value:
    """Return a value as it is looked up: case and width folded, digits of a phone.

    >>> normalised("contact.email", " Dani@Company.com ")
    'dani@company.com'
    >>> normalised("contact.phone", "+41 44 668-18-00")
    '+41446681800'
    """
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFKC", value).casefold().strip()
    if "phone" in cls.split("."):
        return "".join(one for one in text if one.isdigit() or one == "+")
    return " ".join(text.split())


def _derived(master: MasterKey, use: str) -> bytes:
    made = HKDF(SHA256(), length=KEY_BYTES, salt=None, info=label(use))
    return made.derive(master.secret)


def _of_subject(subject: str) -> bytes:
    return label("subject") + subject.encode()


def _place(stream_id: bytes, event_id: str, pointer: str, cls: str) -> bytes:
    return label("vault") + stream_id + jcs.canonical([event_id, pointer, cls])


def _encrypt(
    cipher: AESGCM, random: Callable[[int], bytes], data: bytes, place: bytes
) -> bytes:
    nonce = random(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, data, place)


def _decrypt(cipher: AESGCM, data: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], place)
    except (InvalidTag, ValueError) as error:  # ValueError: too short to be one
        raise FormatError("it does not open: damaged, or of another key") from error
