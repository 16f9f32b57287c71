"""As whom the server runs, and how it gets at its programs.

Guarantees: an ordinary user's server runs as that user. PostgreSQL refuses to run as
root, so root's server runs as the owner of its data, at first `nobody`; nothing is
created in the system for it and no existing directory is opened up. Programs that this
account cannot reach (an environment below /root) are copied, once a version. The
server sees only the few environment variables named here, no secrets of the caller.

Does not: separate the data from other processes that run as `nobody`. It is a server
for development and demonstrations.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from prooftrail.errors import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.embedded.binaries import Binaries

UNPRIVILEGED = "nobody"
_KEPT = ("PATH", "TZ", "LD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True)
class Account:
    """Who runs PostgreSQL; `switch` when that is not who runs the launcher."""

    uid: int
    gid: int
    name: str
    switch: bool


def account_for(cluster: Path) -> Account:
    """The owner of an existing cluster; for a new one, the caller or `nobody`."""
    uid = os.geteuid()
    if uid != 0:
        return Account(uid, os.getegid(), str(uid), switch=False)
    # Not through a link: who may write one must not choose as whom we run.
    if cluster.exists() and (owner := cluster.lstat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, _name(owner.st_uid), switch=True)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError as missing:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and there is no user "
            f"{UNPRIVILEGED}: run this as an ordinary user"
        ) from missing
    return Account(entry.pw_uid, entry.pw_gid, UNPRIVILEGED, switch=True)


def spawn_as(
    account: Account,
    argv: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: IO[bytes] | int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own, as the account.

    Raises:
        EmbeddedError: it cannot be started, or root may not become the account.
    """
    try:
        return subprocess.Popen(  # noqa: S603  programs of PostgreSQL and /bin/sh
            argv,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd="/",  # the caller's may be closed to the account
            env=_environment(),
            start_new_session=True,
            user=account.uid if account.switch else None,
            group=account.gid if account.switch else None,
            extra_groups=[] if account.switch else None,
        )
    except OSError as error:
        remedy = "; try as an ordinary user" if account.switch else ""
        raise EmbeddedError(
            f"cannot run {argv[0]} as user {account.name}: {error}{remedy}"
        ) from error


def run_as(
    account: Account, argv: Sequence[str], *, stderr: IO[bytes] | int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """Runs a program to its end, as `spawn_as` starts it."""
    with spawn_as(account, argv, stderr=stderr) as process:
        told, complained = process.communicate()
    return subprocess.CompletedProcess(argv, process.returncode, told, complained)


def require_entry(account: Account, directory: Path) -> None:
    """Raises EmbeddedError unless the account can pass through the directory."""
    if account.switch and not _may(account, "-x", directory):
        raise EmbeddedError(
            f"run by root, PostgreSQL runs as user {account.name}, which cannot enter "
            f"{directory}: choose another --data-dir (the default is open to it), or "
            "let it pass through with chmod o+x"
        )


def reachable(binaries: Binaries, account: Account, keep: Path) -> Binaries:
    """The binaries, or their copy below `keep` when the account cannot reach them."""
    if not account.switch or _may(account, "-x", binaries.bin_dir / "postgres"):
        return binaries
    prefix = binaries.bin_dir.parent
    target = keep / binaries.version
    copied = target / prefix.parent.name / prefix.name / binaries.bin_dir.name
    if not copied.exists():
        _copy(prefix, target)
    return replace(binaries, bin_dir=copied)


def _copy(prefix: Path, target: Path) -> None:
    """Copies one installation; wheels keep shared libraries in a sibling `*.libs`."""
    target.parent.mkdir(mode=0o755, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="copy-") as held:
        made = Path(held) / "tree"
        package = prefix.parent
        shutil.copytree(
            prefix,
            made / package.name / prefix.name,
            symlinks=True,
            ignore=shutil.ignore_patterns("include"),
        )
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, made / libraries.name, symlinks=True)
        for place in (made, made / package.name):
            place.chmod(0o755)
        made.rename(target)


def _may(account: Account, test: str, path: Path) -> bool:
    # Asked of the kernel as the account: modes alone miss ACLs and mounts.
    asked = run_as(account, ["/bin/sh", "-c", f'test {test} "$1"', "sh", str(path)])
    return asked.returncode == 0


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # With the grandparent known, PostgreSQL is not fooled by a stale lock file that
    # names a process id which the launcher has now, as in a restarted container.
    return {**kept, "LC_ALL": "C", "PG_GRANDPARENT_PID": str(os.getpid())}


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
