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
    "leaf": ("text", "encode(leaf, 'hex')"),
    "prev": ("text", "encode(prev, 'hex')"),
    "body": ("uuid", "gen_random_uuid()"),
    "salt": ("bigint", "7"),
    "kind": ("text", "'x'"),
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
