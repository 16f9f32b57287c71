"""Event ids: RFC 9562's layout, their order, and what is no id."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import ids
from prooftrail.errors import EventError

moments = st.integers(0, 2**48 * 1000 - 1)
seeds = st.binary(min_size=8, max_size=8)


@given(moments, seeds)
def test_a_version_7_id_has_the_fields_of_rfc_9562(moment: int, seed: bytes) -> None:
    text = ids.uuid7(moment, seed)
    found = UUID(text)
    assert str(found) == text == ids.check(text)
    assert (found.version, found.variant) == (7, "specified in RFC 4122")
    number = found.int
    assert number >> 80 == moment // 1000  # unix_ts_ms, 48 bits
    assert number >> 64 & 0xFFF == moment % 1000 * 4096 // 1000  # rand_a, 12 bits
    assert number & (2**62 - 1) == int.from_bytes(seed, "big") >> 2  # rand_b, 62 bits
    assert ids.millisecond_of(found.bytes) == moment // 1000


def test_the_example_of_rfc_9562_has_this_layout() -> None:
    # section A.6: 2022-02-22T19:22:22Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F
    random = (0x18C4DC0C0C07398F << 2).to_bytes(8, "big")
    made = ids.uuid7(1_645_557_742_000_000, random)
    assert made == "017f22e2-79b0-7000-98c4-dc0c0c07398f"
    assert ids.millisecond_of(UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F").bytes) == (
        1_645_557_742_000
    )


@given(moments, moments, seeds, seeds)
def test_ids_sort_by_their_time(one: int, other: int, a: bytes, b: bytes) -> None:
    first, second = sorted((one, other))
    early, late = ids.uuid7(first, a), ids.uuid7(second, b)
    if first != second:
        assert early[:18] < late[:18]
    assert (early < late) == (UUID(early).bytes < UUID(late).bytes)


@given(moments, seeds, seeds)
def test_ids_of_one_moment_differ_by_their_random_bits(
    moment: int, a: bytes, b: bytes
) -> None:
    same = int.from_bytes(a, "big") >> 2 == int.from_bytes(b, "big") >> 2
    assert (ids.uuid7(moment, a) == ids.uuid7(moment, b)) == same


@pytest.mark.parametrize("version", range(1, 9))
@pytest.mark.parametrize("variant", "89ab")
def test_every_version_of_rfc_9562_is_taken(version: int, variant: str) -> None:
    text = f"0b8e7c62-6d6f-{version}c0e-{variant}a55-3f1c2d4b5a69"
    assert ids.check(text) == text
    assert ids.check(text.upper()) == text
    milli = 0x0B8E7C626D6F if version == 7 else None
    assert ids.millisecond_of(UUID(text).bytes) == milli


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "0b8e7c62-6d6f-0c0e-9a55-3f1c2d4b5a69",
        "0b8e7c62-6d6f-9c0e-9a55-3f1c2d4b5a69",
        "0b8e7c62-6d6f-4c0e-7a55-3f1c2d4b5a69",
        "0b8e7c62-6d6f-4c0e-ca55-3f1c2d4b5a69",
        "0b8e7c626d6f4c0e9a553f1c2d4b5a69",
        "{0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69}",
        "urn:uuid:0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
        "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69\n",
        "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a6",
        "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a6g",
        "０b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",  # noqa: RUF001
    ],
)
def test_what_is_no_rfc_9562_uuid_is_refused(text: str) -> None:
    with pytest.raises(EventError, match="not an RFC 9562 UUID"):
        ids.check(text)
