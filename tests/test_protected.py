from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import epochs, protected
from prooftrail.core.protected import Envelope, Item
from prooftrail.errors import FormatError

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(
                st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
                max_size=8,
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.builds(
            Item,
            st.text("/ab", max_size=6),
            st.text("ab.", max_size=6),
            st.none() | st.text("ab", min_size=1, max_size=6),
            st.binary(min_size=32, max_size=32),
            json_values,
            st.none() | st.text("ab*", max_size=6),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda item: item.pointer,
    )
)
def test_what_travels_in_an_envelope_comes_out_as_it_went_in(items: list[Item]) -> None:
    data = protected.plaintext(items)
    assert len(data) % 256 == 0
    assert protected.read_items(data) == items
    with pytest.raises(FormatError):
        protected.read_items(data + bytes(256))


@given(st.binary(max_size=600))
def test_no_bytes_make_reading_an_envelope_fail_otherwise(data: bytes) -> None:
    for read in (Envelope.decode, protected.read_items, epochs.read):
        try:
            read(data)
        except FormatError:
            continue
        assert read is Envelope.decode


@given(json_values)
def test_a_pointer_leads_back_to_what_was_found(value: Any) -> None:
    standing = protected.standing("c", "sha256:" + "0" * 64, None)
    event = {"details": value, "x": standing}
    for pointer, inner in protected.found(event).items():
        assert protected.resolve(event, pointer) == {"$protected": inner}
