"""The tree against RFC 6962's own definition, computed another way."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import merkle
from prooftrail.errors import FormatError
from tests.signing_rig import mth

# RFC 6962's reference data of eight leaves, as certificate-transparency-go has it in
# merkle/testonly: the entries, and the root over the first n of them.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = range(131)


def leaves(count: int) -> list[bytes]:
    return [sha256(b"%d" % number).digest() for number in range(count)]


def ranged(found: list[bytes]) -> merkle.Range:
    held = merkle.Range()
    for leaf in found:
        held.append(leaf)
    return held


def test_the_reference_data_of_rfc_6962() -> None:
    hashed = [sha256(b"\x00" + entry).digest() for entry in ENTRIES]
    for size, root in enumerate(ROOTS):
        assert ranged(hashed[:size]).root().hex() == root
        assert mth(hashed[:size]).hex() == root


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.Range().root() == merkle.EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize("size", SIZES)
def test_a_range_has_the_root_of_the_definition(size: int) -> None:
    held = ranged(leaves(size))
    assert held.root() == mth(leaves(size))
    assert len(held.peaks) == size.bit_count()


@pytest.mark.parametrize("size", SIZES)
def test_a_blocks_peaks_are_the_ranges(size: int) -> None:
    rows = merkle.levels(leaves(size))
    for part in range(size + 1):
        found = merkle.peaks(rows, part)
        assert found == ranged(leaves(part)).peaks
        assert merkle.root_of(found) == mth(leaves(part))


@pytest.mark.parametrize("level", range(6))
def test_aligned_blocks_join_to_the_whole(level: int) -> None:
    block = 1 << level
    for size in SIZES:
        held = merkle.Range()
        for start in range(0, size, block):
            part = leaves(size)[start : start + block]
            held.extend(len(part), merkle.peaks(merkle.levels(part), len(part)))
        assert held.size == size
        assert held.root() == mth(leaves(size))


@given(st.lists(st.integers(0, 6), max_size=20))
def test_subtrees_of_any_level_join_where_they_are_aligned(levels: list[int]) -> None:
    held = merkle.Range()
    flat: list[bytes] = []
    for level in levels:
        block = [sha256(b"%d" % (len(flat) + n)).digest() for n in range(1 << level)]
        if len(flat) % (1 << level):
            with pytest.raises(FormatError, match="cannot start here"):
                held.append_subtree(mth(block), level)
            continue
        held.append_subtree(mth(block), level)
        flat += block
    assert held.root() == mth(flat)


def test_every_leaf_changes_every_root_above_it() -> None:
    found = leaves(40)
    for at in range(40):
        other = [*found]
        other[at] = sha256(b"x").digest()
        for size in range(1, 41):
            same = ranged(found[:size]).root() == ranged(other[:size]).root()
            assert same == (size <= at)


def test_roots_of_different_sizes_differ() -> None:
    roots = [ranged(leaves(size)).root() for size in SIZES]
    assert len(set(roots)) == len(roots)
    assert all(one != other for one, other in pairwise(roots))


def test_a_copy_grows_alone() -> None:
    held = ranged(leaves(5))
    copy = held.copy()
    copy.append(leaves(6)[5])
    assert (held.size, copy.size) == (5, 6)
    assert held.root() == mth(leaves(5))


@pytest.mark.parametrize(
    ("size", "count"), [(-1, 0), (0, 1), (1, 0), (3, 1), (3, 3), (2**63 - 1, 62)]
)
def test_a_range_with_the_wrong_number_of_hashes_is_refused(
    size: int, count: int
) -> None:
    with pytest.raises(FormatError, match="compact range"):
        merkle.Range(size, [bytes(32)] * count)


def test_hashes_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(FormatError, match="32 bytes"):
        merkle.Range(1, [bytes(31)])
    with pytest.raises(FormatError, match="whole number"):
        merkle.split(bytes(33))
    assert merkle.split(b"a" * 32 + b"b" * 32) == [b"a" * 32, b"b" * 32]
    assert merkle.split(b"") == []
