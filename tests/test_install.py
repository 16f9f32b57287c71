from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner

from prooftrail.cli import main
from prooftrail.errors import ConfigurationError
from prooftrail.store import connect, files, fingerprint, install, streams
from tests.trail import Cluster, Trail, now_us

if TYPE_CHECKING:
    from pathlib import Path


def test_the_log_refuses_update_delete_and_truncate_to_its_owner(trail: Trail) -> None:
    admin = trail.superuser()
    admin.execute("set role prooftrail_owner")
    for verb in (
        "update prooftrail.log set actor = 'x'",
        "delete from prooftrail.log",
        "truncate prooftrail.log",
        "truncate prooftrail.log cascade",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            admin.execute(verb)


def test_installing_again_changes_nothing(trail: Trail) -> None:
    admin = connect.connect(None, dsn=trail.dsn, autocommit=True)
    done = install.install(admin, now_us=now_us())
    admin.close()
    assert done.roles_made == []
    assert done.migrations_applied == []


def test_a_migration_whose_files_changed_is_drift(trail: Trail) -> None:
    trail.superuser().execute("update prooftrail.migration set digest = 'other'")
    admin = connect.connect(None, dsn=trail.dsn, autocommit=True)
    with pytest.raises(Exception, match="drift: migration 1"):
        install.install(admin, now_us=now_us())
    admin.close()


def test_a_plain_createrole_login_installs_beside_another_trail(
    cluster: Cluster, tmp_path: Path
) -> None:
    name = f"plain_{tmp_path.name.replace('-', '_')}"
    user = f"admin_{name}"
    prefix = f"second_{name}"[:40].rstrip("_")
    with cluster.admin() as root:
        root.execute(f"create database {name}")
        root.execute(f"create role {user} login createrole password 'only-for-tests'")
        root.execute(f"grant create on database {name} to {user}")
    dsn = cluster.dsn(name, user)
    admin = connect.connect(None, dsn=dsn, autocommit=True)
    try:
        with pytest.raises(ConfigurationError, match="--prefix"):
            install.install(admin, now_us=now_us())
        install.install(admin, prefix=prefix, now_us=now_us())
        install.install(admin, now_us=now_us())
        assert streams.create(admin, "main", stream_id=b"1" * 16).number == 1
        members = admin.execute(
            "select pg_has_role(current_user, %s, 'USAGE')", (f"{prefix}_owner",)
        ).fetchone()
        assert members == (False,)
        sealer = connect.connect("sealer", dsn=dsn, autocommit=True)
        assert sealer.execute("select current_user").fetchone() == (f"{prefix}_sealer",)
        sealer.close()
    finally:
        admin.close()
        cluster.drop(name)
        with cluster.admin() as root:
            for login in ("owner", *files.LOGINS):
                root.execute(f"drop role if exists {prefix}_{login}")
            root.execute(f"drop role {user}")


def test_who_may_not_vacuum_what_was_written_anew_is_told_so(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"idle_{tmp_path.name.replace('-', '_')}"[:40].rstrip("_")
    user = f"admin_{name}"
    with cluster.admin() as root:
        root.execute(f"create database {name}")
        root.execute(f"create role {user} login createrole password 'only-for-tests'")
        root.execute(f"grant create on database {name} to {user}")
    monkeypatch.setenv("PROOFTRAIL_DSN", cluster.dsn(name, user))
    command = ["init", "--prefix", name, "--key-file", str(tmp_path / "key")]
    every = files.migrations()
    try:
        with monkeypatch.context() as older:
            older.setattr(files, "migrations", lambda: every[:-1])
            first = CliRunner().invoke(main, command)
        second, third = (CliRunner().invoke(main, command) for _ in range(2))
        told = "vacuum (analyze) prooftrail.log"
        assert [one.exit_code for one in (first, second, third)] == [0, 0, 0]
        assert [told in one.stderr for one in (first, second, third)] == [
            False,
            True,
            False,
        ]
    finally:
        cluster.drop(name)
        with cluster.admin() as root:
            for login in ("owner", *files.LOGINS):
                root.execute(f"drop role if exists {name}_{login}")
            root.execute(f"drop role {user}")


def test_an_older_installation_is_brought_up_to_date(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"older_{tmp_path.name.replace('-', '_')}"
    with cluster.admin() as root:
        root.execute(f"create database {name}")
    prefix = name[:40].rstrip("_")
    every = files.migrations()
    admin = connect.connect(None, dsn=cluster.dsn(name), autocommit=True)
    try:
        with monkeypatch.context() as older:
            older.setattr(files, "migrations", lambda: every[:1])
            done = install.install(admin, prefix=prefix, now_us=now_us())
        assert done.migrations_applied == ["0001_spine"]
        streams.create(admin, "main", stream_id=bytes(16))
        done = install.install(admin, now_us=now_us())
        assert done.migrations_applied == [
            f"{step.version:04d}_{step.name}" for step in every[1:]
        ]
        assert [one.name for one in streams.read(admin)] == ["main"]
        assert fingerprint.compare(admin) == []
        assert done.vacuumed
    finally:
        admin.close()
        cluster.drop(name)
