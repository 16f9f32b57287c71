"""Dumped as the owner and restored, the trail is whole and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from prooftrail.doctor import examine
from prooftrail.embedded import server
from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect, files, install, streams
from tests import conftest
from tests.trail import PASSWORD, Cluster, Trail, now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = (
    '{"actor": {"userId": "usr_1", "ipAddress": "203.0.113.42"},'
    ' "action": "customer.pii.export", "resource": {"type": "customer", "id": "c_1"},'
    ' "subjects": ["c_2", "c_3"], "result": "success"}'
)
AS_OWNER = (
    "--role=prooftrail_owner",
    "--enable-row-security",
    "--schema=prooftrail",
    "--schema=prooftrail_part",
    "--format=custom",
)
TABLES = (
    "log",
    "subject",
    "daily",
    "head",
    "stream",
    "checkpoint",
    "inbox",
    "quarantine",
    "reader_grant",
    "migration",
)


def _clusters(shared_dir: Path, source: Cluster) -> dict[int, Cluster]:
    """Return the source's own cluster, and each newer one that the machine has."""
    found = {source.version: source}
    for version in map(int, conftest.VERSIONS):
        binaries = conftest.binaries_of(str(version))
        if version <= source.version or binaries is None:
            continue
        running = server.start(
            shared_dir / f"pg{version}",
            binaries=binaries,
            settings={"max_connections": "200", "shared_buffers": "256MB"},
        )
        found[version] = Cluster(running.url, version, binaries.bin_dir, shared_dir)
        found[version].make_template()  # makes the roles, which are cluster-wide
    return found


