"""The checker alone: any bit of any row, and nothing else, is found at its entry."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from prooftrail.core import merkle
from prooftrail.integrity import bulk
from prooftrail.integrity.check import Check
from prooftrail.integrity.diagnosis import Row
from prooftrail.integrity.findings import (
    MAX_KEPT,
    Finding,
    Kind,
    Weight,
    failure,
    incomplete,
    warning,
)
from prooftrail.integrity.tree import Claim, Tree
from prooftrail.integrity.verdict import Verdict, conclude
from tests.memory_log import (
    COLUMNS,
    Log,
    check,
    make,
    spoil,
    spoil_column,
    spoil_subject,
)
from tests.signing_rig import mth

if TYPE_CHECKING:
    from prooftrail.integrity.segment import Segment

logs = st.tuples(st.integers(1, 24), st.integers(0, 2**32)).map(lambda to: make(*to))


def told(part: Segment) -> list[tuple[int | None, str]]:
    return [(one.seq, one.kind.value) for one in part.findings]


@given(logs)
def test_a_log_as_it_was_sealed_has_no_finding(log: Log) -> None:
    part = check(log, len(log.rows))
    assert part.findings == []
    assert part.entries == len(log.rows)
    assert merkle.root_of(part.peaks) == mth([row.leaf for row in log.rows])
    assert sum(part.days.values()) == sum(row.continues is None for row in log.rows)


@settings(max_examples=400)
@given(
    logs,
    st.integers(0, 23),
    st.sampled_from(
        ["recorded_us", "kind", "stream_id", "prev", "body", "leaf", "salt", "event"]
    ),
    st.integers(0, 2**12),
)
def test_any_bit_of_any_header_or_body_is_found_at_its_entry(
    log: Log, at: int, name: str, bit: int
) -> None:
    at %= len(log.rows)
    log.rows[at] = spoil(log.rows[at], name, bit)
    part = check(log, len(log.rows))
    assert told(part) == [(at, "edited")]
    # the next entry is chained to what was there: the tree is the same
    if at < len(log.rows) - 1:
        assert part.unresolved is None
        true = make_again(log, at)
        assert merkle.root_of(part.peaks) == mth(true)


def make_again(log: Log, at: int) -> list[bytes]:
    """Return the leaves as they were, the one at `at` by its successor's word."""
    found = [row.leaf for row in log.rows]
    found[at] = log.rows[at + 1].prev
    return found


@settings(max_examples=300)
@given(logs, st.integers(0, 23), st.integers(0, COLUMNS - 1), st.integers(0, 2**8))
def test_any_bit_of_any_projection_is_found_at_its_entry(
    log: Log, at: int, column: int, bit: int
) -> None:
    at %= len(log.rows)
    log.rows[at] = spoil_column(log.rows[at], column, bit)
    assert told(check(log, len(log.rows))) == [(at, "projection edited")]


@given(
    logs,
    st.integers(0, 23),
    st.sampled_from(Row._fields[1:]),
    st.sampled_from([None, "x", b"x", 1.5, Decimal(1), -1, [], {}]),
)
def test_a_value_of_any_type_in_any_column_is_found(
    log: Log, at: int, name: str, value: object
) -> None:
    """As a superuser can put one there who drops constraints or alters a column."""
    at %= len(log.rows)
    assume(getattr(log.rows[at], name) != value)
    changed: dict[str, Any] = {name: value}
    log.rows[at] = log.rows[at]._replace(**changed)
    part = check(log, len(log.rows))
    assert at in {seq for seq, _ in told(part)}


@settings(max_examples=200)
@given(logs, st.integers(0, 23), st.integers(0, 61))
def test_any_bit_of_any_seq_is_found(log: Log, at: int, bit: int) -> None:
    at %= len(log.rows)
    log.rows[at] = spoil(log.rows[at], "seq", bit)
    to = log.rows[at].seq
    part = check(log, len(log.rows))
    assert (at, "deleted") in told(part)
    assert {seq for seq, _ in told(part)} <= {at, to}


