"""Entries: the 98 bytes, computed here by hand, and what no header has."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import entry
from prooftrail.errors import FormatError

hashes = st.binary(min_size=32, max_size=32)
headers = st.builds(
    entry.Header,
    kind=st.sampled_from([entry.EVENT, entry.STATEMENT]),
    stream_id=st.binary(min_size=16, max_size=16),
    prev=hashes,
    seq=st.integers(0, 2**64 - 1),
    recorded_us=st.integers(-(2**63), 2**63 - 1),
    body=hashes,
)


@given(headers)
def test_a_header_has_its_98_bytes_and_comes_back(header: entry.Header) -> None:
    data = header.encode()
    assert data == b"".join(
        (
            b"\x01",
            bytes([header.kind]),
            header.stream_id,
            header.prev,
            header.seq.to_bytes(8, "big"),
            header.recorded_us.to_bytes(8, "big", signed=True),
            header.body,
        )
    )
    assert len(data) == entry.HEADER_BYTES == 98
    assert entry.Header.decode(data) == header
    assert header.leaf() == sha256(b"\x00" + data).digest()


@given(headers, st.integers(0, 98 * 8 - 1))
def test_no_bit_of_a_header_can_change_under_its_leaf(
    header: entry.Header, bit: int
) -> None:
    data = bytearray(header.encode())
    data[bit // 8] ^= 1 << bit % 8
    try:
        changed = entry.Header.decode(bytes(data))
    except FormatError:
        return  # another version or kind
    assert changed.leaf() != header.leaf()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "98 bytes, not 0"),
        (b"\x01" + bytes(96), "98 bytes, not 97"),
        (b"\x01" + bytes(98), "98 bytes, not 99"),
        (bytes(98), "version 0"),
        (b"\x02" + bytes(97), "version 2"),
        (b"\x01\x02" + bytes(96), "kind 2"),
        (b"\x01\xff" + bytes(96), "kind 255"),
    ],
)
def test_bytes_of_another_format_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        entry.Header.decode(data)


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=50))
def test_body_and_genesis_are_labelled_hashes(salt: bytes, event: bytes) -> None:
    assert entry.label("body") == b"prooftrail/v1/body\x00"
    assert entry.body(salt, event) == (
        sha256(b"prooftrail/v1/body\x00" + salt + event).digest()
    )
    assert entry.genesis(salt) == sha256(b"prooftrail/v1/genesis\x00" + salt).digest()


@given(hashes)
def test_people_see_a_leaf_as_a_checksum(leaf: bytes) -> None:
    assert entry.checksum(leaf) == "sha256:" + leaf.hex()
