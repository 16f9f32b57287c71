from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from psycopg import sql

from prooftrail.cli import main
from prooftrail.errors import ConfigurationError
from prooftrail.store import connect, files, fingerprint, install
from tests.alterations import ALTERATIONS, LOG, PART, Alteration
from tests.trail import Cluster, Trail, now_us

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prooftrail.store.connect import Connection
    from prooftrail.store.fingerprint import Difference


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
            for login in ("owner", *files.LOGINS):
                root.execute(f"drop role if exists {prefix}_{login}")


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
