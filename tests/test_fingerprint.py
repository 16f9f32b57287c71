from __future__ import annotations

import dataclasses
import io
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from psycopg import sql

from prooftrail.cli import main
from prooftrail.errors import ConfigurationError
from prooftrail.store import connect, files, fingerprint, install
from tests.trail import Cluster, Trail, now_us

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prooftrail.store.connect import Connection
    from prooftrail.store.fingerprint import Difference

MONTH = datetime.fromtimestamp(now_us() / 1e6, UTC).strftime("%Y%m")
PART = f"prooftrail_part.log_{MONTH}"


def compared(trail: Trail) -> list[Difference]:
    link = connect.connect("verifier", dsn=trail.dsn, autocommit=True)
    try:
        return fingerprint.compare(link)
    finally:
        link.close()


def doctor(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, str]]:
    """Run doctor; return its exit code and what fails, by name."""
    monkeypatch.setenv("PROOFTRAIL_DSN", trail.dsn)
    result = CliRunner().invoke(main, ["doctor", "--json"])
    checks = json.loads(result.stdout)["checks"]
    failed: dict[str, str] = {}
    for check in checks:
        if check["state"] == "fail":
            failed[check["name"]] = failed.get(check["name"], "") + check["told"]
    return result.exit_code, failed


def test_a_fresh_installation_equals_the_file_that_ships(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROOFTRAIL_DSN", trail.dsn)
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)
    fingerprint.main()
    assert printed.getvalue().splitlines() == sorted(fingerprint.expected())


def test_nothing_differs_for_any_login_that_compares(trail: Trail) -> None:
    assert compared(trail) == []
    link = connect.connect(None, dsn=trail.login_dsn("writer"), autocommit=True)
    link.execute("set quote_all_identifiers = on; set bytea_output = 'escape'")
    assert fingerprint.compare(link) == []
    link.close()


@pytest.fixture
def beside(cluster: Cluster, tmp_path: Path) -> Iterator[tuple[str, Connection]]:
    """Install a trail with roles of its own; give its prefix and a superuser."""
    name = f"beside_{tmp_path.name.replace('-', '_')}"[:50]
    prefix = name[:40].rstrip("_")
    with cluster.admin() as root:
        root.execute(f"create database {name}")
    link = connect.connect(None, dsn=cluster.dsn(name), autocommit=True)
    try:
        install.install(link, prefix=prefix, now_us=now_us())
        yield prefix, link
    finally:
        link.close()
        cluster.drop(name)
        with cluster.admin() as root:
            for duty in ("owner", *files.DUTIES):
                root.execute(f"drop role if exists {prefix}_{duty}")


def test_another_prefix_gives_the_same_facts(beside: tuple[str, Connection]) -> None:
    assert fingerprint.compare(beside[1]) == []


def test_an_altered_role_is_named_and_differs_from_none_when_it_is_put_back(
    beside: tuple[str, Connection],
) -> None:
    prefix, link = beside
    role = sql.Identifier(f"{prefix}_retention")
    sealer = sql.Identifier(f"{prefix}_sealer")
    for text in ("alter role {0} bypassrls inherit", "grant {1} to {0}"):
        link.execute(sql.SQL(text).format(role, sealer))
    told = [f"{one.kind}: {one.fact}" for one in fingerprint.compare(link)]
    assert told == [
        "unexpected: member <retention> of <sealer>: granted",
        "missing: role <retention>: login",
        "unexpected: role <retention>: login, inherit, BYPASSRLS",
    ]
    for text in ("alter role {0} nobypassrls noinherit", "revoke {1} from {0}"):
        link.execute(sql.SQL(text).format(role, sealer))
    assert fingerprint.compare(link) == []


def test_an_application_that_may_insert_is_no_difference(trail: Trail) -> None:
    role = f"app_{trail.database}"
    admin = trail.superuser()
    admin.execute(f"create role {role} login")
    link = connect.connect(None, dsn=trail.dsn, autocommit=True)
    install.grant_application(link, role)
    assert compared(trail) == []
    link.close()
    admin.execute(f"drop owned by {role}; drop role {role}")


def test_a_database_without_a_trail_is_said_so(cluster: Cluster) -> None:
    link = connect.connect(None, dsn=cluster.dsn("postgres"), autocommit=True)
    with pytest.raises(ConfigurationError, match="prooftrail init"):
        fingerprint.compare(link)
    link.close()