def run(
    cluster: Cluster, program: str, *arguments: str, user: str | None = None
) -> None:
    """Run a program of the cluster's own version, as the superuser or another."""
    parts = urlsplit(cluster.dsn("postgres", user))
    query = parse_qs(parts.query)
    env = {
        **os.environ,
        "PGHOST": query["host"][0],
        "PGPORT": query["port"][0],
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
    }
    done = subprocess.run(
        [str(cluster.bin_dir / program), *arguments],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def sealer(dsn: str) -> Sealer:
    return Sealer(
        lambda: connect.connect("sealer", dsn=dsn), clock=now_us, random=os.urandom
    )


def counted(dsn: str) -> dict[str, list[Any]]:
    link = connect.connect(None, dsn=dsn, autocommit=True)
    try:
        return {
            name: link.execute(
                "select md5(t::text) from prooftrail." + name + " t order by 1"
            ).fetchall()
            for name in TABLES
        }
    finally:
        link.close()


def record(dsn: str, *events: str) -> None:
    link = connect.connect("writer", dsn=dsn, autocommit=True)
    for event in events:
        link.execute(
            "insert into prooftrail.inbox (stream, event) values ('main', %s)", (event,)
        )
    link.close()


def failing(dsn: str) -> dict[str, str]:
    link = connect.connect("verifier", dsn=dsn, autocommit=True)
    try:
        checks = examine(link, clock=now_us)
    finally:
        link.close()
    return {check.name: check.told for check in checks if check.state == "fail"}


def verified(dsn: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from prooftrail.cli import main; main()"),
            *("verify", "--unrecorded", "--json", "--processes=1"),
        ],
        env={**os.environ, "PROOFTRAIL_DSN": dsn},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["verdict"] == "verified"


@pytest.fixture
def filled(trail: Trail) -> Trail:
    """Sealed events, one in quarantine, one not yet sealed, a checkpoint, a grant."""
    record(trail.dsn, *[EVENT] * 20, "not json")
    working = sealer(trail.dsn)
    done = working.drain()
    working.close()
    assert (done.events, done.quarantined) == (20, 1)
    record(trail.dsn, EVENT)
    admin = trail.superuser()
    admin.execute("create table public.business (id int)")  # not the owner's to read
    admin.execute(
        "insert into prooftrail.reader_grant"
        " (role, streams, from_us, to_us, expires_at)"
        " values ('prooftrail_reader', '{1}', 0, 1, now())"
    )
    return trail


@pytest.fixture
def dump(filled: Trail) -> Iterator[Path]:
    """Dump as docs/how-to/back-up-and-restore.md says."""
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "trail.dump"
        run(
            filled.cluster,
            "pg_dump",
            f"--dbname={filled.database}",
            *AS_OWNER,
            f"--file={file}",
        )
        yield file


def restored(into: Cluster, name: str, dump: Path, *options: str) -> str:
    with into.admin() as admin:
        admin.execute(f"drop database if exists {name} with (force)")
        admin.execute(f"create database {name}")
    run(
        into,
        "pg_restore",
        f"--dbname={name}",
        "--exit-on-error",
        "--single-transaction",
        *options,
        str(dump),
    )
    return into.dsn(name)


def test_a_dump_of_the_owner_restores_here_and_on_newer_versions_and_goes_on(
    filled: Trail, dump: Path, shared_dir: Path
) -> None:
    before = counted(filled.dsn)
    assert [len(before[name]) for name in ("log", "inbox", "quarantine")] == [22, 1, 1]
    clusters = _clusters(shared_dir, filled.cluster)
    for version, cluster in clusters.items():
        name = f"{filled.database}_on_{version}"
        dsn = restored(cluster, name, dump)
        try:
            assert counted(dsn) == before
            assert failing(dsn) == {}
            verified(dsn)
            record(dsn, EVENT, EVENT)
            working = sealer(dsn)
            assert working.drain().events == 3
            working.close()
            assert len(counted(dsn)["log"]) == 25
            verified(dsn)
            assert failing(dsn) == {}
        finally:
            cluster.drop(name)


def test_an_administrator_who_is_no_superuser_dumps_and_restores(
    cluster: Cluster, tmp_path: Path
) -> None:
    name = f"dumped_{tmp_path.name.replace('-', '_')}"[:40].rstrip("_")
    user, copy = f"admin_{name}", f"{name}_copy"
    with cluster.admin() as root:
        root.execute(
            f"create role {user} login createrole createdb password '{PASSWORD}'"
        )
        root.execute(f"create database {name} owner {user}")
    admin = connect.connect(None, dsn=cluster.dsn(name, user), autocommit=True)
    try:
        install.install(admin, prefix=name, now_us=now_us())
        streams.create(admin, "main", stream_id=b"2" * 16)
        working = sealer(cluster.dsn(name, user))
        working.drain()
        working.close()
        options = " with inherit false, set true" if cluster.version > 15 else ""
        admin.execute(f"grant {name}_owner to {user}{options}")
        admin.execute(f"create database {copy}")
        admin.execute(f"grant create on database {copy} to {name}_owner")
        file = str(tmp_path / "trail.dump")
        role = (f"--role={name}_owner",)
        dump = (f"--dbname={name}", *AS_OWNER[1:], f"--file={file}")
        run(cluster, "pg_dump", *role, *dump, user=user)
        back = (f"--dbname={copy}", "--exit-on-error", "--single-transaction", file)
        run(cluster, "pg_restore", *role, *back, user=user)
        assert counted(cluster.dsn(copy)) == counted(cluster.dsn(name))
        assert failing(cluster.dsn(copy)) == {}
    finally:
        admin.close()
        cluster.drop(copy)
        cluster.drop(name)
        with cluster.admin() as root:
            for login in ("owner", *files.LOGINS):
                root.execute(f"drop role if exists {name}_{login}")
            root.execute(f"drop role {user}")


def test_without_a_partitions_policy_the_owners_dump_leaves_its_rows_out(
    filled: Trail,
) -> None:
    owner = filled.superuser()
    month = owner.execute(
        "select tableoid::regclass::text from prooftrail.log limit 1"
    ).fetchone()
    assert month is not None
    owner.execute(f"drop policy owner_dump on {month[0]}")
    owner.execute("set role prooftrail_owner")
    assert owner.execute(f"select count(*) from {month[0]}").fetchone() == (0,)
    assert "missing: policy owner_dump" in failing(filled.dsn)["row security"]


def test_a_plain_dump_restores_with_psql(filled: Trail, dump: Path) -> None:
    script = dump.with_suffix(".sql")
    run(filled.cluster, "pg_restore", f"--file={script}", str(dump))
    name = f"{filled.database}_plain"
    with filled.cluster.admin() as admin:
        admin.execute(f"create database {name}")
    try:
        run(
            filled.cluster,
            "psql",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            f"--dbname={name}",
            f"--file={script}",
            "--output=/dev/null",
        )
        dsn = filled.cluster.dsn(name)
        assert counted(dsn) == counted(filled.dsn)
        assert failing(dsn) == {}
    finally:
        filled.cluster.drop(name)


def test_disable_triggers_leaves_them_at_origin_and_doctor_says_so(
    filled: Trail, dump: Path
) -> None:
    name = f"{filled.database}_switched"
    cluster = filled.cluster
    dsn = restored(cluster, name, dump, "--section=pre-data", "--section=post-data")
    try:
        assert failing(dsn) == {}
        run(
            cluster,
            "pg_restore",
            f"--dbname={name}",
            "--data-only",
            "--disable-triggers",
            "--exit-on-error",
            str(dump),
        )
        assert counted(dsn) == counted(filled.dsn)
        told = failing(dsn)
        assert set(told) == {"triggers", "fingerprint"}
        for trigger in (
            "refuse_direct on prooftrail_part.log_",
            "refuse_row on prooftrail_part.subject_",
            "refuse_statement on prooftrail.checkpoint",
        ):
            assert f"changed: trigger {trigger}" in told["triggers"]
        assert "enabled ORIGIN, not enabled ALWAYS" in told["triggers"]
        _enable_always(dsn)
        assert failing(dsn) == {}
    finally:
        cluster.drop(name)


def _enable_always(dsn: str) -> None:
    """Put the triggers right, with the statement that the how-to page gives."""
    page = Path(__file__).parents[1] / "docs" / "how-to" / "back-up-and-restore.md"
    block = page.read_text().partition("```sql\ndo $$")[2].partition("```")[0]
    link = connect.connect(None, dsn=dsn, autocommit=True)
    link.execute("do $$" + block)
    link.close()
