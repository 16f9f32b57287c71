from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.capture import continuation
from prooftrail.capture.stating import MAX_BYTES
from prooftrail.core import events
from prooftrail.errors import EventError
from prooftrail.seal import prepare
from tests.stated import EXAMPLE, NOW, SMALL, as_row, state, stated


def test_more_than_1000_subjects_become_continuation_entries() -> None:
    subjects = [f"cust_{n}" for n in range(2_500)]
    made = stated({**EXAMPLE, "subjects": subjects, "pii": {"fields": ["email"]}})
    first, *further = [json.loads(text) for text in made.texts]
    assert first["eventId"] == made.event_id == EXAMPLE["eventId"]
    assert first["details"] == EXAMPLE["details"]
    assert [part["part"]["n"] for part in (first, *further)] == [1, 2, 3]
    assert all(
        part["part"]["of"] == made.event_id and part["part"]["total"] == 3
        for part in (first, *further)
    )
    found = [subject for part in (first, *further) for subject in part["subjects"]]
    assert found == subjects
    for part in further:
        assert "details" not in part
        assert all(part[key] == first[key] for key in ("actor", "action", "result"))
        assert part["resource"] == first["resource"]
        assert part["timestamp"] == first["timestamp"]
        assert part["pii"] == first["pii"]
    assert len({part["eventId"] for part in (first, *further)}) == 3
    assert stated({**EXAMPLE, "subjects": subjects}).texts != made.texts
    assert (
        stated({**EXAMPLE, "subjects": subjects, "pii": {"fields": ["email"]}}) == made
    )


def test_1000_subjects_stay_one_entry() -> None:
    value = state({**SMALL, "subjects": [f"cust_{n}" for n in range(1_000)]})
    assert "part" not in value


def test_long_ids_are_split_by_bytes_and_never_cut() -> None:
    subjects = [f"{n:04d}" + "é" * 900 for n in range(900)]
    made = stated({**SMALL, "subjects": subjects})
    parts = [json.loads(text) for text in made.texts]
    assert len(parts) > 1
    assert [s for part in parts for s in part["subjects"]] == subjects


def test_a_part_is_not_split_again() -> None:
    part = {"of": "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69", "n": 1, "total": 2}
    event = {**SMALL, "part": part, "subjects": [str(n) for n in range(1_001)]}
    with pytest.raises(EventError, match="part already"):
        stated(event)


def test_a_derived_id_keeps_the_time_of_a_version_7_id() -> None:
    of = "0190a5a0-0000-7000-8000-000000000001"
    assert continuation.derive(of, 2)[:18] == of[:18]
    assert UUID(continuation.derive(of, 2)).version == 7
    other = continuation.derive("0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69", 2)
    assert UUID(other).version == 8


@given(st.lists(st.text("abcé0123456789", min_size=1, max_size=1_000), max_size=3_000))
def test_every_subject_is_in_exactly_one_part(subjects: list[str]) -> None:
    made = stated({**EXAMPLE, "subjects": subjects})
    parts = [json.loads(text) for text in made.texts]
    assert [s for part in parts for s in part.get("subjects", [])] == subjects
    first = None
    for text in made.texts:
        assert len(text.encode()) <= MAX_BYTES
        assert len(json.loads(text).get("subjects", [])) <= events.MAX_SUBJECTS
        ready = prepare.prepare(as_row(text), now_us=NOW, random=lambda n: b"\0" * n)
        assert isinstance(ready, prepare.Ready)
        assert ready.projection.continues == first  # so they are one event again
        first = first or ready.projection.event_id
