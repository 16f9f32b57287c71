"""Splitting files of records: chunk borders, brackets in strings, damage."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.importers import Problem
from prooftrail.importers.records import MAX_RECORD, split

texts = st.text(st.sampled_from('ab"\\[]{},:\n é')) | st.just("Records")
objects = st.dictionaries(
    texts,
    st.recursive(texts | st.integers(), lambda inner: st.lists(inner, max_size=3)),
)


def chunked(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def parsed(chunks: list[bytes]) -> list[Any]:
    return [
        piece if isinstance(piece, Problem) else json.loads(piece)
        for piece in split(chunks)
    ]


@given(
    records=st.lists(objects, max_size=5),
    size=st.integers(1, 40),
    ascii_only=st.booleans(),
)
def test_records_come_whole_whatever_the_chunks(
    records: list[dict[str, Any]], size: int, *, ascii_only: bool
) -> None:
    def bytes_of(value: object) -> bytes:
        return json.dumps(value, ensure_ascii=ascii_only).encode()

    for data in (bytes_of({"x": "y", "Records": records, "z": [1]}), bytes_of(records)):
        assert parsed(chunked(data, size)) == records
    plain = [record for record in records if "Records" not in record]
    lines = b"\n".join(bytes_of(record) for record in plain)
    assert parsed(chunked(lines, size)) == plain


@given(
    st.lists(
        st.sampled_from(
            [b"{", b"}", b"[", b"]", b'"', b"\\", b'"Records"', b":", b",", b"1", b" "]
        ),
        max_size=30,
    ),
    st.integers(1, 5),
)
@settings(max_examples=500)
def test_any_bytes_are_split_without_an_error(pieces: list[bytes], size: int) -> None:
    data = b"".join(pieces)
    whole = [piece for piece in split([data]) if isinstance(piece, bytes)]
    small = [piece for piece in split(chunked(data, size)) if isinstance(piece, bytes)]
    assert whole == small


@pytest.mark.parametrize(
    "long",
    [
        b'"' + b"x" * (3 * MAX_RECORD) + b'"',
        b'"' + b"\\\\" * MAX_RECORD + b'\\""',
        b'"' + b"\\" * (2 * MAX_RECORD + 1) + b'""',
        b"[" * MAX_RECORD + b"]" * MAX_RECORD,
        b"1" * (2 * MAX_RECORD),
    ],
)
def test_a_record_that_is_too_long_is_a_problem_and_the_next_one_comes(
    long: bytes,
) -> None:
    data = b'{"Records": [{"a": ' + long + b'}, {"b": 1}]}'
    found = list(split(chunked(data, 65_536)))
    assert isinstance(found[0], Problem)
    assert found[1:] == [b'{"b": 1}']


def test_a_bracket_too_many_is_a_problem() -> None:
    found = list(split([b'{"a": 1}}{"b": 2}']))
    assert [piece for piece in found if isinstance(piece, bytes)] == [
        b'{"a": 1}', b'{"b": 2}',
    ]  # fmt: skip
    assert len(found) == 3