@dataclasses.dataclass
class Alteration:
    """What a superuser does, under which check doctor names it, and what it names."""

    sql: str
    check: str
    names: str

    def __str__(self) -> str:
        return self.sql.partition(";")[0]


LOG = "prooftrail.log"
ALTERATIONS = [
    Alteration(
        f"drop trigger link on {LOG}", "triggers", f"missing: trigger link on {LOG}"
    ),
    Alteration(
        f"alter table {LOG} disable trigger link", "triggers", "enabled DISABLED"
    ),
    Alteration(
        f"alter table {LOG} enable trigger refuse_statement",
        "triggers",
        f"changed: trigger refuse_statement on {LOG}: enabled ORIGIN",
    ),
    Alteration(
        f"alter table {PART} enable replica trigger refuse_direct",
        "triggers",
        f"changed: trigger refuse_direct on {PART}: enabled REPLICA",
    ),
    Alteration(
        f"alter table {PART} disable trigger refuse_row",
        "triggers",
        f"trigger refuse_row on {PART}",
    ),
    Alteration(
        f"drop trigger refuse_direct on {PART}", "triggers", f"refuse_direct on {PART}"
    ),
    Alteration(
        "alter table prooftrail.checkpoint disable trigger all",
        "triggers",
        "trigger of constraint checkpoint_stream_fkey on prooftrail.checkpoint",
    ),
    Alteration(
        "create trigger extra after insert on prooftrail.inbox"
        " execute function prooftrail.refuse()",
        "triggers",
        "unexpected: trigger extra on prooftrail.inbox",
    ),
    Alteration(
        "create rule swallow as on insert to prooftrail.inbox do instead nothing",
        "triggers",
        "unexpected: rule swallow on prooftrail.inbox",
    ),
    Alteration(
        f"drop policy granted on {LOG}",
        "row security",
        f"missing: policy granted on {LOG}",
    ),
    Alteration(
        f"alter policy granted on {LOG} using (true)", "row security", "using true"
    ),
    Alteration(
        f"alter policy whole on {LOG} to public",
        "row security",
        f"changed: policy whole on {LOG}: permissive select to public",
    ),
    Alteration(
        f"alter table {LOG} no force row level security",
        "row security",
        f"changed: relation {LOG}: row security enabled, not row security enabled and",
    ),
    Alteration(
        f"alter table {PART} disable row level security",
        "row security",
        f"relation {PART}",
    ),
    Alteration(f"drop policy owner_dump on {PART}", "row security", f"on {PART}"),
    Alteration(
        f"alter table {LOG} drop constraint leaf_is_hash",
        "fingerprint",
        f"missing: constraint leaf_is_hash on {LOG}",
    ),
    Alteration(
        f"alter table {PART} drop constraint occurred_span",
        "partitions",
        f"missing: constraint occurred_span on {PART}",
    ),
    Alteration(
        f"alter table {PART} drop constraint span",
        "partitions",
        f"missing: constraint span on {PART}",
    ),
    Alteration(
        f"alter table {LOG} detach partition {PART}",
        "partitions",
        f"missing: partition {PART}: of {LOG} FOR VALUES FROM",
    ),
    Alteration(
        f"drop table {PART}",
        "partitions",
        "only one of log and subject has a partition",
    ),
    Alteration(
        f"create table public.beside (like {LOG} including constraints);"
        f" alter table {LOG} attach partition public.beside for values from (0) to (1)",
        "partitions",
        "unexpected: partition public.beside: of prooftrail.log",
    ),
    Alteration(
        f"grant delete on {LOG} to prooftrail_sealer",
        "grants",
        f"unexpected: grant to prooftrail_sealer on {LOG}: DELETE",
    ),
    Alteration(
        "grant select (event) on prooftrail.quarantine to prooftrail_verifier",
        "grants",
        "grant to prooftrail_verifier on prooftrail.quarantine.event: SELECT",
    ),
    Alteration(
        "revoke insert (event) on prooftrail.inbox from prooftrail_writer",
        "grants",
        "missing: grant to prooftrail_writer on prooftrail.inbox.event: INSERT",
    ),
    Alteration(
        "grant usage on schema prooftrail_part to public",
        "grants",
        "unexpected: grant to public on schema prooftrail_part: USAGE",
    ),
    Alteration(
        "grant execute on function prooftrail.ensure_partition(date) to public",
        "grants",
        "unexpected: grant to public on function prooftrail.ensure_partition(date)",
    ),
    Alteration(
        "alter default privileges for role prooftrail_owner grant select on tables to"
        " prooftrail_reader",
        "grants",
        "unexpected: default grant to prooftrail_reader by prooftrail_owner",
    ),
    Alteration(
        "create or replace function prooftrail.refuse() returns trigger"
        " language plpgsql set search_path = pg_catalog, pg_temp"
        " as 'begin return null; end'",
        "fingerprint",
        "changed: function prooftrail.refuse(): body sha256",
    ),
    Alteration(
        "create or replace function prooftrail.day_of(us bigint) returns integer"
        " language sql immutable return 1",
        "fingerprint",
        "changed: function prooftrail.day_of(bigint): body sha256",
    ),
    Alteration(
        "alter function prooftrail.link() reset search_path",
        "fingerprint",
        "function prooftrail.link()",
    ),
    Alteration(
        "create function prooftrail.own() returns int language sql return 1",
        "fingerprint",
        "unexpected: function prooftrail.own()",
    ),
    Alteration(
        "create or replace view prooftrail.my_grant as select 1::smallint as stream,"
        " 0::bigint as from_us, 9::bigint as to_us",
        "fingerprint",
        "changed: relation prooftrail.my_grant",
    ),
    Alteration(
        "alter view prooftrail.entry reset (security_invoker)",
        "fingerprint",
        "relation prooftrail.entry",
    ),
    Alteration(
        "drop index prooftrail.log_actor",
        "fingerprint",
        f"missing: index log_actor on {PART}",
    ),
    Alteration(
        f"alter table {LOG} add column note text",
        "fingerprint",
        f"unexpected: column {LOG}.note: text",
    ),
    Alteration(
        "alter table prooftrail.inbox alter login drop default",
        "fingerprint",
        "changed: column prooftrail.inbox.login",
    ),
    Alteration(
        "create table prooftrail.extra (id int)",
        "fingerprint",
        "unexpected: relation prooftrail.extra: table",
    ),
    Alteration(
        "alter table prooftrail.vault owner to current_user",
        "fingerprint",
        "changed: relation prooftrail.vault: owner",
    ),
    Alteration(
        "create domain prooftrail.odd as text",
        "fingerprint",
        "unexpected: type prooftrail.odd: in schema prooftrail",
    ),
    Alteration(
        "do $$ begin execute format('alter database %I set row_security = off',"
        " current_database()); end $$",
        "logins",
        "setting of every role in this database: row_security=off",
    ),
]


