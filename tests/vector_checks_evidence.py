"""What each case of a proof, of evidence's lines and of a sample asks of our code."""

from __future__ import annotations

from typing import Any

import pytest

from prooftrail.core import evidence, multiproof
from prooftrail.core.multiproof import Node
from prooftrail.errors import FormatError
from prooftrail.sampling import drawing, population


def check_multi_proof(case: dict[str, Any]) -> None:
    leaves = [
        (at, bytes.fromhex(found))
        for at, found in zip(case["positions"], case["leavesHex"], strict=True)
    ]
    nodes = [
        Node(one["level"], one["index"], bytes.fromhex(one["hashHex"]))
        for one in case["nodes"]
    ]
    size = case["size"]
    if "refused" in case:
        with pytest.raises(FormatError, match=case["refused"]):
            multiproof.root(leaves, size, nodes)
        return
    assert multiproof.root(leaves, size, nodes).hex() == case["rootHex"]
    wanted = multiproof.needed(case["positions"], size)
    assert wanted == [one.place for one in nodes]
    given = {one.place: one.hash for one in nodes}
    assert nodes == multiproof.build(
        case["positions"], size, lambda *at: given[multiproof.Place(*at)]
    )


def check_evidence(case: dict[str, Any]) -> None:
    line = str(case["item"] if "item" in case else case["node"]).encode()
    if "refused" in case:
        with pytest.raises(FormatError):
            (evidence.parse_item if "item" in case else evidence.parse_node)(line)
    elif "node" in case:
        node = evidence.parse_node(line)
        found = bytes.fromhex(case["hashHex"])
        assert node == Node(case["level"], case["index"], found)
        assert evidence.encode_node(node) == line
    else:
        item = evidence.parse_item(line)
        assert item.header.encode().hex() == case["headerHex"]
        assert (item.salt and item.salt.hex()) == case["saltHex"]
        assert (item.event and item.event.decode()) == case["event"]
        assert item.fits is case["fits"]
        assert evidence.encode_item(item) == line


def check_sample(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(FormatError):
            drawing.draw(case["seed"], case["size"], case["count"])
        return
    found = drawing.draw(case["seed"], case["size"], case["count"])
    assert _told(found) == case["draws"]


def check_population(case: dict[str, Any]) -> None:
    text = case["listing"].encode()
    if "refused" in case:
        with pytest.raises(FormatError):
            population.parse(text)
        return
    members = population.parse(text)
    assert len(members) == case["size"]
    assert population.listing(reversed(members)) == text
    assert population.digest(text) == case["digest"]
    for one in case.get("byMonth", []):
        found = drawing.draw_by_month(one["seed"], members, one["count"])
        assert _told(found) == one["draws"]


def _told(draws: list[drawing.Draw]) -> list[dict[str, int]]:
    return [{"draw": one.number, "position": one.position} for one in draws]
