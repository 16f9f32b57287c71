"""Any single edit, by a superuser, of what stands beside the log.

Every column of subject, daily, head, stream and checkpoint, but those that say nothing
of it: a head's `lease` is never read, and `keys` of a stream without entries are not
stated anywhere yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.rig import MIDDLE, summary, told
from tests.attacks.saved import COLUMNS

if TYPE_CHECKING:
    from tests.attacks.saved import Saved

# Column by column: what it is set to, beside null; {} is the column.
SUBJECT = {
    "stream": ["2", "99"],
    "seq": ["{} + 1", "{} + 1000", "-1", "9223372036854775807"],
    "subject": ["'cust_x'", "''", "upper({})", "{} || ' '"],
    "occurred_us": ["{} + 1"],
    "recorded_us": ["{} + 1"],
}
DAILY = {
    "stream": ["2", "99"],
    "day": ["{} + 1"],
    "action": ["'auth.login.success'"],
    "role": ["'admin' || coalesce({}, '')"],
    "result": ["'failure' || ''", "'maybe'"],
    "pii": ["not {}"],
    "n": ["{} + 1", "{} - 1", "0", "-{}", "9223372036854775807"],
}
HEAD = {
    "stream": ["99"],
    "seq": ["{} + 1", "{} - 1", "-1", "-100", "57", "9223372036854775807"],
    "leaf": ["sha256({})", "''", "{} || '\\x00'"],
    "recorded_us": ["{} + 1", "{} - 1", "0"],
}
STREAM = {
    "number": ["99"],
    "name": ["'other'", "''", "E'main\\x1b[2J'"],
    "stream_id": ["gen_random_uuid()"],
    "base": ["'other.example'", "''", "'not an origin'"],
    "incarnation": ["2", "0", "-1"],
    "keys": ["'{{}}'", "{}[2:2]", "array[{}[2], {}[1]]", "{} || 'x'::text",
             "(select keys from prooftrail.stream where number = 2)",
             "array[null, null]::text[]"],
}  # fmt: skip
CHECKPOINT = {
    "stream": ["2", "99"],
    "size": ["{} + 1", "{} - 1", "100000", "0", "-1"],
    "signed_us": ["{} + 1000000", "{} - 1000000", "0"],
    "note": [
        "replace({}, E'\\n100\\n', E'\\n101\\n')",
        "replace({}, 'test.example', 'evil.example')",
        "{} || E'\\n'",
        "rtrim({}, E'\\n')",
        "replace({}, E'\\n', E'\\r\\n')",
        "regexp_replace({}, E'\\n[^\\n]+\\n$', E'\\n')",  # without the cosignature
        "regexp_replace({}, E'\\n\\n[^\\n]+\\n', E'\\n\\n')",  # without the signature
        "{} || regexp_replace({}, '^.*\\n\\n', '')",  # each twice
        "regexp_replace({}, E'\\n\\n([^\\n]+\\n)([^\\n]+\\n)$', E'\\n\\n\\\\2\\\\1')",
        "{} || E'\\u2014 x AAAAAAAA\\n'",  # one by a stranger
        "''",
        ("(select c.note from prooftrail.checkpoint c"
        " where c.stream = 1 and c.size = 150 limit 1)"),
        ("(select c.note from prooftrail.checkpoint c"
        " where c.stream = 2 and c.size = 50 limit 1)"),
    ],
    "peaks": ["sha256({})", "''", "{} || sha256({})", "'\\x00'",
              "set_bit({}, 3, 1 - get_bit({}, 3))"],
}  # fmt: skip

DAILY_ROW = "insert into prooftrail.daily values"


def cases(columns: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return all edits; the key that finds a partition cannot be null there."""
    return [
        (name, one)
        for name, all_ in columns.items()
        for one in [*all_, "null"]
        if (name, one) != ("recorded_us", "null") or columns is HEAD
    ]


def check(saved: Saved, *streams: str) -> None:
    """Verify: failures, and in these streams only."""
    report = saved.attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert {found.stream for found in told(report)} <= {"main", *streams}
    assert {(one.name, one.entries) for one in report.streams} >= {("side", 61)}


@pytest.mark.parametrize(("column", "value"), cases(SUBJECT))
def test_subject_edited(saved: Saved, column: str, value: str) -> None:
    where = f"stream = 1 and seq = {MIDDLE} and subject = 'cust_102'"
    saved.edit("subject", column, value, where)
    check(saved, "side", "number 99", "number 0")
    found = told(saved.attacked.verify(), "main")
    assert MIDDLE in {one.seq for one in found}
    assert {one.kind.value for one in found} == {"projection edited"}


