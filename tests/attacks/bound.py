"""The Integrity report of a log that was attacked: made of each attack, and looked at.

Whatever `Attacked.verify` finds fault with, once a test, an auditor's report is made of
it as well: by his key, of the same findings, and of the tables as the attack left them.
Setting it as PDF is `tests/attacks/test_report.py`'s.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from prooftrail.access import tokens
from prooftrail.integrity.findings import Kind, Weight
from prooftrail.integrity.verdict import Verdict
from prooftrail.reports import integrity_making
from prooftrail.reports.document import Table
from prooftrail.reports.integrity_breaks import DONE
from prooftrail.store import connect, keys
from prooftrail.store.readers import Readers
from tests.desk_rig import sitting
from tests.trail import now_us

if TYPE_CHECKING:
    from prooftrail.reports.enclosing import Draft
    from prooftrail.verification.report import Asked, Report
    from tests.trail import Trail

BREAKS = "Findings"
_TOKEN = tokens.make(lambda size: b"\x07" * size)
_made: set[tuple[str, tuple[str, ...]]] = set()


def let_in(trail: Trail) -> None:
    """Give an auditor his key."""
    with closing(connect.connect(None, dsn=trail.dsn, autocommit=True)) as admin:
        keys.create(
            admin,
            name="an auditor",
            role="auditor",
            token_hash=tokens.digest(_TOKEN),
            expires_at=datetime.fromtimestamp(now_us() / 1e6, UTC) + timedelta(days=1),
        )


def check(trail: Trail, wanted: Asked, report: Report) -> None:
    """Make the report of an attack, unless this test made one of its like already."""
    if report.verdict is Verdict.VERIFIED:
        return
    test = os.environ.get("PYTEST_CURRENT_TEST", "").split("[")[0]
    like = test, tuple(sorted({one.kind.value for one in report.findings}))
    if like in _made:
        return
    _made.add(like)
    draft, code = make(trail, wanted, report)
    assert code == report.verdict.exit_code
    tells(draft, report)


def make(trail: Trail, wanted: Asked, report: Report) -> tuple[Draft, int]:
    """Make the report of what was found already."""
    with (
        closing(Readers(trail.dsn, size=1)) as readers,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv(connect.DSN, trail.dsn)
        told = [("stream", one) for one in wanted.streams]
        desk = sitting(readers, _TOKEN, told)
        return integrity_making.make(desk, wanted, lambda _: report)


def tells(draft: Draft, report: Report) -> None:
    """Hold the report against what was found."""
    answer = draft.report.answer
    assert answer.tone == "attention"
    failures = [one for one in report.findings if one.weight is Weight.FAILURE]
    if not failures:
        assert (
            answer.headline == "It could not be verified whether the log was altered."
        )
        assert answer.sentences
        return
    assert answer.headline.startswith("The log was altered. ")
    assert any(answer.headline.endswith(f"{one.kind.value}.") for one in failures)
    with_seq = [one for one in failures if one.seq is not None]
    if len(with_seq) == len(failures):
        assert any(f" {one.seq:,} " in answer.headline for one in with_seq)
    assert any("could alter the log" in one for one in answer.sentences)
    for stream in {one.stream for one in failures}:
        assert any(
            one.startswith(f"{stream or 'The database'}: ")
            and "anchored checkpoint before it" in one
            for one in answer.sentences
        )
    [section] = [one for one in draft.report.sections if one.title == BREAKS]
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert "Accounts that could: " in table.caption
    assert "not known" not in table.caption
    rows = {row[:3]: row[3:] for row in table.rows}
    for one in failures[:20]:
        seq = "beside the entries" if one.seq is None else f"{one.seq:,}"
        if one.last not in {None, one.seq}:
            seq += f" to {one.last:,}"
        expected, found, since = rows[one.stream, seq, DONE[one.kind][0]]
        assert expected
        assert found
        assert since
    assert {one.kind for one in failures} <= DONE.keys() | {Kind.NOTE}
    assert draft.report.exceptions.rows
