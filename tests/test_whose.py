"""Whose a personal value is, of a row that changes in an event about somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.capture import summaries
from prooftrail.capture.audited import Audited, describe
from prooftrail.capture.effects import Change
from prooftrail.capture.mending import mended
from prooftrail.capture.personal_fields import Marked
from prooftrail.capture.protection import NOBODY, Personal
from tests.protecting import opened, protecting
from tests.shop import stating

if TYPE_CHECKING:
    from prooftrail.capture.effects import Effect

NOTES = "support.notes"


def note(subject: str | None = "owner") -> Audited:
    return describe(
        "Note",
        {"subject": subject} if subject else None,
        key=["id"],
        fields=["id", "owner", "text"],
        marked=Marked({"text": NOTES}),
    )


def whose(effect: Effect | None) -> tuple[list[tuple[Any, Any]], list[str]]:
    """Return values and subjects of an event about c1, as the keeper has them."""
    assert effect is not None
    with stating() as event:
        event.on("customer", "c1")
        assert event.affect(effect)
        made = event.stated("success")
    found = [(one.value, one.subject) for one in opened(protecting(made))]
    return found, made.get("subjects", [])


def test_what_is_nobodys_is_not_his_whom_the_event_is_about() -> None:
    for owner in (None, ""):
        row = {"id": 1, "owner": owner, "text": "not c1's"}
        assert whose(note().effect("insert", None, row)) == ([("not c1's", None)], [])
    unknown = note(None).effect("insert", None, {"text": "of a row without an id"})
    assert whose(unknown) == ([("of a row without an id", None)], [])


def test_a_row_that_changes_hands_has_a_value_of_each() -> None:
    old = {"id": 1, "owner": "a", "text": "of a"}
    new = {"id": 1, "owner": "b", "text": "of b"}
    assert whose(note().effect("update", old, new)) == (
        [("of a", "a"), ("of b", "b")],
        ["a", "b"],
    )
    assert whose(note().effect("update", old, new | {"owner": None})) == (
        [("of a", "a"), ("of b", None)],
        ["a"],
    )


def test_where_only_one_of_them_says_whose_it_is_it_is_that_ones() -> None:
    old = {"id": 1, "owner": "a", "text": "before"}
    assert whose(note().effect("update", old, {"text": "after"})) == (
        [("before", "a"), ("after", "a")],
        ["a"],
    )


def test_one_value_that_many_rows_were_set_to_is_no_ones_alone() -> None:
    rows = [{"id": 1, "owner": "a"}, {"id": 2, "owner": "b"}]
    literal = {"text": "the same"}
    for some, subject in ((rows, None), (rows[:1], "a")):
        effect = summaries.summed_up(
            note(), "update", some, literal=literal, affected=len(some)
        )
        assert whose(effect)[0] == [("the same", subject)]


def test_an_event_that_is_mended_keeps_whose_its_values_are() -> None:
    value = Personal("x", NOTES, NOBODY)
    event = {"changes": [Change("f", None, value)._asdict()], "details": {"odd": {1}}}
    (change,) = next(mended(event))["changes"]
    assert change["after"].nobody
