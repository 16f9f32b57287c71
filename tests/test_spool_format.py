"""The spool's bytes: torn at any byte, flipped at any bit, moved, exchanged."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prooftrail.capture.spool_format import START, FileKeys, Record, pack_into
from prooftrail.store.inbox import Row
from tests.spooling import record

KEY = bytes(range(32))
NAME = UUID(int=7).bytes


def written(
    count: int, lengths: tuple[int, ...] = (3, 50, 0)
) -> tuple[bytes, list[Record]]:
    keys = FileKeys(KEY, NAME)
    records = [record(n, lengths[n % len(lengths)]) for n in range(count)]
    frames = pack_into(keys, records, 0, os.urandom)
    return keys.opening + b"".join(frames), records


def read(data: bytes) -> tuple[list[Record], Any]:
    keys = FileKeys(KEY, NAME)
    found = keys.scan(data)
    return [
        got
        for frame in found.frames
        if (got := keys.decode(data[frame.start : frame.end], frame.number))
    ], found


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_records_come_out_as_they_went_in(envelopes: list[bytes]) -> None:
    records = [
        Record(f"id-{n}", [Row("main", '{"ä": "\u2028"}', envelope)] * (n % 3 + 1))
        for n, envelope in enumerate(envelopes)
    ]
    keys = FileKeys(KEY, NAME)
    frames = pack_into(keys, records, 0, os.urandom)
    found, scan = read(keys.opening + b"".join(frames))
    assert found == records
    assert (scan.damaged, scan.moved) == ([], False)


def test_a_tail_torn_at_any_byte_leaves_all_that_was_whole_before_it() -> None:
    data, records = written(4)
    _, whole = read(data)
    ends = [frame.end for frame in whole.frames]
    for cut in range(len(data)):
        found, scan = read(data[:cut])
        count = sum(end <= cut for end in ends)
        assert found == records[:count], cut
        assert scan.damaged == [], cut
        assert scan.end == max([e for e in ends if e <= cut], default=min(cut, START))


def test_a_bit_flipped_anywhere_costs_one_record_at_most_and_is_seen() -> None:
    data, records = written(4)
    for at in range(len(data)):
        for bit in (0, 3, 7):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            found, scan = read(bytes(flipped))
            if at < START:
                assert found == records
                continue
            lost = [one for one in records if one not in found]
            assert len(lost) == 1, (at, bit)
            assert found == [one for one in records if one not in lost]
            assert scan.damaged, (at, bit)
            assert not scan.moved


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_whatever_is_done_to_a_file_nothing_is_read_that_was_not_written(
    data: st.DataObject,
) -> None:
    whole, records = written(3)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 200)))
    garbage = data.draw(st.binary(max_size=100))
    found, scan = read(whole[:start] + garbage + whole[end:])
    assert [one for one in records if one in found] == found
    assert scan.end <= len(whole) - (end - start) + len(garbage)


def test_records_that_change_places_are_put_back_and_told() -> None:
    data, records = written(4)
    _, whole = read(data)
    parts = [data[frame.start : frame.end] for frame in whole.frames]
    changed = data[:START] + parts[0] + parts[2] + parts[1] + parts[3] + parts[1]
    found, scan = read(changed)
    assert found == records
    assert scan.moved


def test_a_record_of_another_file_is_no_record_of_this_one() -> None:
    data, _ = written(2)
    other = FileKeys(KEY, UUID(int=8).bytes)
    frames = pack_into(other, [record(9)], 2, os.urandom)
    found, scan = read(data + frames[0])
    assert [one.event_id for one in found] == ["id-0", "id-1"]
    assert len(scan.damaged) == 1
