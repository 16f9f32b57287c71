"""Proofs for many leaves, against single inclusion proofs and the tree itself."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import multiproof
from prooftrail.core.multiproof import Collector, Node, Place
from prooftrail.errors import FormatError
from tests.signing_rig import mth


def leaves(count: int) -> list[bytes]:
    return [sha256(b"%d" % number).digest() for number in range(count)]


def hash_of(found: list[bytes], level: int, index: int) -> bytes:
    """The node at a place, by the definition of the tree."""
    return mth(found[index << level : (index + 1) << level])


def built(found: list[bytes], positions: list[int]) -> list[Node]:
    return multiproof.build(
        positions, len(found), lambda level, index: hash_of(found, level, index)
    )


def collected(
    found: list[bytes], positions: list[int], block: int
) -> tuple[bytes, list[Node]]:
    root, [nodes] = together(found, [positions], block)
    return root, nodes


def together(
    found: list[bytes], proofs: list[list[int]], block: int
) -> tuple[bytes, list[list[Node]]]:
    collector = Collector(proofs, len(found))
    for start in range(0, len(found), block):
        collector.add(found[start : start + block])
    return collector.finish()


def path(found: list[bytes], at: int) -> list[bytes]:
    """RFC 6962 section 2.1.1: the audit path of one leaf."""
    if len(found) == 1:
        return []
    half = 1 << ((len(found) - 1).bit_length() - 1)
    if at < half:
        return [*path(found[:half], at), mth(found[half:])]
    return [*path(found[half:], at - half), mth(found[:half])]


@st.composite
def chosen(draw: st.DrawFn, most: int = 300) -> tuple[int, list[int]]:
    size = draw(st.integers(1, most))
    positions = draw(st.sets(st.integers(0, size - 1), min_size=1))
    return size, sorted(positions)


@given(chosen(), st.integers(0, 6))
def test_leaves_and_nodes_lead_to_the_root(case: tuple[int, list[int]], k: int) -> None:
    size, positions = case
    found = leaves(size)
    nodes = built(found, positions)
    proven = [(at, found[at]) for at in positions]
    assert multiproof.root(proven, size, nodes) == mth(found)
    assert collected(found, positions, 1 << k) == (mth(found), nodes)


@given(st.integers(1, 200), st.data(), st.integers(0, 6))
def test_several_proofs_of_one_pass_are_those_of_one_each(
    size: int, data: st.DataObject, k: int
) -> None:
    found = leaves(size)
    some = st.sets(st.integers(0, size - 1), min_size=1).map(sorted)
    proofs = data.draw(st.lists(some, max_size=4))
    root, nodes = together(found, proofs, 1 << k)
    assert root == mth(found)
    assert nodes == [built(found, positions) for positions in proofs]


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65])
def test_the_proof_of_one_leaf_is_its_audit_path(size: int) -> None:
    found = leaves(size)
    for at in range(size):
        nodes = built(found, [at])
        assert [one.hash for one in nodes] == path(found, at)
        for block in (1, 4, 64):
            assert collected(found, [at], block) == (mth(found), nodes)


@given(chosen(100))
def test_no_node_stands_twice_nor_can_be_computed(case: tuple[int, list[int]]) -> None:
    size, positions = case
    places = multiproof.needed(positions, size)
    assert places == sorted(set(places))
    held = set(positions)
    for level, index in places:
        covered = range(index << level, min((index + 1) << level, size))
        assert covered, "a node of no leaf"
        assert not held & set(covered)
        held |= set(covered)  # nor do two cover the same
    assert held == set(range(size))  # and nothing is left out


def test_all_leaves_need_no_node() -> None:
    assert built(leaves(13), list(range(13))) == []


@given(chosen(60), st.data())
def test_whatever_is_altered_leads_elsewhere_or_is_refused(
    case: tuple[int, list[int]], data: st.DataObject
) -> None:
    size, positions = case
    found = leaves(size)
    nodes = built(found, positions)
    proven = [(at, found[at]) for at in positions]
    other = bytes(32)
    at = data.draw(st.integers(0, len(proven) - 1))
    wrong = [*proven]
    wrong[at] = (proven[at][0], other)
    assert multiproof.root(wrong, size, nodes) != mth(found)
    if not nodes:
        return
    at = data.draw(st.integers(0, len(nodes) - 1))
    one = nodes[at]
    wrong_nodes = [*nodes]
    wrong_nodes[at] = Node(one.level, one.at, other)
    assert multiproof.root(proven, size, wrong_nodes) != mth(found)
    for refused in (
        nodes[:at] + nodes[at + 1 :],
        [*nodes[:at], one, *nodes[at:]],
        [*nodes, Node(0, size, other)],
        [*nodes[:at], Node(one.level + 1, one.at, one.hash), *nodes[at + 1 :]],
    ):
        with pytest.raises(FormatError, match="node"):
            multiproof.root(proven, size, refused)
    if len(nodes) > 1:
        with pytest.raises(FormatError, match="out of order"):
            multiproof.root(proven, size, nodes[::-1])


@pytest.mark.parametrize(
    ("positions", "size", "told"),
    [
        ([], 5, "no leaf"),
        ([], 0, "no leaf"),
        ([2, 2], 5, "leaf 2 stands twice"),
        ([3, 2], 5, "leaf 2 is out of order"),
        ([-1, 2], 5, "leaf -1 is out of order"),
        ([5], 5, "leaf 5 is beyond a tree of 5"),
        ([0], -1, "0 to 2\\^63"),
        ([0], 2**63, "0 to 2\\^63"),
    ],
)
def test_positions_that_no_tree_has_are_refused(
    positions: list[int], size: int, told: str
) -> None:
    with pytest.raises(FormatError, match=told):
        multiproof.needed(positions, size)
    with pytest.raises(FormatError, match=told):
        multiproof.root([(at, bytes(32)) for at in positions], size, [])
    with pytest.raises(FormatError, match=told):
        Collector([positions], size)


def test_hashes_of_another_length_are_refused() -> None:
    with pytest.raises(FormatError, match="32 bytes"):
        multiproof.root([(0, bytes(31))], 1, [])
    with pytest.raises(FormatError, match="32 bytes"):
        multiproof.root([(0, bytes(32))], 2, [Node(0, 1, bytes(33))])


def test_the_largest_tree_takes_no_longer() -> None:
    size = 2**63 - 1
    places = multiproof.needed([0, size // 2, size - 1], size)
    assert len(places) < 3 * 63
    nodes = [Node(*at, bytes(32)) for at in places]
    proven = [(at, bytes(32)) for at in (0, size // 2, size - 1)]
    assert len(multiproof.root(proven, size, nodes)) == 32


def test_a_collector_wants_all_leaves_and_no_more() -> None:
    collector = Collector([[1]], 3)
    collector.add(leaves(2))
    with pytest.raises(FormatError, match="2 leaves went by, not 3"):
        collector.finish()
    with pytest.raises(FormatError, match="more leaves"):
        collector.add(leaves(2))
    collector.add(leaves(1))
    assert collector.finish()[1][0][0].place == Place(0, 0)


@pytest.mark.parametrize("blocks", [(3, 5), (3, 2, 4), (1, 4, 4), (4, 2, 4)])
def test_blocks_that_do_not_join_are_refused(blocks: tuple[int, ...]) -> None:
    collector = Collector([[0]], 20)

    def add() -> None:
        for block in blocks:
            collector.add(leaves(block))

    with pytest.raises(FormatError, match="cannot start here"):
        add()


def test_a_collectors_memory_is_what_is_needed() -> None:
    collector = Collector([[7]], 1 << 20)
    block = leaves(1 << 10)
    for _ in range(1 << 10):
        collector.add(block)
    assert len(collector._found) <= 20
    assert len(collector._range.peaks) == 1
    assert len(collector.finish()[1][0]) == 20
