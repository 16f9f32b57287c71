"""Cases of personal values: commitments, pointers, epoch keys, envelopes.

HPKE is written out here (RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
AES-256-GCM), since cases need an ephemeral key that is always the same.
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from making.events import UUID4, complete
from making.primitives import OTHER_STREAM_ID, STREAM_ID, base64, jcs, label

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = bytes.fromhex("a0") + bytes(range(1, 31)) + b"\x40"
STRANGER = bytes.fromhex("b0") + bytes(range(1, 31)) + b"\x40"
EPHEMERAL = bytes.fromhex("c0") + bytes(range(1, 31)) + b"\x40"
SESSION = sha256(b"session").digest()
NONCE = bytes(range(12))
OTHER_UUID = "1b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69"


def salt32(name: str) -> bytes:
    return sha256(name.encode()).digest()


def commitment(event_id: str, pointer: str, kind: str, value: Any, salt: bytes) -> str:
    stated = jcs([event_id, pointer, kind, value])
    return "sha256:" + sha256(label("commitment") + salt + stated).hexdigest()


def public_of(private: bytes) -> bytes:
    key = X25519PrivateKey.from_private_bytes(private)
    return key.public_key().public_bytes_raw()


def key_id(public: bytes) -> bytes:
    return sha256(label("epoch") + public).digest()[:8]


def _expand(secret: bytes, info: bytes, length: int) -> bytes:
    found, block, count = b"", b"", 1
    while len(found) < length:
        block = hmac.digest(secret, block + info + bytes([count]), sha256)
        found, count = found + block, count + 1
    return found[:length]


def _extracted(suite: bytes, salt: bytes, name: str, material: bytes) -> bytes:
    stated = b"HPKE-v1" + suite + name.encode() + material
    return hmac.digest(salt or bytes(32), stated, sha256)


def _expanded(suite: bytes, secret: bytes, name: str, info: bytes, size: int) -> bytes:
    stated = size.to_bytes(2, "big") + b"HPKE-v1" + suite + name.encode() + info
    return _expand(secret, stated, size)


def hpke(plaintext: bytes, public: bytes, info: bytes, ephemeral: bytes) -> bytes:
    """SealBase of RFC 9180: the encapsulation, then the ciphertext."""
    own = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = own.public_key().public_bytes_raw()
    shared = own.exchange(X25519PublicKey.from_public_bytes(public))
    kem = b"KEM\x00\x20"
    eae = _extracted(kem, b"", "eae_prk", shared)
    secret = _expanded(kem, eae, "shared_secret", enc + public, 32)
    suite = b"HPKE\x00\x20\x00\x01\x00\x02"
    context = (
        b"\x00"
        + _extracted(suite, b"", "psk_id_hash", b"")
        + _extracted(suite, b"", "info_hash", info)
    )
    scheduled = _extracted(suite, secret, "secret", b"")
    key = _expanded(suite, scheduled, "key", context, 32)
    nonce = _expanded(suite, scheduled, "base_nonce", context, 12)
    return enc + AESGCM(key).encrypt(nonce, plaintext, b"")


def item(pointer: str, kind: str, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "pointer": pointer,
        "class": kind,
        "subject": "cust_x7y8z9",
        "salt": salt32(pointer).hex(),
        "value": value,
        "mask": "***",
        **more,
    }


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 256)


def sealed(
    plaintext: bytes,
    *,
    stream_id: bytes = STREAM_ID,
    event_id: str = UUID4,
    wrapped: bytes | None = None,
) -> bytes:
    public = public_of(EPOCH)
    if wrapped is None:
        wrapped = hpke(SESSION, public, label("session"), EPHEMERAL)
    aad = label("envelope") + stream_id + bytes.fromhex(event_id.replace("-", ""))
    ciphertext = AESGCM(SESSION).encrypt(NONCE, plaintext, aad)
    return b"\x01" + key_id(public) + wrapped + NONCE + ciphertext


def commitments() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield personal values and their commitments, and what opens none."""
    for name, pointer, kind, value in [
        ("email", "/actor/email", "contact.email", "dani@company.com"),
        ("escaped-pointer", "/details/a~1b~0c", "name", "Zoë 😀"),
        ("object", "/changes/0/before", "address", {"zip": "8000", "city": "Zürich"}),
        ("null", "/purpose", "note", None),
        ("number", "/details/x", "salary", {"$number": "7500.50"}),
    ]:
        salt = salt32(name)
        yield (
            name,
            {
                "title": "A commitment to a personal value",
                "eventId": UUID4,
                "pointer": pointer,
                "class": kind,
                "value": value,
                "saltHex": salt.hex(),
                "commitment": commitment(UUID4, pointer, kind, value, salt),
            },
        )
    email = ("/actor/email", "contact.email", "dani@company.com")
    made = commitment(UUID4, *email, salt32("email"))
    right = {
        "eventId": UUID4,
        "pointer": email[0],
        "class": email[1],
        "value": email[2],
        "saltHex": salt32("email").hex(),
    }
    for name, title, more in [
        ("copied", "It was copied from another event", {"eventId": OTHER_UUID}),
        ("moved", "It stands elsewhere in its event", {"pointer": "/actor/name"}),
        ("other-class", "It claims another class", {"class": "contact.phone"}),
        ("other-value", "Another value", {"value": "dana@company.com"}),
        ("other-salt", "Another salt", {"saltHex": salt32("other").hex()}),
        (
            "one-text",
            "The same bytes, cut elsewhere",
            {"class": "contact", "value": "x"},
        ),
    ]:
        yield (
            f"not-{name}",
            {"title": title, **right, **more, "commitment": made, "refused": True},
        )


