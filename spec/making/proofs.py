"""Cases of evidence: proofs for many leaves, and the lines of the two files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from making.primitives import (
    NOW_US,
    STREAM_ID,
    base64,
    body_of,
    genesis,
    header,
    jcs,
    root,
    salt,
)
from making.trees import hexes, leaf

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[int, int]


def nodes(
    positions: set[int], leaves: list[bytes], start: int = 0
) -> list[tuple[Place, bytes]]:
    """The nodes that a proof needs, by RFC 6962's recursive definition of the tree."""
    if len(leaves) <= 1 or not positions:
        return []
    half, level = 1, 0
    while half * 2 < len(leaves):
        half, level = half * 2, level + 1
    found: list[tuple[Place, bytes]] = []
    for at, part in ((start, leaves[:half]), (start + half, leaves[half:])):
        inside = {one for one in positions if at <= one < at + len(part)}
        found += nodes(inside, part, at)
        if not inside:
            found.append(((level, at // half), root(part)))
    return sorted(found)


def spelled(found: list[tuple[Place, bytes]]) -> list[dict[str, Any]]:
    return [
        {"level": level, "index": index, "hashHex": node.hex()}
        for (level, index), node in found
    ]


def proof(title: str, size: int, positions: list[int], **more: Any) -> dict[str, Any]:
    leaves = [leaf(number) for number in range(size)]
    case = {
        "title": title,
        "size": size,
        "positions": positions,
        "leavesHex": hexes([leaf(number) for number in positions]),
        "nodes": spelled(nodes(set(positions), leaves)),
    }
    if "refused" not in more:
        case["rootHex"] = root(leaves).hex()
    return {**case, **more}


def multi_proofs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield proofs, and what must be refused as one."""
    for size, positions in [
        (1, [0]),
        (2, [0]),
        (2, [1]),
        (2, [0, 1]),
        (3, [2]),
        (5, [0]),
        (5, [4]),
        (7, [0, 6]),
        (7, [2, 3]),
        (8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (9, [8]),
        (11, [3, 9]),
        (17, [0, 5, 16]),
        (33, [1, 2, 13, 31]),
    ]:
        named = "-".join(str(one) for one in positions[:4])
        yield (
            f"of-{size:02d}-{named}",
            proof(f"Leaves {positions} of {size}", size, positions),
        )
    good = proof("", 11, [3, 9])["nodes"]
    for name, title, made, reason in [
        ("missing-node", "A node is missing", good[:-1], "lacks"),
        ("missing-first", "The first node is missing", good[1:], "lacks"),
        ("no-nodes", "No nodes", [], "lacks"),
        (
            "further-node",
            "A node that can be computed",
            sorted(
                [*good, {"level": 1, "index": 1, "hashHex": leaf(0).hex()}],
                key=lambda one: (one["level"], one["index"]),
            ),
            "not needed",
        ),
        (
            "above-the-root",
            "A node above the root",
            [*good, {"level": 5, "index": 0, "hashHex": leaf(0).hex()}],
            "not needed",
        ),
        ("node-twice", "A node stands twice", [good[0], *good], "twice"),
        ("order", "Nodes out of order", [*good[1:], good[0]], "order"),
        (
            "short-hash",
            "A node of 31 bytes",
            [{**good[0], "hashHex": good[0]["hashHex"][2:]}, *good[1:]],
            "32 bytes",
        ),
    ]:
        yield (
            f"refuse-{name}",
            {**proof(title, 11, [3, 9], refused=reason), "nodes": made},
        )
    for name, title, size, positions, reason in [
        ("leaf-twice", "A leaf stands twice", 11, [3, 3], "twice"),
        ("leaves-out-of-order", "Leaves out of order", 11, [9, 3], "order"),
        ("beyond", "A leaf beyond the tree", 11, [3, 11], "beyond"),
        ("of-nothing", "A leaf of an empty tree", 0, [0], "beyond"),
        ("no-leaf", "No leaf", 11, [], "no leaf"),
    ]:
        case = proof(title, size, positions, refused=reason)
        yield (f"refuse-{name}", case)
    yield (
        "refuse-other-size",
        {
            **proof("The proof of a tree of 11 leaves, for one of 17", 11, [3]),
            "size": 17,
            "refused": "lacks",
        },
    )


EVENT = '{"action":"customer.update","é":"\\"😀\\\\"}'


def lines() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield lines of evidence.jsonl and tree.jsonl, and what must be refused as one."""
    data = header(
        0, STREAM_ID, genesis(STREAM_ID), 7, NOW_US, body_of(salt(7), EVENT.encode())
    )
    item = {
        "event": EVENT,
        "header": base64(data),
        "salt": base64(salt(7)),
        "seq": 7,
        "stream": STREAM_ID.hex(),
    }
    node = {"hash": base64(leaf(0)), "index": 3, "level": 1}

    def line(values: dict[str, Any]) -> str:
        return jcs(values).decode() + "\n"

    of_item = {"headerHex": data.hex(), "saltHex": salt(7).hex(), "event": EVENT}
    yield ("item", {"title": "An entry", "item": line(item), **of_item, "fits": True})
    edited = {**item, "event": EVENT.replace("update", "delete")}
    yield (
        "item-edited",
        {
            "title": "An entry whose event was edited: it reads, and does not fit",
            "item": line(edited),
            **of_item,
            "event": edited["event"],
            "fits": False,
        },
    )
    withheld = {**item, "event": None, "salt": None}
    yield (
        "item-without-event",
        {
            "title": "An entry whose event is withheld",
            "item": line(withheld),
            "headerHex": data.hex(),
            "saltHex": None,
            "event": None,
            "fits": None,
        },
    )
    yield (
        "node",
        {
            "title": "A node",
            "node": line(node),
            "level": 1,
            "index": 3,
            "hashHex": leaf(0).hex(),
        },
    )
    for name, title, text in [
        ("seq", "Another seq than the header's", line({**item, "seq": 8})),
        ("stream", "Another stream", line({**item, "stream": "00" * 16})),
        ("no-salt", "An event without its salt", line({**item, "salt": None})),
        ("no-event", "A salt without an event", line({**item, "event": None})),
        ("short-salt", "15 bytes", line({**item, "salt": base64(salt(7)[:15])})),
        ("further-key", "A further key", line({**item, "x": 1})),
        ("no-newline", "No newline", line(item)[:-1]),
        ("two-newlines", "Two newlines", line(item) + "\n"),
        ("space", "A space", json.dumps(item, ensure_ascii=False) + "\n"),
        ("parsed", "The event as JSON", line({**item, "event": {"a": 1}})),
        ("list", "A list", "[]\n"),
        ("empty", "Nothing", ""),
    ]:
        yield (f"refuse-item-{name}", {"title": title, "item": text, "refused": True})
    for name, title, text in [
        ("level", "Level 64", line({**node, "level": 64})),
        ("negative", "A negative index", line({**node, "index": -1})),
        ("boolean", "A boolean", line({**node, "level": True})),
        ("float", "A fraction", line(node).replace("3", "3.0")),
        ("short", "31 bytes", line({**node, "hash": base64(leaf(0)[:31])})),
        ("loose", "Base64 with a space", line({**node, "hash": base64(leaf(0)) + " "})),
    ]:
        yield (f"refuse-node-{name}", {"title": title, "node": text, "refused": True})