@given(logs, st.integers(0, 100), st.sampled_from(["occurred_us", "recorded_us"]))
def test_any_subject_row_is_found_at_its_entry(log: Log, at: int, name: str) -> None:
    assume(log.subjects)
    at %= len(log.subjects)
    row = log.subjects[at]
    expected = [(row.seq, "projection edited")]
    other: dict[str, Any] = {name: getattr(row, name) ^ 1}
    null: dict[str, Any] = {name: None}
    for spoiled in (
        [row._replace(**other)],
        [row._replace(**null)],
        [row._replace(subject=(row.subject or "") + "x")],
        [row._replace(subject=None)],
        [row, row],
        [],
    ):
        subjects = [*log.subjects[:at], *spoiled, *log.subjects[at + 1 :]]
        assert told(check(Log(log.rows, subjects), len(log.rows))) == expected


@settings(max_examples=300)
@given(
    st.integers(1, 2 * bulk.RUN + 9),
    st.integers(0, 99),
    st.lists(
        st.tuples(
            st.integers(0, 999),
            st.sampled_from(
                [
                    "recorded_us", "kind", "stream_id", "prev", "body", "leaf", "salt",
                    "event", "columns", "seq", "subjects",
                ]
            ),
            st.integers(0, 2**12),
        ),
        max_size=4,
    ),
)  # fmt: skip
def test_a_look_at_many_at_once_says_what_a_look_at_each_says(
    entries: int, seed: int, spoiled: list[tuple[int, str, int]]
) -> None:
    log = make(entries, seed)
    for at, name, bit in spoiled:
        if name == "subjects":
            spoil_subject(log, at, bit)
        elif name == "columns":
            row = spoil_column(log.rows[at % entries], bit % COLUMNS, bit)
            log.rows[at % entries] = row
        else:
            log.rows[at % entries] = spoil(log.rows[at % entries], name, bit)
    together = check(log, entries)
    with patch.object(bulk, "look", return_value=None):
        assert check(log, entries) == together


def test_a_sound_log_needs_no_look_at_each() -> None:
    log = make(3 * bulk.RUN + 1, 7)
    with patch.object(Check, "_look_at", side_effect=AssertionError):
        assert check(log, len(log.rows)).findings == []


@given(logs, st.integers(0, 23), st.integers(1, 5))
def test_entries_that_are_gone_are_named_and_nothing_else(
    log: Log, first: int, count: int
) -> None:
    stop = len(log.rows)
    first %= stop
    last = min(first + count, stop) - 1
    rows = [row for row in log.rows if not first <= row.seq <= last]
    part = check(Log(rows, log.subjects), stop)
    assert [(one.kind, one.seq, one.last) for one in part.findings] == [
        (Kind.DELETED, first, last)
    ]
    assert part.lost == last - first + 1


@given(logs, st.integers(0, 23), st.integers(0, 23))
def test_two_entries_that_change_places_are_named_both(
    log: Log, one: int, other: int
) -> None:
    one, other = one % len(log.rows), other % len(log.rows)
    assume(one != other)
    rows = [*log.rows]
    rows[one] = log.rows[one]._replace(seq=other)
    rows[other] = log.rows[other]._replace(seq=one)
    found = told(check(Log(rows, log.subjects), len(rows)))
    assert found == [(min(one, other), "reordered"), (max(one, other), "reordered")]


@given(logs, st.integers(0, 23), st.integers(-5, -1))
def test_entries_where_none_belong_are_named(log: Log, at: int, below: int) -> None:
    row = log.rows[at % len(log.rows)]
    rows = [*log.rows, row, row._replace(seq=below)]
    later = row._replace(recorded_us=row.recorded_us + 1)
    found = told(check(Log(rows, log.subjects), len(log.rows)))
    assert found == [(below, "inserted"), (row.seq, "duplicated")]
    found = told(check(Log([*log.rows, later], log.subjects), len(log.rows)))
    assert found == [(row.seq, "inserted")]