def pointers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield an event, pointers, and what stands there."""
    event = complete(
        actor={"userId": "u", "email": "e", "onBehalfOf": {"userId": "o"}},
        details={"a/b~c": ["x", {"": "empty"}], "01": "key", "$$x": {"~1": 1}},
    )
    for name, pointer, value in [
        ("field", "/actor/email", "e"),
        ("escapes", "/details/a~1b~0c/0", "x"),
        ("empty-key", "/details/a~1b~0c/1/", "empty"),
        ("digits-are-a-key", "/details/01", "key"),
        ("escaped-tilde-one", "/details/$$x/~01", 1),
    ]:
        yield (
            name,
            {
                "title": "What a pointer means",
                "event": event,
                "pointer": pointer,
                "value": value,
            },
        )
    for name, pointer in [
        ("no-slash", "actor/email"),
        ("nothing-there", "/actor/phone"),
        ("leading-zero", "/details/a~1b~0c/00"),
        ("beyond", "/details/a~1b~0c/2"),
        ("append", "/details/a~1b~0c/-"),
        ("bad-escape", "/details/a~2b"),
        ("into-a-text", "/actor/email/0"),
    ]:
        yield (
            f"refused-{name}",
            {
                "title": "Nothing stands there",
                "event": event,
                "pointer": pointer,
                "refused": True,
            },
        )


def epoch_keys() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield lists of epoch keys, and their refusals."""
    public = public_of(EPOCH)
    key = {
        "id": key_id(public).hex(),
        "public": base64(public),
        "from": "2026-02-17T00:00:00Z",
        "until": "2026-02-18T00:00:00Z",
    }
    whole = {
        "format": "prooftrail/epoch-keys/v1",
        "streams": {"main": STREAM_ID.hex()},
        "keys": [key],
    }
    day = 86_400_000_000
    since = 1_771_286_400_000_000
    yield (
        "one",
        {
            "title": "One key of one day",
            "privateHex": EPOCH.hex(),
            "text": json.dumps(whole),
            "streams": {"main": STREAM_ID.hex()},
            "keys": [
                {
                    "idHex": key["id"],
                    "publicHex": public.hex(),
                    "fromUs": since,
                    "untilUs": since + day,
                }
            ],
        },
    )
    for name, title, more in [
        ("format", "Another format", {"format": "prooftrail/epoch-keys/v2"}),
        ("id", "An id that is not this key's", {"keys": [{**key, "id": "0" * 16}]}),
        ("public", "No base64", {"keys": [{**key, "public": "AAA"}]}),
        ("time", "No time", {"keys": [{**key, "from": "yesterday"}]}),
        ("stream", "A stream id of 15 bytes", {"streams": {"main": "00" * 15}}),
        ("more", "An unknown key", {"private": EPOCH.hex()}),
    ]:
        yield (
            f"refused-{name}",
            {"title": title, "text": json.dumps({**whole, **more}), "refused": True},
        )


