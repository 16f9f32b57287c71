"""Cases of entries and trees: headers, bodies, leaves, a chain, roots, ranges."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from making.primitives import (
    NOW_US,
    STREAM_ID,
    body_of,
    genesis,
    header,
    leaf_of,
    peaks,
    root,
    salt,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33)


def leaf(number: int) -> bytes:
    """A leaf of these trees: any 32 bytes do."""
    return sha256(b"leaf %d" % number).digest()


def hexes(hashes: list[bytes]) -> list[str]:
    return [found.hex() for found in hashes]


def headers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield headers, field by field and as bytes."""
    for name, kind, seq, recorded_us in [
        ("event", 0, 1, NOW_US),
        ("statement", 1, 0, NOW_US),
        ("largest", 0, 2**63 - 1, 2**63 - 1),
        ("before-1970", 0, 7, -1),
    ]:
        prev, body = leaf(seq - 1 if seq else 0), leaf(seq)
        data = header(kind, STREAM_ID, prev, seq, recorded_us, body)
        found = leaf_of(data)
        yield (
            name,
            {
                "title": "A header, its bytes and its leaf",
                "kind": kind,
                "streamIdHex": STREAM_ID.hex(),
                "prevHex": prev.hex(),
                # as texts: these integers reach beyond what JSON readers keep
                "seq": str(seq),
                "recordedUs": str(recorded_us),
                "bodyHex": body.hex(),
                "headerHex": data.hex(),
                "leafHex": found.hex(),
                "checksum": f"sha256:{found.hex()}",
            },
        )
    good = header(0, STREAM_ID, leaf(0), 1, NOW_US, leaf(1))
    for name, title, data in [
        ("version-0", "Version 0", b"\0" + good[1:]),
        ("version-2", "Version 2", b"\x02" + good[1:]),
        ("kind-2", "Kind 2", good[:1] + b"\x02" + good[2:]),
        ("short", "97 bytes", good[:-1]),
        ("long", "99 bytes", good + b"\0"),
        ("empty", "No bytes", b""),
    ]:
        yield (
            f"refuse-{name}",
            {"title": title, "headerHex": data.hex(), "refused": True},
        )


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield bodies."""
    for number, event in enumerate(['{"a":1}', "", '{"é":"😀"}']):
        yield (
            f"body-{number}",
            {
                "title": "The salted digest of event bytes",
                "saltHex": salt(number).hex(),
                "event": event,
                "bodyHex": body_of(salt(number), event.encode()).hex(),
            },
        )


def geneses() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what stands before entry 0."""
    for name, stream_id in [("zeros", bytes(16)), ("stream", STREAM_ID)]:
        yield (
            name,
            {
                "title": "The prev of entry 0",
                "streamIdHex": stream_id.hex(),
                "genesisHex": genesis(stream_id).hex(),
            },
        )


def chains() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield five entries, chained."""
    prev = genesis(STREAM_ID)
    entries = []
    leaves = []
    for seq in range(5):
        event = f'{{"n":{seq}}}'
        recorded_us = NOW_US + seq // 2 * 1000
        body = body_of(salt(seq), event.encode())
        kind = 1 if seq == 0 else 0
        data = header(kind, STREAM_ID, prev, seq, recorded_us, body)
        leaves.append(leaf_of(data))
        entries.append(
            {
                "seq": seq,
                "kind": kind,
                "recordedUs": recorded_us,
                "saltHex": salt(seq).hex(),
                "event": event,
                "bodyHex": body.hex(),
                "prevHex": prev.hex(),
                "headerHex": data.hex(),
                "leafHex": leaves[-1].hex(),
            }
        )
        prev = leaves[-1]
    yield (
        "five-entries",
        {
            "title": "Five entries (their bytes are no events), their links and root",
            "streamIdHex": STREAM_ID.hex(),
            "entries": entries,
            "rootHex": root(leaves).hex(),
        },
    )


def roots() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield trees of sizes around powers of two."""
    for size in SIZES:
        leaves = [leaf(number) for number in range(size)]
        yield (
            f"size-{size:02d}",
            {
                "title": f"The root over {size} leaves",
                "leavesHex": hexes(leaves),
                "rootHex": root(leaves).hex(),
            },
        )


def ranges() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield compact ranges, and what grows them."""
    for size in SIZES:
        leaves = [leaf(number) for number in range(size)]
        yield (
            f"size-{size:02d}",
            {
                "title": f"The compact range of {size} leaves",
                "leavesHex": hexes(leaves),
                "peaksHex": hexes(peaks(leaves)),
                "rootHex": root(leaves).hex(),
            },
        )
    for size in (1, 2, 7, 8, 16, 31, 32):
        leaves = [leaf(number) for number in range(size + 1)]
        yield (
            f"append-{size:02d}",
            {
                "title": f"A leaf after {size}: as peaks are kept with a checkpoint",
                "size": size,
                "peaksHex": hexes(peaks(leaves[:-1])),
                "leafHex": leaves[-1].hex(),
                "newPeaksHex": hexes(peaks(leaves)),
                "newRootHex": root(leaves).hex(),
            },
        )
    for name, size, count in [
        ("few", 3, 1),
        ("many", 4, 2),
        ("none", 1, 0),
        ("some", 0, 1),
    ]:
        yield (
            f"refuse-{name}",
            {
                "title": f"{size} leaves do not have {count} peaks",
                "size": size,
                "peaksHex": hexes([leaf(number) for number in range(count)]),
                "refused": True,
            },
        )
    yield (
        "refuse-short-hash",
        {
            "title": "A hash of 31 bytes",
            "size": 1,
            "peaksHex": [leaf(0)[:31].hex()],
            "refused": True,
        },
    )
