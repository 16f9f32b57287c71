"""Opening envelopes: what only the holder of an epoch's private key can do.

Guarantees: `open_envelope` returns the personal values that the application put in for
this very event of this very stream, or refuses with `FormatError`, whatever the bytes.

Does not: compare them with the event; `keeper` does.

Source: RFC 9180; `spec/protected.md`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from prooftrail.core import protected
from prooftrail.core.entry import label
from prooftrail.errors import FormatError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from prooftrail.core.protected import Envelope, Item

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_SESSION = label("session")
_SESSION_BYTES = 32


class Opener:
    """Opens envelopes of one epoch; a session key is unwrapped once.

    Args:
        private: the epoch's key.
    """

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private
        self._cipher = lru_cache(maxsize=1024)(self._unwrapped)

    def open(self, envelope: Envelope, stream_id: bytes, event_id: str) -> list[Item]:
        """Return the values of an envelope.

        Args:
            envelope: with the id of this epoch's key.
            stream_id: 16 bytes, of the stream that the event is in.
            event_id: as in the event.

        Raises:
            FormatError: it does not open, or holds what is no list of values.
        """
        try:
            cipher = self._cipher(envelope.wrapped)
            data = cipher.decrypt(
                envelope.nonce,
                envelope.ciphertext,
                protected.aad(stream_id, event_id),
            )
        except InvalidTag as error:
            raise FormatError("the envelope does not open for this event") from error
        return protected.read_items(data)

    def _unwrapped(self, wrapped: bytes) -> AESGCM:
        secret = _SUITE.decrypt(wrapped, self._private, info=_SESSION)
        if len(secret) != _SESSION_BYTES:
            raise FormatError("the envelope's session key has another length")
        return AESGCM(secret)