def test_subject_rows_deleted_and_added(saved: Saved) -> None:
    execute = saved.attacked.execute
    execute("delete from prooftrail.subject where stream = 1 and seq = %s", (MIDDLE,))
    expected = [("main", "projection edited", MIDDLE, None)]
    assert summary(saved.attacked.verify()) == expected
    saved.restore()
    for seq in (MIDDLE, MIDDLE + 1, 500, -3):
        execute(
            "insert into prooftrail.subject select stream, %s, 'cust_102', occurred_us,"
            " recorded_us from prooftrail.subject"
            " where stream = 1 and seq = %s limit 1",
            (seq, MIDDLE),
        )
        expected = [("main", "projection edited", seq, None)]
        assert summary(saved.attacked.verify()) == expected
        saved.restore()


@pytest.mark.parametrize(("column", "value"), cases(DAILY))
def test_daily_edited(saved: Saved, column: str, value: str) -> None:
    row = saved.attacked.execute(
        "select ctid::text from prooftrail.daily where stream = 1 and n > 1"
        " and result = 'success' and role = 'admin' limit 1"
    ).fetchone()
    assert row is not None
    saved.edit("daily", column, value, f"ctid = '{row[0]}'::tid")
    check(saved, "side", "number 99", "number 0")
    assert ("main", "rollup edited", None, None) in summary(saved.attacked.verify())


def test_daily_rows_added_split_and_deleted(saved: Saved) -> None:
    execute = saved.attacked.execute
    for change in (
        (
            "insert into prooftrail.daily select * from prooftrail.daily"
            " where stream = 1 limit 1"
        ),
        "update prooftrail.daily set n = 0 where stream = 1",
        f"{DAILY_ROW} (1, 0, 'a.b', null, 'success', false, 0)",
        (
            f"{DAILY_ROW} (1, 0, 'a.b', null, 'success', false, 5),"
            " (1, 0, 'a.b', null, 'success', false, -5)"
        ),
        "delete from prooftrail.daily where stream = 1",
    ):
        execute(change)
        expected = [("main", "rollup edited", None, None)]
        assert summary(saved.attacked.verify()) == expected
        saved.restore()


@pytest.mark.parametrize(("column", "value"), cases(HEAD))
def test_head_edited(saved: Saved, column: str, value: str) -> None:
    saved.edit("head", column, value, "stream = 1")
    check(saved, "number 99", "number 0")
    assert {one.kind.value for one in told(saved.attacked.verify(), "main")} == {
        "head edited"
    }


def test_head_deleted_and_added(saved: Saved) -> None:
    saved.attacked.execute("delete from prooftrail.head where stream = 1")
    assert summary(saved.attacked.verify()) == [("main", "head edited", None, None)]
    saved.restore()
    saved.attacked.execute("insert into prooftrail.head values (99, -1, '', 0)")
    expected = [("number 99", "registry edited", 0, None)]
    assert summary(saved.attacked.verify()) == expected


@pytest.mark.parametrize(("column", "value"), cases(STREAM))
def test_stream_registration_edited(saved: Saved, column: str, value: str) -> None:
    saved.edit("stream", column, value, "number = 1")
    for anchored in (False, True):
        report = saved.attacked.verify(anchored=anchored)
        assert report.verdict.exit_code == 1
        assert ("main", "registry edited", 0, None) in summary(report)
        if column == "number":
            continue  # under another number it has neither head nor entries
        assert len(summary(report)) == 1
        # entry 0 says which log it is: the rest verifies under its own name
        compared = [one.compared for one in report.streams if one.compared]
        assert compared == ([14, 6] if anchored else [7, 3])


def test_stream_registration_deleted(saved: Saved) -> None:
    saved.attacked.execute("delete from prooftrail.stream where number = 1")
    expected = [("main", "registry edited", 0, None)]
    assert summary(saved.attacked.verify(anchored=True)) == expected


@pytest.mark.parametrize("size", [100, 204])
@pytest.mark.parametrize(("column", "value"), cases(CHECKPOINT))
def test_checkpoint_edited(saved: Saved, column: str, value: str, size: int) -> None:
    value = value.replace("100", str(size)) if column == "note" else value
    saved.edit("checkpoint", column, value, f"stream = 1 and size = {size}")
    check(saved, "side", "number 99", "number 0")
    found = told(saved.attacked.verify())
    assert {one.kind.value for one in found} <= {"forged checkpoint", "registry edited"}
    # the log itself is anchored as before
    report = saved.attacked.verify(anchored=True)
    assert [one.anchored and one.anchored.size for one in report.streams] == [204, 61]


def test_every_other_column_is_attacked() -> None:
    assert list(SUBJECT) == COLUMNS["subject"]
    assert list(DAILY) == COLUMNS["daily"]
    assert [*HEAD, "lease"] == COLUMNS["head"]
    assert list(STREAM) == COLUMNS["stream"]
    assert list(CHECKPOINT) == COLUMNS["checkpoint"]
