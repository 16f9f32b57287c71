"""The table in docs/reference/privileges.md, as the real logins and in the catalog."""

from __future__ import annotations

import os
import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest

from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect, files, fingerprint, install
from tests.trail import PASSWORD, Cluster, Trail, now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "privileges.md"
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
APPLICATION = "application"
LOGINS = (*files.LOGINS, APPLICATION)
OBJECTS = sorted(
    found[1]
    for fact in fingerprint.expected()
    if (found := re.match(r"relation prooftrail\.(\w+): (table|view|partit)", fact))
)
REFUSED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ObjectNotInPrerequisiteState,  # a view that nobody could insert into
    psycopg.errors.WrongObjectType,  # TRUNCATE of a view
)

Connection = psycopg.Connection[Any]


class Row(NamedTuple):
    login: str
    object: str
    verb: str
    columns: tuple[str, ...]  # empty: all


def _rows() -> list[Row]:
    rows = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] in LOGINS and len(cells) == 5:
            login, name, verb, columns, _ = cells
            named = () if columns == "all" else tuple(columns.split(", "))
            rows.append(Row(login, name, verb, named))
    return rows


def _functions() -> set[tuple[str, str]]:
    found = set()
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] in LOGINS and len(cells) == 3:
            found.add((cells[0], cells[1]))
    return found


ROWS = _rows()


class Fixed(NamedTuple):
    """One trail for all the rows: nothing that they try stays."""

    trail: Trail
    columns: dict[str, dict[str, str]]  # of an object, with their types
    made: frozenset[tuple[str, str]]  # columns that only the database fills
    application: str

    def role(self, login: str) -> str:
        return self.application if login == APPLICATION else f"prooftrail_{login}"

    def link(self, login: str) -> Connection:
        dsn = self.trail.cluster.dsn(self.trail.database, self.role(login))
        return psycopg.connect(dsn, autocommit=True)


@pytest.fixture(scope="module")
def fixed(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fixed]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw")
    name = f"privileges_{worker}_{os.getpid()}"
    trail = cluster.clone(name, tmp_path_factory.mktemp("privileges"))
    role = f"app_{name}"
    admin = trail.superuser()
    admin.execute(f"create role {role} login noinherit password '{PASSWORD}'")
    link = connect.connect(None, dsn=trail.dsn, autocommit=True)
    install.install(link, app_roles=(role,), now_us=now_us())
    link.close()
    columns: dict[str, dict[str, str]] = {}
    made = set()
    for table, column, kind, identity in admin.execute(
        "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod),"
        " a.attidentity <> '' from pg_class c join pg_attribute a on attrelid = c.oid"
        " where relnamespace = 'prooftrail'::regnamespace and attnum > 0"
        " and relkind in ('r', 'p', 'v')"
    ).fetchall():
        columns.setdefault(table, {})[column] = kind
        if identity:
            made.add((table, column))
    try:
        yield Fixed(trail, columns, frozenset(made), role)
    finally:
        trail.close()
        cluster.drop(name)
        with cluster.admin() as root:
            root.execute(f"drop role {role}")


def allowed(link: Connection, statement: str) -> bool:
    try:
        with link.transaction(force_rollback=True):
            link.execute(statement)
    except REFUSED:
        return False
    return True


def statement(fixed: Fixed, verb: str, name: str, columns: tuple[str, ...]) -> str:
    table = f"prooftrail.{name}"
    named = ", ".join(columns)
    nulls = ", ".join(f"null::{fixed.columns[name][one]}" for one in columns)
    defaults = ", ".join(f"{one} = default" for one in columns)
    return {
        "SELECT": f"select {named} from {table} where false",
        "INSERT": f"insert into {table} ({named}) select {nulls} where false",
        "UPDATE": f"update {table} set {defaults} where false",
        "DELETE": f"delete from {table} where false",
        "TRUNCATE": f"truncate {table}",
    }[verb]


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row.login}-{row.object}-{row.verb}"
)
def test_what_the_table_allows_a_login_does(fixed: Fixed, row: Row) -> None:
    columns = row.columns or tuple(fixed.columns[row.object])
    if row.verb == "INSERT":
        columns = tuple(c for c in columns if (row.object, c) not in fixed.made)
    with fixed.link(row.login) as link:
        assert allowed(link, statement(fixed, row.verb, row.object, columns))


@pytest.mark.parametrize(
    ("login", "name"),
    list(product(LOGINS, OBJECTS)),
    ids=str,
)
def test_what_the_table_does_not_allow_is_refused(
    fixed: Fixed, login: str, name: str
) -> None:
    granted = {
        row.verb: row.columns
        for row in ROWS
        if (row.login, row.object) == (login, name)
    }
    every = tuple(fixed.columns[name])
    passed = []
    with fixed.link(login) as link:
        for verb in VERBS:
            if granted.get(verb) == ():
                continue
            tries = [every] if verb != "INSERT" else []
            if verb in {"SELECT", "INSERT", "UPDATE"}:
                tries += [(one,) for one in every if one not in granted.get(verb, ())]
            for columns in tries:
                if verb == "INSERT" and (name, columns[0]) in fixed.made:
                    continue  # refused to the owner even
                if allowed(link, statement(fixed, verb, name, columns)):
                    passed.append((verb, columns))
    assert passed == []


