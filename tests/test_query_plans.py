"""Which index serves which question, asked as the reader under row-level security."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.store import asking, branching, counting, searching
from prooftrail.store.question import AllOf, AnyOf, Not, Position, Question
from tests import planning
from tests.planned import CASES, MARCH, Case, is_
from tests.planning import Filled, explained, last_statement, look
from tests.searched import ALL_TIME, BEGIN, DAY, asker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.store.connect import Connection
    from tests.trail import Trail

TOKEN = "of a test"
LATER = Position(BEGIN + 80 * DAY, 1, 1)


@pytest.fixture(scope="module")
def shared_trail(
    cluster: Any, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Trail]:
    """One filled database for all plans."""
    name = f"plans_{worker_id}_{cluster.version}"
    made = cluster.clone(name, tmp_path_factory.mktemp(name))
    try:
        made.stream("b")
        planning.fill(made)
        yield made
    finally:
        made.close()
        cluster.drop(name)


@pytest.fixture
def filled(shared_trail: Trail) -> Filled:
    return planning.filled(shared_trail)


@pytest.fixture(params=[ALL_TIME, MARCH], ids=["all time", "a period"])
def reader(
    shared_trail: Trail, request: pytest.FixtureRequest
) -> Iterator[tuple[Connection, dict[int, int]]]:
    token = f"{TOKEN} {request.node.name}"
    with (
        asker(shared_trail, token, period=request.param) as readers,
        readers.reading(token) as connection,
    ):
        yield connection, searching.ends(connection)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_keys_come_from_an_index_and_no_table_is_read_through(
    reader: tuple[Connection, dict[int, int]], case: Case, filled: Filled
) -> None:
    connection, as_of = reader
    one = {1: as_of[1]}
    for ends, before in ((one, None), (as_of, None), (as_of, LATER)):
        for plan in page_plans(connection, case.question, ends, before):
            look(plan, case.page, filled, index_only=case.index_only)
    narrowed = searching.begin(connection, case.question, workers=2)
    asked = counting.Counting(narrowed, as_of)
    statement = asking.query("search_count", keys=asked.keys())
    plan = explained(connection, statement, asked.values)
    look(plan, case.counted, filled, index_only=case.index_only)


def test_a_page_sorts_no_more_than_it_gives(
    reader: tuple[Connection, dict[int, int]], filled: Filled
) -> None:
    """What an index gives in order is not fetched to its end for a page."""
    connection, as_of = reader
    for question in (
        Question(),
        Question((is_("actor", "usr_12"),)),
        Question((is_("action", "customer.pii.view"),)),
        Question((is_("resource", "cust_456"),)),
    ):
        for plan in page_plans(connection, question, as_of, None, analyze=True):
            scanned = sum(
                node["Actual Rows"] * node["Actual Loops"]
                for node in plan
                if node.get("Relation Name") in filled.tables
            )
            # an incremental sort takes groups of 32 at least
            assert scanned < 150, (question, scanned, json.dumps(plan, indent=1))


def test_either_of_two_is_two_scans_in_order_of_time(
    reader: tuple[Connection, dict[int, int]], filled: Filled
) -> None:
    connection, as_of = reader
    by = AllOf((is_("actor", "usr_12"), Not(is_("role", "admin"))))
    of = is_("resource", "cust_456")
    for others, wanted in (
        ((is_("ip", "203.0.113.7"),), {"log_actor", "log_ip"}),
        ((of,), {"log_actor", "log_resource", "subject_of"}),
    ):
        question = Question(conditions=(AnyOf((by, *others)),))
        branches = branching.of(question)
        assert len(branches) == 2
        used: set[str] = set()
        for branch in branches:
            for plan in page_plans(connection, branch, as_of, None, analyze=True):
                look(plan, wanted, filled, index_only=False)
                names = [str(node.get("Index Name", "")) for node in plan]
                used |= {filled.indexes.get(name, "") for name in names}
                scanned = sum(
                    node["Actual Rows"] * node["Actual Loops"]
                    for node in plan
                    if node.get("Relation Name") in filled.tables
                )
                assert scanned < 150, json.dumps(plan, indent=1)
        assert wanted <= used
        found = searching.page(connection, question, as_of, None, 200)
        both = [
            key
            for branch in branches
            for key in searching.page(connection, branch, as_of, None, 200)
        ]
        assert {one.seq for one in found} <= {one.seq for one in both}
        assert len(found) == len({(one.stream, one.seq) for one in found})


def test_whose_token_it_is_is_not_planned_with_every_statement(
    reader: tuple[Connection, dict[int, int]],
) -> None:
    """As a view, asked four times by a policy, it doubled the time of a page."""
    connection, as_of = reader
    question = Question((is_("resource", "cust_456"),))
    for plan in page_plans(connection, question, as_of, None):
        functions = {node.get("Function Name") for node in plan}
        relations = {node.get("Relation Name") for node in plan}
        assert "token_grant" in functions
        assert not relations & {"api_key", "session", "person"}


def test_rows_single_events_and_following_are_looked_up_by_their_keys(
    reader: tuple[Connection, dict[int, int]],
    filled: Filled,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection, as_of = reader
    found = searching.page(connection, Question(), as_of, None, 20)
    at = searching.newest(connection, 1) - 20
    for ask, wanted in (
        (lambda: searching.page(connection, Question(), as_of, None, 9), "log_pkey"),
        (
            lambda: searching.by_event_id(connection, found[0].event_id, [1, 2]),
            "log_event_id",
        ),
        (lambda: searching.parts(connection, 1, found[0].event_id), "log_continues"),
        (lambda: searching.after(connection, 1, at, Question(), 5), "log_pkey"),
    ):
        statement, values = last_statement(connection, ask, monkeypatch)
        plan = explained(connection, statement, values)
        look(plan, {wanted}, filled, index_only=False)
        used = {filled.indexes.get(node.get("Index Name", ""), "") for node in plan}
        assert used - {""} == {wanted}


def test_a_profile_is_read_by_what_it_is_of(
    reader: tuple[Connection, dict[int, int]], filled: Filled
) -> None:
    connection, as_of = reader
    for term, allowed in (
        (is_("actor", "usr_12"), {"log_actor"}),
        (is_("resource", "cust_456"), {"log_resource", "subject_of"}),
    ):
        narrowed = searching.begin(connection, Question((term,)), workers=2)
        asked = counting.Counting(narrowed, as_of)
        bound = asked.values(9)
        statement = asking.query("profile", rows=asked.rows(), most=bound)
        plan = explained(connection, statement, asked.values)
        look(plan, allowed, filled, index_only=False)


def test_who_somebody_is_is_one_step_down_an_index(
    reader: tuple[Connection, dict[int, int]],
    filled: Filled,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection, _ = reader
    actors = [f"usr_{n}" for n in range(9)]
    statement, values = last_statement(
        connection, lambda: searching.newest_of(connection, actors), monkeypatch
    )
    plan = explained(connection, statement, values, analyze=True)
    look(plan, {"log_actor"}, filled, index_only=False)
    scanned = sum(
        node["Actual Rows"] * node["Actual Loops"]
        for node in plan
        if node.get("Relation Name") in filled.tables
    )
    assert scanned <= len(actors) * len(filled.tables)


def page_plans(
    connection: Connection,
    question: Question,
    as_of: dict[int, int],
    before: Position | None,
    *,
    analyze: bool = False,
) -> Iterator[list[dict[str, Any]]]:
    narrowed = searching.begin(connection, question, workers=0)
    asked = asking.Asked(narrowed, as_of, before)
    limit = 3 if analyze else 50
    yield explained(connection, asked.page(limit), asked.values, analyze=analyze)
    if (touched := asked.touched(limit)) is not None:
        statement, in_order = touched
        connection.execute(searching._SORT, (not in_order,))
        yield explained(connection, statement, asked.values, analyze=analyze)
        connection.execute(searching._SORT, (True,))