@given(
    st.integers(1, 60),
    st.integers(0, 99),
    st.integers(1, 4),
    st.sets(st.integers(1, 60)),
)
def test_segments_join_into_one_tree(
    entries: int, seed: int, level: int, sizes: set[int]
) -> None:
    log = make(entries, seed)
    leaves = [row.leaf for row in log.rows]
    claims = [
        Claim(size, mth(leaves[:size]), size, "the anchor", outside=True)
        for size in sizes
        if size <= entries
    ]
    stored = {one.size: {peaks_before(leaves, one.size)} for one in claims}
    tree = Tree("main", claims, stored=stored)
    for start in range(0, entries, 1 << level):
        stop = min(start + (1 << level), entries)
        tree.join(
            check(
                log,
                stop,
                start=start,
                before=log.rows[start - 1] if start else None,
                sizes=tree.sizes(start, stop),
            )
        )
    tree.end(entries, entries)
    assert tree.findings == []
    assert tree.root() == mth(leaves)
    assert tree.compared == len(claims)
    largest = max((one.size for one in claims), default=None)
    assert (tree.anchored.size if tree.anchored else None) == largest


def peaks_before(leaves: list[bytes], size: int) -> bytes:
    held = merkle.Range()
    for leaf in leaves[: size - 1]:
        held.append(leaf)
    return b"".join(held.peaks)


@given(st.integers(2, 40), st.integers(0, 99), st.data())
def test_a_root_that_is_another_tells_from_where(
    entries: int, seed: int, data: st.DataObject
) -> None:
    log = make(entries, seed)
    leaves = [row.leaf for row in log.rows]
    good = data.draw(st.integers(0, entries - 1))
    wrong = data.draw(st.integers(good + 1, entries))
    claims = [Claim(wrong, b"x" * 32, None, "the anchor", outside=True)]
    if good:
        claims.append(Claim(good, mth(leaves[:good]), None, "the anchor", outside=True))
    tree = Tree("main", claims)
    tree.join(check(log, entries, sizes=tree.sizes(0, entries)))
    tree.end(entries, entries)
    assert [(one.kind, one.seq, one.last) for one in tree.findings] == [
        (Kind.REWRITTEN, good, wrong - 1)
    ]


def test_a_claim_beyond_the_end_is_a_truncation_unless_the_log_grew_meanwhile() -> None:
    log = make(5, 1)
    claims = [Claim(9, b"x" * 32, None, "the anchor", outside=True)]
    for known, expected in ((5, [(Kind.TRUNCATED, 5, 8)]), (9, []), (12, [])):
        tree = Tree("main", claims)
        tree.join(check(log, 5, sizes=tree.sizes(0, 5)))
        tree.end(5, known)
        found = [(one.kind, one.seq, one.last) for one in tree.findings]
        assert found == expected


def test_findings_are_kept_up_to_a_bound_and_counted_beyond() -> None:
    log = make(MAX_KEPT + 50, 1)
    rows = [row._replace(leaf=b"x" * 32) for row in log.rows]
    part = check(Log(rows, log.subjects), len(rows))
    assert len(part.findings) == MAX_KEPT
    assert part.failures == MAX_KEPT + 50


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], Verdict.VERIFIED),
        ([warning(Kind.NOTE, "", "")], Verdict.VERIFIED),
        ([incomplete("", ""), warning(Kind.NOTE, "", "")], Verdict.INCOMPLETE),
        ([incomplete("", ""), failure(Kind.EDITED, "", 0, "")], Verdict.TAMPERED),
    ],
)
def test_a_failure_outranks_an_incomplete(
    found: list[Finding], verdict: Verdict
) -> None:
    assert conclude(found) is verdict
    assert conclude(reversed(found)) is verdict


def test_exit_codes() -> None:
    assert [one.exit_code for one in Verdict] == [0, 1, 2]
    assert max(Weight) is Weight.FAILURE
