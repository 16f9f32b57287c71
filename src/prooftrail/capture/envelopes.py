"""Envelopes: personal values, encrypted in the application, which cannot read them.

Guarantees: what `protect` leaves in the event is a commitment, and the value stands
in the envelope alone, which only the keeper opens. A session key is made and wrapped
once a process and epoch key; each event has a nonce of its own. Recording the same
event again in one process gives the same commitments, so that it is a duplicate.

Does not guarantee that in another process: salts come from a secret that each makes for
itself. An event that is recorded again after a restart, under its own eventId and with
personal values, is other bytes to the sealer.

Safe to be shared by threads, and by processes that fork.

Source: RFC 9180 (base mode; X25519, HKDF-SHA256, AES-256-GCM); `spec/protected.md`.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from hmac import digest as hmac
from typing import TYPE_CHECKING, Literal, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from prooftrail.capture import protection
from prooftrail.core import jcs, protected
from prooftrail.core.entry import label
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from prooftrail.capture.protection import Pending
    from prooftrail.core.epochs import EpochKey, Published
    from prooftrail.core.jcs import Value

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SESSION = label("session")
SESSION_BYTES = 32

Missing = Literal["drop", "refuse"]


class _Session(NamedTuple):
    key_id: bytes
    wrapped: bytes
    cipher: AESGCM


class Envelopes:
    """Protects values for one process.

    Args:
        published: gives what the keeper published, or None; called for each event.
        random: gives n random bytes.
        missing: what becomes of values without an epoch key of this time: they are
            dropped, and the event says so, or the event is refused.
        drop: classes of which no value is ever kept, with all below them.
    """

    def __init__(
        self,
        published: Callable[[], Published | None],
        *,
        random: Callable[[int], bytes],
        missing: Missing = "drop",
        drop: Collection[str] = (),
    ) -> None:
        self._published = published
        self._random = random
        self._missing = missing
        self._drop = frozenset(drop)
        self._below = tuple(f"{cls}." for cls in drop)
        self._salting = random(SESSION_BYTES)
        self._lock = threading.Lock()
        self._session: _Session | None = None

    def protect(
        self,
        value: dict[str, Value],
        pending: Sequence[Pending],
        *,
        stream: str,
        now_us: int,
    ) -> bytes | None:
        """Put commitments into an event, in place; return its envelope, if any.

        Args:
            value: an event with its eventId, from which `pending` was taken; of a
                continuation entry, a part of it.
            pending: values without their place in this part are passed over.
            stream: where the event goes.
            now_us: microseconds since the epoch, UTC.

        Raises:
            EventError: there is no key and values are not to be dropped; or they are
                too large.
        """
        published = self._published()
        key = None if published is None else published.current(now_us)
        stream_id = None if published is None else published.streams.get(stream)
        event_id = str(value["eventId"])
        items = []
        for one in pending:
            if self._is_dropped(one.cls) or key is None or stream_id is None:
                self._leave_out(value, one)
                continue
            salt = self._salt(event_id, one)
            commitment = protected.commitment(
                event_id, one.pointer, one.cls, one.value, salt
            )
            standing = protected.standing(one.cls, commitment, one.subject)
            if protection.put(value, one.steps, standing):
                items.append(
                    protected.Item(
                        one.pointer, one.cls, one.subject, salt, one.value, one.mask
                    )
                )
        if not items or key is None or stream_id is None:
            return None
        session = self._current(key)
        nonce = self._random(protected.NONCE_BYTES)
        ciphertext = session.cipher.encrypt(
            nonce, protected.plaintext(items), protected.aad(stream_id, event_id)
        )
        return protected.Envelope(
            session.key_id, session.wrapped, nonce, ciphertext
        ).encode()

    def _leave_out(self, value: dict[str, Value], one: Pending) -> None:
        if self._missing == "refuse" and not self._is_dropped(one.cls):
            raise EventError(
                f"{one.pointer} is personal and cannot be protected: no epoch key of "
                "this time and stream is known. Is prooftrail keep running, and does "
                "PROOFTRAIL_EPOCH_KEYS name the file that it publishes?"
            )
        protection.put(value, one.steps, protected.dropped(one.cls, one.subject))

    def _is_dropped(self, cls: str) -> bool:
        return cls in self._drop or cls.startswith(self._below)

    def _salt(self, event_id: str, one: Pending) -> bytes:
        """Return 32 bytes that nobody else can tell, the same for the same value."""
        stated = jcs.canonical([event_id, one.pointer, one.cls, one.value])
        return hmac(self._salting, stated, sha256)

    def _current(self, key: EpochKey) -> _Session:
        session = self._session
        if session is not None and session.key_id == key.key_id:
            return session
        with self._lock:
            session = self._session
            if session is None or session.key_id != key.key_id:
                secret = self._random(SESSION_BYTES)
                public = X25519PublicKey.from_public_bytes(key.public)
                wrapped = SUITE.encrypt(secret, public, info=SESSION)
                session = self._session = _Session(key.key_id, wrapped, AESGCM(secret))
        return session