def test_the_table_and_the_catalog_say_the_same(fixed: Fixed) -> None:
    admin = fixed.trail.superuser()
    live = set()
    for login, (name, columns) in product(LOGINS, fixed.columns.items()):
        table = f"prooftrail.{name}"
        for verb in (*VERBS, "REFERENCES", "TRIGGER"):
            by_column = verb in {"SELECT", "INSERT", "UPDATE", "REFERENCES"}
            for column in columns if by_column else ("*",):
                call = "has_column_privilege" if by_column else "has_table_privilege"
                place = (table, column) if by_column else (table,)
                marks = ", ".join(["%s"] * len(place))
                row = admin.execute(
                    f"select {call}(%s, {marks}, %s)", (fixed.role(login), *place, verb)
                ).fetchone()
                if row == (True,):
                    live.add((login, name, verb, column))
    written = {
        (row.login, row.object, row.verb, column)
        for row in ROWS
        for column in (
            ("*",)
            if row.verb in {"DELETE", "TRUNCATE"}
            else row.columns or fixed.columns[row.object]
        )
    }
    assert live == written


def test_the_catalog_and_the_file_name_the_same_objects(fixed: Fixed) -> None:
    assert sorted(fixed.columns) == OBJECTS


def test_functions_are_executed_as_the_table_says(fixed: Fixed) -> None:
    admin = fixed.trail.superuser()
    functions = admin.execute(
        "select oid, proname || '(' || pg_get_function_identity_arguments(oid) || ')'"
        " from pg_proc where pronamespace = 'prooftrail'::regnamespace"
    ).fetchall()
    live = set()
    for login, (oid, name) in product(LOGINS, functions):
        row = admin.execute(
            "select has_function_privilege(%s, %s::oid, 'EXECUTE')",
            (fixed.role(login), oid),
        ).fetchone()
        if row == (True,):
            live.add((login, re.sub(r"\w+ (\w+)(?=[,)])", r"\1", name)))
    assert live == _functions()


@pytest.mark.parametrize("login", LOGINS)
def test_no_login_reaches_a_partition(fixed: Fixed, login: str) -> None:
    parts = [
        row[0]
        for row in fixed.trail.superuser().execute(
            "select relname from pg_class"
            " where relnamespace = 'prooftrail_part'::regnamespace and relkind = 'r'"
        )
    ]
    assert len(parts) >= 8
    with fixed.link(login) as link:
        for part in parts:
            table = f"prooftrail_part.{part}"
            assert not allowed(link, f"select 1 from {table}")
            assert not allowed(link, f"insert into {table} default values")
            assert not allowed(link, f"update {table} set seq = 0")
            assert not allowed(link, f"delete from {table}")
            assert not allowed(link, f"truncate {table}")


@pytest.mark.parametrize("login", LOGINS)
def test_no_login_may_become_another_or_change_the_schema(
    fixed: Fixed, login: str
) -> None:
    others = [fixed.role(one) for one in LOGINS if one != login]
    with fixed.link(login) as link:
        for role in (*others, "prooftrail_owner"):
            assert not allowed(link, f"set role {role}")
        assert not allowed(link, "create table prooftrail.mine (id int)")
        assert not allowed(link, "create table prooftrail_part.mine (id int)")
        assert not allowed(link, "alter table prooftrail.log disable trigger all")
        assert not allowed(link, "drop table prooftrail.log")
        assert not allowed(link, "set session_replication_role = replica")


@pytest.mark.parametrize("login", ["writer", APPLICATION])
def test_returning_and_what_reads_on_conflict_are_refused_to_who_may_only_insert(
    fixed: Fixed, login: str
) -> None:
    insert = "insert into prooftrail.inbox (stream, event) values ('main', '{}')"
    with fixed.link(login) as link:
        assert allowed(link, insert)
        assert not allowed(link, f"{insert} returning id")
        assert not allowed(link, f"{insert} on conflict (id) do nothing")
        update = "on conflict (id) do update set event = excluded.event"
        assert not allowed(link, f"{insert} {update}")
        assert allowed(link, f"{insert} on conflict do nothing")


def test_what_an_application_inserts_the_sealers_own_login_seals(trail: Trail) -> None:
    event = (
        '{"actor": {"userId": "usr_1"}, "action": "user.login",'
        ' "resource": {"type": "user", "id": "usr_1"}, "result": "success"}'
    )
    trail.login("writer").execute(
        "insert into prooftrail.inbox (stream, event) values ('main', %s)", (event,)
    )
    env = {"PROOFTRAIL_SEALER_DSN": trail.login_dsn("sealer")}
    sealer = Sealer(
        lambda: connect.connect("sealer", env=env), clock=now_us, random=os.urandom
    )
    assert sealer.drain().events == 1
    sealer.close()
    found = trail.login("verifier").execute(
        "select convert_from(event, 'UTF8')::jsonb #>> '{$source,login}'"
        " from prooftrail.log where kind = 0"
    )
    assert found.fetchall() == [("prooftrail_writer",)]
