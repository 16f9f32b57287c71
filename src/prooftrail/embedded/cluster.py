"""One data directory: its places, its password, and its creation by initdb.

Guarantees: a cluster exists whole or not at all (initdb works beside it and the result
is renamed); checksums on, UTF-8, scram for every connection; the superuser's password
is random, in a file of mode 0600 that lies outside the cluster.

Does not: upgrade a cluster of another major version. That is an error which says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import platformdirs

from prooftrail.embedded.account import Account, require_entry, run_as
from prooftrail.errors import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.embedded.binaries import Binaries

SUPERUSER = "postgres"
DATABASE = "postgres"
SOCKET_PATH_LIMIT = 107
"""Bytes of a unix socket's path on Linux, without the closing NUL."""

_SOCKET_NAME = len("/.s.PGSQL.65535")
_BUILTIN_LOCALES = 17  # the first major version with C.UTF-8 of its own


@dataclass(frozen=True)
class Remembered:
    """What the last successful start used; the port is kept while it stays free."""

    port: int
    version: str


@dataclass(frozen=True)
class Places:
    """Where everything of one data directory lies."""

    root: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory (PGDATA)."""
        return self.root / "postgresql"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.root / "server.log"

    @property
    def password(self) -> Path:
        """The superuser's password, readable by the owner of the data directory."""
        return self.root / "password"

    @property
    def programs(self) -> Path:
        """Copies of programs that the server's account could not reach."""
        return self.root / "programs"

    @property
    def socket_dir(self) -> Path:
        """The socket's directory: short enough for the kernel, and always the same.

        Without a comma, too: clients would read it as a list of hosts.
        """
        inside = self.root / "run"
        length = len(os.fsencode(inside)) + _SOCKET_NAME
        if length <= SOCKET_PATH_LIMIT and "," not in str(inside):
            return inside
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path("/tmp") / f"prooftrail-{name}"  # noqa: S108  checked when made

    def major(self) -> int | None:
        """The major version of the cluster, None where there is none yet."""
        try:
            return int((self.cluster / "PG_VERSION").read_text().strip())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise EmbeddedError(
                f"{self.cluster} is damaged: its PG_VERSION is not a number; restore "
                "it or choose another --data-dir"
            ) from error

    def remembered(self) -> Remembered | None:
        """What the last start left, None where it left nothing readable."""
        try:
            state = json.loads((self.root / "state.json").read_bytes())
            return Remembered(int(state["port"]), str(state["version"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None  # it is a convenience: a start writes it anew

    def remember(self, state: Remembered) -> None:
        """Keeps the state for the next start."""
        _write(self.root / "state.json", json.dumps(asdict(state)), 0o644)

    def url(self, socket_dir: Path, port: int) -> str:
        """A connection URL for the superuser, percent-encoded, password included."""
        password = quote(self.password.read_text().strip(), safe="")
        host = quote(os.fsencode(socket_dir), safe="")
        return (
            f"postgresql://{SUPERUSER}:{password}@/{DATABASE}?host={host}&port={port}"
        )


def default_data_dir() -> Path:
    """The platform's place for a user's data; for root, one that `nobody` can enter."""
    if os.geteuid() == 0:
        return Path("/var/lib/prooftrail")
    return Path(platformdirs.user_data_dir("prooftrail", appauthor=False))


def places(data_dir: Path | str | None) -> Places:
    """The places of a data directory; None is the default one."""
    root = default_data_dir() if data_dir is None else Path(data_dir).expanduser()
    if not str(root).isprintable() and any(ord(char) < ord(" ") for char in str(root)):
        # The server's lock file is made of lines.
        raise EmbeddedError(f"{root!r} has a control character: choose another name")
    return Places(root.resolve())


@contextlib.contextmanager
def locked(where: Places) -> Iterator[None]:
    """Holds the data directory for one start or stop; the kernel frees it on death."""
    descriptor = os.open(where.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def make_root(where: Places) -> None:
    """Makes the data directory; an existing one keeps its mode."""
    where.root.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        where.root.mkdir(mode=0o700)
        if os.geteuid() == 0:  # its server is another account and passes through
            where.root.chmod(0o711)


def make_socket_dir(where: Places, account: Account) -> Path:
    """Makes the socket's directory and proves that it is the server's own."""
    place = where.socket_dir
    try:
        place.mkdir(mode=0o755)
        place.chmod(0o755)  # whatever the umask: clients have to reach the socket
    except FileExistsError:
        found = place.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, 0):
            raise EmbeddedError(
                f"{place}, where the server's socket belongs, is somebody else's: "
                "remove it, or choose a shorter --data-dir"
            ) from None
    if account.switch:
        os.chown(place, account.uid, account.gid)
    return place


def initialise(
    where: Places, binaries: Binaries, account: Account, *, sync: bool = True
) -> None:
    """Creates the cluster where there is none; call it under the lock.

    Raises:
        EmbeddedError: initdb failed, or the cluster is of another major version.
    """
    for left in where.root.glob("initdb-*"):  # a launcher was killed meanwhile
        shutil.rmtree(left, ignore_errors=True)
    there = where.major()
    if there is None:
        require_entry(account, where.root)
        _initdb(where, binaries, account, sync=sync)
    elif there != binaries.major:
        raise EmbeddedError(
            f"{where.root} holds data of PostgreSQL {there}, and {binaries.bin_dir} is "
            f"PostgreSQL {binaries.version}: set PG_BIN to the programs of version "
            f"{there}, or choose another --data-dir and move the data with pg_dump"
        )


def _initdb(where: Places, binaries: Binaries, account: Account, *, sync: bool) -> None:
    password = secrets.token_hex(24)
    with tempfile.TemporaryDirectory(
        dir=where.root, prefix="initdb-", ignore_cleanup_errors=True
    ) as held:
        workspace = Path(held)
        secret = workspace / "password"
        _write(secret, password, 0o600)
        if account.switch:
            os.chown(workspace, account.uid, account.gid)
            os.chown(secret, account.uid, account.gid)
        made = workspace / "cluster"
        argv = [
            binaries.program("initdb"),
            f"--pgdata={made}",
            f"--username={SUPERUSER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            *_locale(binaries.major),
            *([] if sync else ["--no-sync"]),
        ]
        done = run_as(account, argv)
        if done.returncode != 0:
            told = os.fsdecode(done.stderr or done.stdout).strip()[-2000:]
            raise EmbeddedError(
                f"initdb of PostgreSQL {binaries.version} failed in {where.root}; it "
                f"says:\n{told}"
            )
        _write(where.password, password, 0o600)
        made.rename(where.cluster)


def _locale(major: int) -> list[str]:
    if major >= _BUILTIN_LOCALES:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    try:
        told = subprocess.run(
            ["locale", "-a"],  # noqa: S607  wherever the system has it
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    except OSError:
        told = ""
    present = {name.lower().replace("-", "") for name in told.split()}
    return ["--locale=C.UTF-8" if "c.utf8" in present else "--locale=C"]


def _write(path: Path, text: str, mode: int) -> None:
    """Writes a file so that a crash leaves the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
