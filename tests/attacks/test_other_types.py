"""Columns of the log that a superuser gave another type, with values of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prooftrail.integrity.findings import Kind
from tests.attacks.rig import kinds

if TYPE_CHECKING:
    from tests.attacks.rig import Attacked

# A type, and a value of it; the driver cannot read some of them.
TYPES = {
    "event_id": ("numeric", "'NaN'"),
    "actor": ("date", "'infinity'"),
    "role": ("timestamptz", "'294276-01-01'"),
    "resource_type": ("timestamptz[]", "'{infinity}'"),
    "resource_id": ("interval", "'1 day'"),
    "result": ("name", "'x'"),
    "ip": ("cidr", "ip::cidr"),
    "pii": ("text", "pii::text"),
    "continues": ("text", "continues::text"),
    "authority": ("bytea", "authority::bytea"),
    "leaf": ("text", "encode(leaf, 'hex')"),
    "prev": ("text", "encode(prev, 'hex')"),
    "body": ("uuid", "gen_random_uuid()"),
    "salt": ("bigint", "7"),
    "kind": ("boolean", "kind = 1"),
    "stream_id": ("text", "stream_id::text"),
    "event": ("jsonb", "convert_from(event, 'UTF8')::jsonb"),
}


@pytest.mark.parametrize("column", TYPES)
def test_any_value_of_any_type_is_tampering(attacked: Attacked, column: str) -> None:
    to, using = TYPES[column]
    attacked.disarm()
    attacked.execute("drop view prooftrail.entry")
    attacked.execute(
        f"alter table prooftrail.log alter column {column} type {to} using {using}"
    )
    report = attacked.verify()
    assert report.verdict.exit_code == 1
    assert kinds(report) & {Kind.EDITED, Kind.PROJECTION_EDITED}


def test_a_number_in_the_place_of_a_truth(attacked: Attacked) -> None:
    """1 equals True: the looks at many and at each must both tell them apart."""
    attacked.disarm()
    attacked.execute("drop view prooftrail.entry")
    attacked.execute(
        "alter table prooftrail.log alter column pii type smallint"
        " using pii::integer::smallint"
    )
    report = attacked.verify()
    assert report.verdict.exit_code == 1
    assert kinds(report) == {Kind.PROJECTION_EDITED}


@pytest.mark.parametrize("number", ["numeric", "double precision"])
@pytest.mark.parametrize("column", ["seq", "occurred_us"])
def test_a_subjects_number_of_another_type(
    attacked: Attacked, column: str, number: str
) -> None:
    attacked.disarm()
    attacked.execute("drop policy granted on prooftrail.subject")
    attacked.execute(
        f"alter table prooftrail.subject alter column {column} type {number}"
    )
    report = attacked.verify()
    assert report.verdict.exit_code == 1
    assert Kind.PROJECTION_EDITED in kinds(report)


@pytest.mark.parametrize("number", ["numeric", "double precision"])
def test_a_count_that_is_no_number(attacked: Attacked, number: str) -> None:
    attacked.disarm()
    attacked.execute(
        f"alter table prooftrail.daily alter column n type {number} using 'NaN'"
    )
    report = attacked.verify()
    assert report.verdict.exit_code == 1
    assert kinds(report) == {Kind.ROLLUP_EDITED}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("log", "role"),
        ("log", "resource_id"),
        ("subject", "subject"),
        ("daily", "action"),
        ("checkpoint", "note"),
        ("stream", "base"),
    ],
)
def test_a_text_that_is_no_utf_8(attacked: Attacked, table: str, column: str) -> None:
    """As an edited file gives it: the server sends it without a look."""
    attacked.disarm()
    attacked.execute("create cast (bytea as text) without function")
    attacked.execute(
        f"update prooftrail.{table} set {column} = '\\xff'::bytea::text"
        f" where ctid = (select max(ctid) from prooftrail.{table})"
    )
    assert attacked.verify().verdict.exit_code == 1
