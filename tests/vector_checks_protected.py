"""What the cases about personal values say, checked against our code."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from prooftrail.core import epochs, protected
from prooftrail.core.protected import Envelope, Item
from prooftrail.errors import FormatError
from prooftrail.keep.opening import Opener


def check_commitment(case: dict[str, Any]) -> None:
    made = protected.commitment(
        case["eventId"],
        case["pointer"],
        case["class"],
        case["value"],
        bytes.fromhex(case["saltHex"]),
    )
    assert (made == case["commitment"]) is ("refused" not in case)


def check_pointer(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(FormatError):
            protected.resolve(case["event"], case["pointer"])
    else:
        found = protected.resolve(case["event"], case["pointer"])
        assert found == case["value"]


def check_epoch_keys(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(FormatError):
            epochs.read(case["text"].encode())
        return
    found = epochs.read(case["text"].encode())
    assert {name: one.hex() for name, one in found.streams.items()} == case["streams"]
    assert case["keys"] == [
        {
            "idHex": key.key_id.hex(),
            "publicHex": key.public.hex(),
            "fromUs": key.from_us,
            "untilUs": key.until_us,
        }
        for key in found.keys
    ]
    private = X25519PrivateKey.from_private_bytes(bytes.fromhex(case["privateHex"]))
    assert private.public_key().public_bytes_raw() == found.keys[0].public
    assert epochs.read(epochs.write(found)) == found


def check_envelope(case: dict[str, Any]) -> None:
    private = bytes.fromhex(case["epochPrivateHex"])
    key = X25519PrivateKey.from_private_bytes(private)
    own_id = epochs.key_id(key.public_key().public_bytes_raw())
    data = bytes.fromhex(case["envelopeHex"])
    if "refused" in case:
        with pytest.raises(FormatError):
            _open(data, key, own_id, case)
        return
    assert Envelope.decode(data).encode() == data
    found = _open(data, key, own_id, case)
    assert found == [
        Item(
            one["pointer"],
            one["class"],
            one["subject"],
            bytes.fromhex(one["salt"]),
            one["value"],
            one["mask"],
        )
        for one in case["items"]
    ]
    assert protected.plaintext(found).hex() == case["plaintextHex"]


def _open(
    data: bytes, key: X25519PrivateKey, own_id: bytes, case: dict[str, Any]
) -> list[Item]:
    envelope = Envelope.decode(data)
    if envelope.key_id != own_id:
        raise FormatError("no key of that id is there")
    stream_id = bytes.fromhex(case["streamIdHex"])
    return Opener(key).open(envelope, stream_id, case["eventId"])