@pytest.mark.parametrize("alteration", ALTERATIONS, ids=str)
def test_what_a_superuser_alters_is_named(
    trail: Trail, alteration: Alteration, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail.superuser().execute(alteration.sql)
    code, failed = doctor(trail, monkeypatch)
    assert code == 1
    assert alteration.names in failed[alteration.check]


def test_a_partition_with_bounds_of_another_month_is_named(trail: Trail) -> None:
    admin = trail.superuser()
    admin.execute(f"alter table {LOG} detach partition {PART}")
    admin.execute(f"alter table {PART} drop constraint span")
    admin.execute(
        f"alter table {LOG} attach partition {PART} for values from (0) to (1)"
    )
    told = [f"{one.kind}: {one.fact}" for one in compared(trail)]
    assert (
        f"unexpected: partition {PART}: of {LOG} FOR VALUES FROM ('0') TO ('1')" in told
    )
    assert any(one.startswith(f"missing: constraint span on {PART}") for one in told)


def test_partitions_made_later_have_the_same_facts(trail: Trail) -> None:
    sealer = trail.login("sealer")
    for month in ("2027-12-01", "2031-02-01", "1999-06-01"):
        sealer.execute("select prooftrail.ensure_partition(%s::date)", (month,))
    assert compared(trail) == []


def test_an_unlike_partition_is_no_template(trail: Trail) -> None:
    trail.superuser().execute(f"drop policy owner_dump on {PART}")
    link = connect.connect(None, dsn=trail.dsn, autocommit=True)
    with pytest.raises(ConfigurationError, match="not alike"):
        fingerprint.lines(fingerprint.read(link))
    link.close()
