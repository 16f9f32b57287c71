"""What tests of personal values share: an epoch's key, and events stated with it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from prooftrail.capture.envelopes import Envelopes
from prooftrail.core import epochs
from prooftrail.core.epochs import EpochKey, Published
from prooftrail.core.protected import Envelope, Item
from prooftrail.keep.opening import Opener
from tests.stated import NOW, stating

if TYPE_CHECKING:
    from collections.abc import Collection

    from prooftrail.capture.stating import Stated

STREAM_ID = bytes(range(16))
_PRIVATE = X25519PrivateKey.from_private_bytes(b"\x11" * 32)


def protecting(
    event: Any,
    *,
    stream: str = "main",
    from_us: int = NOW,
    until_us: int = NOW + 1,
    drop: Collection[str] = (),
) -> Stated:
    """State an event for `main` of which one epoch key is published."""
    public = _PRIVATE.public_key().public_bytes_raw()
    key = EpochKey(epochs.key_id(public), public, from_us, until_us)
    published = Published({"main": STREAM_ID}, [key])
    envelopes = Envelopes(lambda: published, random=os.urandom, drop=drop)
    return stating(envelopes=envelopes).state(event, {}, stream=stream)


def opener() -> Opener:
    return Opener(_PRIVATE)


def opened(made: Stated) -> list[Item]:
    """Open the envelope of an event that has one entry."""
    (envelope,) = made.envelopes
    assert envelope is not None
    event_id = json.loads(made.texts[0])["eventId"]
    return opener().open(Envelope.decode(envelope), STREAM_ID, event_id)
