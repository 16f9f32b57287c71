"""A filled database for plans, and what a plan must look like."""

from __future__ import annotations

import json
from random import Random  # noqa: TID251  seeded: plans must come again
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.core import ids, instants
from tests.sealing import seal
from tests.searched import BEGIN, DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from prooftrail.store.connect import Connection
    from tests.trail import Trail

COUNT = 20_000


def fill(trail: Trail) -> None:
    random = Random(1)
    admin = trail.superuser()
    with admin.cursor().copy(
        "copy prooftrail.inbox (stream, event) from stdin"
    ) as into:
        for number in range(COUNT):
            into.write_row((random.choice(["main", "b"]), text(random, number)))
    seal(trail)
    for table in ("log", "subject"):
        admin.execute(f"vacuum analyze prooftrail.{table}")


def text(random: Random, number: int) -> str:
    at = BEGIN + number * 180 * DAY // COUNT
    failed = random.random() < 0.05
    action = random.choices(
        ["customer.pii.view", "auth.login", "admin.user.delete"], [700, 300, 2]
    )[0]
    event: dict[str, Any] = {
        "eventId": ids.uuid7(at, random.randbytes(8)),
        "timestamp": instants.text(at),
        "actor": {
            "userId": f"usr_{random.randrange(200)}",
            "role": random.choice(["support", "support", "ops", "admin"]),
            "ipAddress": f"198.51.100.{random.randrange(250)}"
            if failed
            else f"203.0.113.{random.randrange(250)}",
        },
        "action": action,
        "resource": {"type": "customer", "id": f"cust_{random.randrange(2_000)}"},
        "result": random.choice(["failure", "denied"]) if failed else "success",
    }
    if number % 3:
        basis = "break_glass" if number % 300 == 1 else "role"
        event["authorization"] = {"decision": "allowed", "basis": basis}
    if number % 2 == 0:
        event["subjects"] = [f"cust_{random.randrange(2_000)}" for _ in range(3)]
    if number % 50 == 0:
        event["subjects"].append("cust_456")
    return json.dumps(event)


class Filled(NamedTuple):
    """The partitions that have entries, and of which index each index is a part."""

    tables: set[str]
    indexes: dict[str, str]


def filled(trail: Trail) -> Filled:
    admin = trail.superuser()
    tables = admin.execute(
        "select relname from pg_class where relkind = 'r' and reltuples > 0"
        " and relnamespace = 'prooftrail_part'::regnamespace"
    ).fetchall()
    indexes = admin.execute(
        "select c.relname, p.relname from pg_class c"
        " join pg_inherits on inhrelid = c.oid"
        " join pg_class p on p.oid = inhparent where c.relkind = 'i'"
    ).fetchall()
    return Filled({row[0] for row in tables}, dict(indexes))


_READ = ("prooftrail.log l", "prooftrail.daily d")


def last_statement(
    connection: Connection, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, Any]:
    statements = []
    execute = connection.execute

    def spy(query: Any, values: Any = None, **options: Any) -> Any:
        statements.append((query, values))
        return execute(query, values, **options)

    with monkeypatch.context() as patched:
        patched.setattr(connection, "execute", spy)
        ask()
    return next(
        (query, values)
        for query, values in reversed(statements)
        if any(table in query.as_string(connection) for table in _READ)
    )


def explained(
    connection: Connection, statement: Any, values: Any, *, analyze: bool = False
) -> list[dict[str, Any]]:
    """Return the nodes of a statement's plan."""
    explain = "explain (analyze, timing off, " if analyze else "explain ("
    text = statement if isinstance(statement, str) else statement.as_string(connection)
    query: Any = f"{explain}format json) {text}"
    row: Any = connection.execute(query, values, prepare=False).fetchone()
    return list(walk(row[0][0]["Plan"]))


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", []):
        yield from walk(inner)


def look(
    plan: list[dict[str, Any]], allowed: set[str], filled: Filled, *, index_only: bool
) -> None:
    """Look at what reads the partitions that have entries."""
    told = json.dumps(plan, indent=1)
    scans = [node for node in plan if node.get("Relation Name") in filled.tables]
    used = {filled.indexes.get(node.get("Index Name", ""), "") for node in plan} - {""}
    assert scans, told
    assert used & allowed, told
    kinds = {node["Node Type"] for node in scans}
    assert "Seq Scan" not in kinds, told
    if index_only:
        assert kinds == {"Index Only Scan"}, told
        assert {filled.indexes[node["Index Name"]] for node in scans} <= allowed, told
