"""An event in a list, in facts, and before and after."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.console import histogram, sentences
from prooftrail.search import diffing, facts

PROTECTED = {"$protected": {"class": "contact.phone", "commitment": "sha256:00"}}
EVENT: dict[str, Any] = {
    "eventId": "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
    "timestamp": "2026-02-17T14:23:01.445Z",
    "actor": {"userId": "usr_1", "email": "dani@company.com", "role": "admin"},
    "action": "customer.pii.export",
    "resource": {"type": "customer", "id": "cust_1", "name": PROTECTED},
    "details": {"record_count": 1, "fields_accessed": ["name", "email"]},
    "result": "success",
    "stream": "main",
    "seq": 7,
}
_whole = st.integers(-(2**63), 2**63 - 1)  # no item holds more
_values = st.recursive(
    st.none() | st.booleans() | _whole | st.text() | st.just(PROTECTED),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_KEYS = """actor action resource details result subjects pii changes authorization
context timestamp purpose ticket part"""
_keys = st.sampled_from(_KEYS.split())


def test_a_row_tells_who_did_what_and_where_that_leads() -> None:
    row = sentences.row(EVENT)
    assert (row.who, row.rest) == ("dani@company.com", " exported 1 customer")
    assert (row.date, row.time) == ("2026-02-17", "14:23:01")
    assert (row.actor_id, row.resource_id) == ("usr_1", "cust_1")
    assert row.marks == ()


def test_a_row_says_what_is_odd() -> None:
    row = sentences.row(
        EVENT
        | {
            "authorization": {"basis": "break_glass"},
            "pii": {"fields": ["name"]},
            "actor": {"userId": "usr_1", "email": PROTECTED},
        }
    )
    assert row.marks == ("break-glass", "personal data")
    assert row.who == "usr_1"


def test_what_was_redacted_is_told_as_such() -> None:
    row = sentences.row({**EVENT, "redacted": True})
    assert row.who == ""
    assert row.rest.endswith("is not there any more")
    assert row.marks == ("redacted",)


def test_rows_are_told_by_day() -> None:
    row = sentences.row(EVENT)
    other = row._replace(date="2026-02-16")
    found = sentences.days([row, row, other])
    assert [(one.date, len(one.rows)) for one in found] == [
        ("2026-02-17", 2),
        ("2026-02-16", 1),
    ]


@given(st.dictionaries(_keys, _values))
def test_whatever_the_log_holds_is_told(event: dict[str, Any]) -> None:
    row = sentences.row(event)
    assert isinstance(row.rest, str)
    told = f"{facts.sections(event)} {diffing.differences(event.get('changes'))}"
    assert "sha256:00" not in told
    assert "sha256:00" not in repr(row)


def test_facts_stand_under_their_questions() -> None:
    found = {one.title: one for one in facts.sections(EVENT)}
    assert list(found) == ["Who", "What", "Details"]
    who = {one.label: one for one in found["Who"].facts}
    assert (who["Id"].text, who["Id"].link) == ("usr_1", "person")
    [name] = [one for one in found["What"].facts if one.label == "Name"]
    assert (name.text, name.hidden, name.pointer) == (
        "",
        "contact.phone",
        "/resource/name",
    )
    details = {one.label: one.text for one in found["Details"].facts}
    assert details == {"Record count": "1", "Fields accessed": "name, email"}


def test_many_people_are_counted() -> None:
    event = EVENT | {"subjects": [f"cust_{n}" for n in range(31)]}
    [whose] = [one for one in facts.sections(event) if one.title == "Whose data"]
    assert len(whose.facts) == facts.SUBJECTS
    assert whose.more == 11


def test_authorisation_names_basis_and_approval() -> None:
    event = EVENT | {
        "authorization": {
            "decision": "allowed",
            "basis": "break_glass",
            "approval": {"by": "usr_9", "ticket": "INC-7"},
        }
    }
    [found] = [one for one in facts.sections(event) if one.title == "Authorisation"]
    told = {one.label: one.text for one in found.facts}
    assert told["Decision"] == "Allowed"
    assert "breaking the glass" in told["Basis"]
    assert told["Approval: ticket"] == "INC-7"


def test_before_and_after_differ_by_words() -> None:
    [found] = diffing.differences(
        [
            {
                "field": "address",
                "before": "1 High Street",
                "after": "2 High Street",
            }
        ]
    )
    assert found.before.pieces == (
        diffing.Piece("1", changed=True),
        diffing.Piece(" High Street", changed=False),
    )
    assert found.after.pieces[0] == diffing.Piece("2", changed=True)


def test_a_value_that_was_not_there_is_not_one_that_was_nothing() -> None:
    gone, empty = diffing.differences(
        [{"field": "a", "before": 1}, {"field": "b", "before": "x", "after": None}]
    )
    assert gone.after.absent
    assert not empty.after.absent
    assert empty.after.nothing


def test_a_protected_value_is_told_by_its_class_and_place() -> None:
    [found] = diffing.differences(
        [{"field": "phone", "before": PROTECTED, "after": PROTECTED}]
    )
    assert found.before == diffing.Side((), "contact.phone", "/changes/0/before")
    assert found.after.pointer == "/changes/0/after"


@given(st.text(), st.text())
def test_pieces_give_the_values_again(before: str, after: str) -> None:
    change = {"field": "x", "before": before, "after": after}
    [found] = diffing.differences([change])
    assert "".join(piece.text for piece in found.before.pieces) == before
    assert "".join(piece.text for piece in found.after.pieces) == after


def _counted(at: int, success: int = 0, failure: int = 0, denied: int = 0) -> Any:
    day = 86_400_000_000
    begin = 1_767_225_600_000_000 + at * day  # 2026-01-01
    return histogram.Counted(begin, begin + day, success, failure, denied)


def test_bars_hold_all_that_was_counted() -> None:
    drawing = histogram.draw([_counted(0, 90, 5, 5), _counted(1), _counted(2, 1)])
    assert drawing is not None
    assert drawing.most == 100
    first, none, last = drawing.bars
    assert sum(part.height for part in first.parts) == pytest.approx(histogram.HEIGHT)
    assert [part.result for part in first.parts] == ["denied", "failure", "success"]
    assert none.parts == ()
    assert last.parts[0].height == histogram.LEAST
    assert first.label == "2026-01-01: 100 events, 5 failed, 5 denied"
    assert (first.begins, first.ends) == ("2026-01-01", "2026-01-02")


def test_nothing_draws_nothing() -> None:
    assert histogram.draw([]) is None
    assert histogram.draw([_counted(0)]) is None
