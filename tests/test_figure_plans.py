"""Which indexes figures are read from, asked as the reader under row-level security."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from prooftrail.store import (
    accounts,
    authority,
    connect,
    continuity,
    figures,
    files,
    leavers,
    searching,
    showing,
)
from prooftrail.store.question import AnyOf, Network, Not, Question, Term
from tests import planning
from tests.planned import MARCH, PII, is_
from tests.planning import Filled, explained, look
from tests.searched import ALL_TIME, BEGIN, DAY, asker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Condition
    from tests.trail import Trail

TOKEN = "of a test"
LASTS = {1: 10**9, 2: 10**9}


class Asked(NamedTuple):
    """What is asked, and the indexes that may give it."""

    name: str
    question: Question
    indexes: set[str]
    index_only: bool = True
    by_days: bool = False
    less: bool = False  # all that days know, less what does not answer


OFFICE = Term("ip", (Network("203.0.113.0", "203.0.113.255"),))
WHOLE = {"log_time"}
SEVERAL = {"log_actor", "log_resource", "subject_of"}


def either(*conditions: Condition) -> Question:
    return Question(conditions=(AnyOf(conditions),))


ASKED = [
    Asked("timeline", Question(), WHOLE, by_days=True),
    Asked("a month", Question((), *MARCH), WHOLE, by_days=True),
    Asked("personal data", Question((is_("pii", True),)), WHOLE, by_days=True),
    Asked(
        "personal data, a month",
        Question((is_("pii", True),), *MARCH),
        WHOLE,
        by_days=True,
    ),
    Asked("by admins", Question((is_("role", "admin"), PII)), WHOLE, by_days=True),
    Asked("an office", Question((OFFICE,)), WHOLE, by_days=True, less=True),
    Asked(
        "by anybody else",
        Question(conditions=(Not(is_("actor", "usr_12")),)),
        WHOLE | {"log_actor"},
        index_only=False,
        by_days=True,
        less=True,
    ),
    Asked(
        "nothing of a customer",
        Question(conditions=(Not(is_("resource", "cust_456")),)),
        WHOLE | SEVERAL,
        index_only=False,
        by_days=True,
        less=True,
    ),
    Asked(
        "elsewhere, but by somebody",
        Question(conditions=(Not(OFFICE), Not(is_("actor", "usr_12")))),
        WHOLE,
    ),
    Asked(
        "admins, or anything denied",
        either(is_("role", "admin"), is_("result", "denied")),
        WHOLE,
        by_days=True,
    ),
    Asked("a type of resource", Question((is_("resource_type", "vault"),)), WHOLE),
    Asked("break-glass", Question((is_("authorization", "break-glass"),)), WHOLE),
    Asked(
        "an actor", Question((is_("actor", "usr_12"),)), {"log_actor"}, index_only=False
    ),
    Asked(
        "a customer",
        Question((is_("resource", "cust_456"),)),
        SEVERAL,
        index_only=False,
    ),
    Asked(
        "an actor or a customer",
        either(is_("actor", "usr_12"), is_("resource", "cust_456")),
        SEVERAL,
        index_only=False,
    ),
    Asked(
        "a rare action",
        Question((is_("action", "admin.user.delete"),)),
        {"log_action"},
        index_only=False,
        by_days=True,
    ),
    Asked(
        "denied",
        Question((is_("result", "denied"),)),
        {"log_failed"},
        index_only=False,
        by_days=True,
    ),
]


@pytest.fixture(scope="module")
def shared_trail(
    cluster: Any, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Trail]:
    """One filled database for all plans."""
    name = f"figures_{worker_id}_{cluster.version}"
    made = cluster.clone(name, tmp_path_factory.mktemp(name))
    try:
        made.stream("b")
        planning.fill(made)
        sign(made)
        for table in ("daily", "checkpoint"):
            made.superuser().execute(f"vacuum analyze prooftrail.{table}")
        yield made
    finally:
        made.close()
        cluster.drop(name)


def sign(trail: Trail) -> None:
    """Have as many checkpoints as years of heartbeats leave; none of them is signed."""
    admin = trail.superuser()
    admin.execute("alter table prooftrail.checkpoint disable trigger all")
    admin.execute(
        "insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)"
        " select s, n, %s + n * 1000000::bigint, 'a note', ''"
        " from generate_series(1, 2) s, generate_series(1, 5000) n",
        (BEGIN,),
    )


@pytest.fixture
def filled(shared_trail: Trail) -> Filled:
    return planning.filled(shared_trail)


@pytest.fixture(params=[ALL_TIME, MARCH], ids=["all time", "a period"])
def reader(shared_trail: Trail, request: pytest.FixtureRequest) -> Iterator[Connection]:
    token = f"{TOKEN} {request.node.name}"
    with (
        asker(shared_trail, token, period=request.param) as readers,
        readers.reading(token) as connection,
    ):
        yield connection


@pytest.mark.parametrize("asked", ASKED, ids=[one.name for one in ASKED])
def test_figures_come_from_an_index_and_no_table_is_read_through(
    reader: Connection,
    asked: Asked,
    filled: Filled,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans = planned(reader, lambda: figures.read(reader, asked.question), monkeypatch)
    of_log = [plan for plan in plans if reads(plan, filled.tables)]
    assert len(of_log) == 1 + asked.less
    for plan in of_log:
        look(plan, asked.indexes, filled, index_only=asked.index_only)
    of_days = [plan for plan in plans if reads(plan, {"daily"})]
    assert len(of_days) == asked.by_days


def test_days_and_checkpoints_come_from_their_keys(
    reader: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, spring = BEGIN + 175 * DAY, BEGIN + 60 * DAY
    for ask, table in (
        (lambda: showing.days(reader, [1, 2], late // DAY), "daily"),
        (lambda: showing.checkpoints(reader, [1, 2]), "checkpoint"),
        (
            lambda: figures.read(reader, Question((), spring, spring + 12 * DAY)),
            "daily",
        ),
    ):
        plans = planned(reader, ask, monkeypatch)
        [plan] = [plan for plan in plans if reads(plan, {table})]
        nodes = [node for node in plan if node.get("Relation Name") == table]
        assert nodes
        assert "Seq Scan" not in {node["Node Type"] for node in nodes}, plan


def test_a_newest_checkpoint_is_one_step_down_an_index(shared_trail: Trail) -> None:
    with asker(shared_trail, TOKEN) as readers, readers.reading(TOKEN) as connection:
        query, values = files.query("show_checkpoints"), {"streams": [1, 2]}
        plan = explained(connection, query, values, analyze=True)
    scanned = sum(
        node["Actual Rows"] * node["Actual Loops"]
        for node in plan
        if node.get("Relation Name") == "checkpoint"
    )
    assert scanned == 2


@pytest.mark.parametrize(
    "question",
    [
        Question(conditions=(Not(is_("resource", "cust_456")),)),
        either(is_("resource", "cust_456"), is_("role", "admin")),
        Question((is_("resource", "cust_7"), is_("resource", "cust_456"))),
    ],
    ids=["not a customer", "a customer or admins", "two customers"],
)
def test_whose_data_was_touched_is_looked_up_once_not_for_each_event(
    reader: Connection, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, plan = planned(
        reader, lambda: searching.count(reader, question, LASTS), monkeypatch
    )
    assert "hashed SubPlan" in json.dumps(plan)


def test_answers_to_auditors_come_from_indexes(
    reader: Connection, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_log(ask: Callable[[], object]) -> list[list[dict[str, Any]]]:
        plans = planned(reader, ask, monkeypatch)
        return [plan for plan in plans if reads(plan, filled.tables)]

    acted, kept = of_log(lambda: accounts.read(reader, [1, 2]))
    look(acted, {"log_actor"}, filled, index_only=False)
    look(kept, {"log_action"}, filled, index_only=False)
    [left] = of_log(lambda: leavers.read(reader, {"usr_7": BEGIN}, [1, 2]))
    look(left, {"log_actor", "log_resource"}, filled, index_only=False)
    changes, silences = of_log(lambda: continuity.read(reader, Question(), [1, 2]))
    look(changes, {"log_action"}, filled, index_only=False)
    look(silences, WHOLE, filled, index_only=True)
    of_one = Question((is_("resource", "cust_456"), is_("pii", True)))
    [counted] = of_log(lambda: authority.read(reader, of_one, LASTS))
    look(counted, SEVERAL, filled, index_only=False)


def test_days_of_a_part_are_read_by_seq(shared_trail: Trail, filled: Filled) -> None:
    with closing(connect.connect("verifier", dsn=shared_trail.dsn)) as connection:
        given = {"stream": 1, "start": 100, "stop": 200}
        plan = explained(connection, files.query("report_days"), given)
    look(plan, {"log_pkey"}, filled, index_only=False)


@pytest.mark.parametrize(
    "question",
    [
        Question(),
        Question((is_("pii", True),), *MARCH),
        Question((is_("authorization", "unexplained"), is_("role", "admin"))),
    ],
    ids=["all", "personal data, a month", "unexplained, by admins"],
)
def test_on_whose_authority_is_counted_in_an_index(
    reader: Connection,
    question: Question,
    filled: Filled,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans = planned(
        reader, lambda: authority.read(reader, question, LASTS), monkeypatch
    )
    [counted] = [plan for plan in plans if reads(plan, filled.tables)]
    look(counted, WHOLE, filled, index_only=True)


def planned(
    connection: Connection,
    ask: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> list[list[dict[str, Any]]]:
    """Return the plans of all statements that are sent meanwhile, in order.

    Those that ask for a plan themselves aside: nothing is read for it.
    """
    sent: list[tuple[Any, Any]] = []
    execute = connection.execute

    def spy(query: Any, values: Any = None, **options: Any) -> Any:
        sent.append((query, values))
        return execute(query, values, **options)

    with monkeypatch.context() as patched:
        patched.setattr(connection, "execute", spy)
        ask()
    return [
        explained(connection, query, values)
        for query, values in sent
        if values and "explain (" not in text(connection, query)
    ]


def text(connection: Connection, query: Any) -> str:
    return query if isinstance(query, str) else str(query.as_string(connection))


def reads(plan: list[dict[str, Any]], tables: set[str]) -> bool:
    return any(node.get("Relation Name") in tables for node in plan)