def envelopes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield envelopes that open, and such as do not."""
    one = [item("/actor/email", "contact.email", "dani@company.com", mask="d***@c.com")]
    many = [
        *one,
        item(
            "/changes/0/before", "address", {"city": "Zürich"}, subject=None, mask=None
        ),
        item("/purpose", "note", None),
    ]
    exact = [item("/purpose", "note", "")]
    exact[0]["value"] = "x" * (512 - len(jcs(exact)))
    there = {
        "epochPrivateHex": EPOCH.hex(),
        "streamIdHex": STREAM_ID.hex(),
        "eventId": UUID4,
    }
    for name, title, items in [
        ("one", "One value", one),
        ("many", "Several values, some without subject or mask", many),
        ("exact", "No byte of padding where the length fits", exact),
    ]:
        yield (
            name,
            {
                "title": title,
                **there,
                "items": items,
                "sessionKeyHex": SESSION.hex(),
                "plaintextHex": padded(jcs(items)).hex(),
                "envelopeHex": sealed(padded(jcs(items))).hex(),
            },
        )
    good = padded(jcs(one))
    whole = sealed(good)
    strange = hpke(SESSION, public_of(STRANGER), label("session"), EPHEMERAL)
    short = hpke(SESSION[:16], public_of(EPOCH), label("session"), EPHEMERAL)
    other_info = hpke(SESSION, public_of(EPOCH), label("envelope"), EPHEMERAL)
    twice = padded(jcs([*one, *one]))
    spaced = padded(json.dumps(one).encode())
    for name, title, data in [
        ("empty", "No byte", b""),
        ("short", "A byte is missing", whole[:-1]),
        ("long", "A byte too many", whole + b"\0"),
        ("header-only", "Cut before the ciphertext", whole[:101]),
        ("version", "Another version", b"\x02" + whole[1:]),
        ("key-id", "Another epoch key's id", whole[:1] + bytes(8) + whole[9:]),
        ("wrapped", "Wrapped to another key", sealed(good, wrapped=strange)),
        ("info", "Wrapped for another use", sealed(good, wrapped=other_info)),
        ("session-key", "A session key of 16 bytes", sealed(good, wrapped=short)),
        ("stream", "Of another stream", sealed(good, stream_id=OTHER_STREAM_ID)),
        ("event", "Of another event", sealed(good, event_id=OTHER_UUID)),
        ("bit", "One bit of the ciphertext", whole[:-20] + b"\0" + whole[-19:]),
        ("nonce", "Another nonce", whole[:89] + bytes(12) + whole[101:]),
        ("not-padded", "Padded by spaces", sealed(jcs(one).ljust(256 * 2, b" "))),
        ("padded-more", "A block too many", sealed(good + bytes(256))),
        ("spaced", "Not canonical", sealed(spaced)),
        ("no-list", "An object", sealed(padded(jcs(one[0])))),
        ("no-item", "An empty list", sealed(padded(b"[]"))),
        ("twice", "Two values for one place", sealed(twice)),
        ("salt", "A short salt", sealed(padded(jcs([{**one[0], "salt": "00"}])))),
        ("more", "An unknown key", sealed(padded(jcs([{**one[0], "more": 1}])))),
    ]:
        yield (
            f"refused-{name}",
            {"title": title, **there, "envelopeHex": data.hex(), "refused": True},
        )
