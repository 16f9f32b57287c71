"""Keys of many streams, and events of many parts: bounded, and nothing is left out."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest

from prooftrail.errors import QuestionError
from prooftrail.search import cursor
from prooftrail.store.question import Position, Question
from tests.api_rig import Api, serving
from tests.sealing import event, insert
from tests.stated import EXAMPLE, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

T = 1_800_000_000_000_000  # after all event times here, microseconds


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


def test_a_key_of_many_streams_goes_from_page_to_page(api: Api) -> None:
    as_of = {number: 7919 * number**2 for number in range(1, 2_001)}
    text = cursor.write(Question(), cursor.Cursor(as_of, Position(T, as_of[1], 1)))
    assert 1_000 < len(text) <= cursor.LONGEST
    insert(api.trail, event(timestamp="2026-03-01T00:00:00Z"))
    api.seal()
    for limits in ({}, {"from_us": 0, "to_us": T}):
        with api.client(api.key("auditor", **limits)) as client:
            answer = client.get("/audit/events", params={"cursor": text})
            # the event, and the statement that opens the stream
            assert len(answer.json()["events"]) == 2
    many = {number: 7919 * number**2 for number in range(2**15)}
    with pytest.raises(QuestionError, match="too many"):
        cursor.write(Question(), cursor.Cursor(many, Position(0, 0, 0)))
    bomb = urlsafe_b64encode(zlib.compress(b"[" * 2**24)).decode().rstrip("=")
    with api.client(api.key("auditor")) as client:
        answer = client.get("/audit/events", params={"cursor": bomb})
        assert answer.status_code == 400


def test_parts_end_where_they_are_too_large_and_say_where_they_go_on(api: Api) -> None:
    subjects = [f"cust_{number:0200}" for number in range(25_000)]
    insert(api.trail, *stated({**EXAMPLE, "subjects": subjects}).texts)
    api.seal()
    with api.client(api.key("auditor")) as client:
        whole = client.get(f"/audit/events/{EXAMPLE['eventId']}").json()
        found = list(whole["subjects"])
        for part in whole["parts"]:
            found += part["subjects"]
        assert len(found) < len(subjects)
        rest = client.get(f"/audit/events?after_seq={whole['partsAfterSeq']}").text
        for line in rest.splitlines():
            found += json.loads(line).get("subjects", [])
    assert found == subjects
