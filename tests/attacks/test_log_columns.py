"""Attacks 1 to 3: any single edit of any column of the log, by a superuser.

After each the edit is undone, and the log verifies against its anchor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.rig import FIRST, MAIN, MIDDLE, NEWEST, SIDE, summary, told
from tests.attacks.saved import COLUMNS

if TYPE_CHECKING:
    from tests.attacks.saved import Saved

SEQS = {"first": FIRST, "middle": MIDDLE, "newest": NEWEST}
EVENTS = {"entry 0": 0, **SEQS}

# What each column is set to, beside null; {} is the column.
HEADER = {
    "stream": ["2", "99"],
    "seq": ["{} + 1", "{} - 1", "-7", "100000", "9223372036854775806"],
    "recorded_us": ["{} + 1", "{} - 1", "{} + 3000000", "{} - 3000000"],
    "kind": ["1 - {}", "2", "3", "-1"],
    "stream_id": ["gen_random_uuid()", ("(select stream_id from prooftrail.stream"
                  " where number = 2)")],
    "prev": ["sha256({})", "{} || '\\x00'", "substr({}, 1, 31)", "''"],
    "body": ["sha256({})", "{} || '\\x00'", "substr({}, 1, 31)", "''"],
    "leaf": ["sha256({})", "{} || '\\x00'", "substr({}, 1, 31)", "''"],
    "salt": ["substr(sha256({}), 1, 16)", "{} || '\\x00'", "substr({}, 1, 15)", "''"],
}  # fmt: skip
EVENT = [
    "replace(convert_from({}, 'UTF8'), 'usr_', 'usr-')::bytea",
    "replace(convert_from({}, 'UTF8'), 'failure', 'success')::bytea",
    "{} || ' '",
    "' '::bytea || {}",
    "'\\x00'::bytea || {}",
    "substr({}, 1, length({}) - 1)",
    "''",
    "'null'",
    "'{{\"a\":'::bytea || repeat('[', 200000)::bytea",
    "set_bit({}, 100, 1 - get_bit({}, 100))",
]
PROJECTIONS = {
    "event_id": ["gen_random_uuid()", ("(select event_id from prooftrail.log"
                 " where stream = 1 and seq = 55)")],
    "occurred_us": ["{} + 1", "{} - 86400000000"],
    "actor": ["'usr_x'", "upper({})", "{} || ' '"],
    "role": ["'auditor'", "upper({})", "''"],
    "action": ["'auth.login.success'", "upper({})", "'trail.stream.create'"],
    "resource_type": ["'invoice'", "{} || chr(8203)"],
    "resource_id": ["'cust_x'", "''"],
    "result": ["'success' || ''", "'maybe'"],
    "ip": ["'10.0.0.1'", "set_masklen({}, 64)"],
    "pii": ["not {}"],
    "continues": ["gen_random_uuid()", "event_id"],
    "authority": ["'authorised'", "upper({})", "{} || ' '"],
}  # fmt: skip
# The key by which rows find their partition cannot be null in any of them.
NOT_NULLABLE = {"recorded_us"}


def edit(saved: Saved, column: str, value: str, seq: int) -> None:
    saved.edit("log", column, value, f"stream = 1 and seq = {seq}")


def check(saved: Saved, seq: int, kind: str) -> None:
    """Verify: one failure, at this entry, and the anchor fits all the same."""
    report = saved.attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert [(one.stream, one.seq, one.kind.value) for one in told(report)] == [
        ("main", seq, kind)
    ]
    assert [(one.name, one.entries) for one in report.streams] == [
        ("main", MAIN),
        ("side", SIDE),
    ]
    anchored = [one.anchored and one.anchored.size for one in report.streams]
    assert anchored[1] == SIDE
    assert anchored[0] == MAIN or seq == NEWEST


@pytest.mark.parametrize("value", EVENT)
@pytest.mark.parametrize("place", EVENTS)
def test_1_event_bytes_edited(saved: Saved, place: str, value: str) -> None:
    seq = EVENTS[place]
    if not edit_changes(saved, value, seq):
        value = EVENT[0].replace("usr_", "prooftrail").replace("usr-", "Prooftrail")
    edit(saved, "event", value, seq)
    check(saved, seq, "edited")


def edit_changes(saved: Saved, value: str, seq: int) -> bool:
    row = saved.attacked.execute(
        f"select ({value.replace('{}', 'event').replace('{{', '{')}) <> event"
        " from prooftrail.log where stream = 1 and seq = %s",
        (seq,),
    ).fetchone()
    return bool(row and row[0])


@pytest.mark.parametrize("place", EVENTS)
def test_1_event_bytes_and_salt_gone(saved: Saved, place: str) -> None:
    saved.edit(
        "log", "event", "null", f"stream = 1 and seq = {EVENTS[place]}", salt="null"
    )
    check(saved, EVENTS[place], "edited")


@pytest.mark.parametrize(
    ("column", "value"),
    [(column, value) for column, values in PROJECTIONS.items() for value in
     [*values, "null"]],
)  # fmt: skip
def test_2_projection_edited(saved: Saved, column: str, value: str) -> None:
    edit(saved, column, value, MIDDLE)
    check(saved, MIDDLE, "projection edited")


@pytest.mark.parametrize("seq", [2, 55, 202])
def test_2_an_event_hidden_among_the_continuations(saved: Saved, seq: int) -> None:
    edit(saved, "continues", "gen_random_uuid()", seq)
    check(saved, seq, "projection edited")
    saved.attacked.execute(
        "update prooftrail.daily d set n = d.n - 1 from prooftrail.log l"
        " where l.stream = 1 and l.seq = %s and d.stream = l.stream"
        " and d.day = prooftrail.day_of(l.occurred_us) and d.action = l.action"
        " and d.role is not distinct from l.role and d.result = l.result"
        " and d.pii = l.pii",
        (seq,),
    )
    assert summary(saved.attacked.verify()) == [
        ("main", "rollup edited", None, None),
        ("main", "projection edited", seq, None),
    ]


@pytest.mark.parametrize("column", PROJECTIONS)
@pytest.mark.parametrize("seq", [FIRST, NEWEST])
def test_2_projection_edited_at_the_ends(saved: Saved, column: str, seq: int) -> None:
    edit(saved, column, PROJECTIONS[column][0], seq)
    check(saved, seq, "projection edited")


@pytest.mark.parametrize("place", SEQS)
@pytest.mark.parametrize(
    ("column", "value"),
    [(column, value) for column, values in HEADER.items() for value in
     [*values, *(["null"] if column not in NOT_NULLABLE else [])]],
)  # fmt: skip
def test_3_header_edited(saved: Saved, column: str, value: str, place: str) -> None:
    seq = SEQS[place]
    edit(saved, column, value, seq)
    if column in {"stream", "seq"}:
        check_moved(saved, seq)
    else:
        check(saved, seq, "edited")


def check_moved(saved: Saved, seq: int) -> None:
    """An entry that was moved is missed at its place, or named where it stands."""
    report = saved.attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    found = told(report)
    main = [one for one in found if one.stream == "main" and one.seq is not None]
    assert any(
        one.seq == seq and one.kind.value in {"deleted", "truncated"} for one in main
    )
    allowed = {
        *((near, kind) for near in (seq - 1, seq + 1)
          for kind in ("inserted", "edited")),
        *((far, "inserted") for far in (-7, 100_000, 2**63 - 2)),
        (204, "head edited"),  # where the newest moved one on
    }  # fmt: skip
    assert {(one.seq, one.kind.value) for one in main if one.seq != seq} <= allowed
    for one in found:  # where it went to
        if one.stream == "side":
            assert (one.seq, one.kind.value) == (seq, "inserted")
        elif one.stream != "main":
            assert (one.stream, one.kind.value) == ("number 99", "registry edited")


def test_3_every_column_is_attacked(saved: Saved) -> None:
    assert {*HEADER, "event", *PROJECTIONS} == set(COLUMNS["log"])
    for table, columns in COLUMNS.items():
        assert saved.columns(table) == columns
