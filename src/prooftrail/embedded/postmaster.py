"""The server process: seen through its lock file, spawned, signalled.

Guarantees: "running" means that the process named in `postmaster.pid` is alive and
that something accepts connections at the socket or port written there, so that a lock
file left by a kill or a reboot deceives nobody. A spawned server belongs to no
terminal and is no child of the launcher, so it outlives it.

Does not: remove a stale lock file. PostgreSQL alone can tell whether a backend of a
killed server still holds the shared memory that the file names; it is only told when
the process id in it means somebody else by now.

Source: the lines of the file are given by PostgreSQL's src/include/utils/pidfile.h.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prooftrail.embedded.account import Account, run_as, spawn_as
from prooftrail.errors import EmbeddedError

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator, Sequence

_READY_LINES = 8
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Postmaster:
    """What a server's lock file says."""

    pid: int
    port: int
    socket_dir: Path
    ready: bool
    """It accepts queries; false while it starts, recovers or stops."""


def read(cluster: Path) -> Postmaster | None:
    """The lock file, None where it is missing or not yet written to the end."""
    try:
        lines = (cluster / "postmaster.pid").read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    if len(lines) < _READY_LINES or not lines[0].isdigit() or not lines[3].isdigit():
        return None
    if int(lines[0]) <= 1:  # to signal 0 would be to signal ourselves
        return None
    return Postmaster(
        pid=int(lines[0]),
        port=int(lines[3]),
        socket_dir=Path(os.fsdecode(lines[4])),
        ready=lines[7].strip() == b"ready",
    )


def running(cluster: Path) -> Postmaster | None:
    """The server of a cluster if it runs, be it ready or not."""
    found = read(cluster)
    if found is None or not alive(found.pid) or not _listens(found):
        return None
    return found


def alive(pid: int) -> bool:
    """Whether a process exists and has not ended (a zombie has)."""
    if os.getpid() == 1:  # in a container: orphans are ours, and wait for us
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it exists, as another user
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return not Path("/proc/self").exists()
    return state != b"Z"


def release_stale_locks(account: Account, cluster: Path, socket_dir: Path) -> None:
    """Lets PostgreSQL see that lock files name no server of this cluster any more.

    It takes any living process for one that holds the lock: a killed server that
    nobody has reaped, or whoever got its process id after a reboot or in a restarted
    container. Call it under the data directory's lock.
    """
    # Only the id is changed, to ours, which it knows as its grandparent's and as no
    # server; it goes on to check the shared memory named in the other lines.
    script = '{ echo "$2"; tail -n +2 "$1"; } >"$1.new" && mv "$1.new" "$1"'
    files = [cluster / "postmaster.pid", *socket_dir.glob(".s.PGSQL.*.lock")]
    for file in files:
        try:
            first = file.read_bytes().split(b"\n")[0]
        except FileNotFoundError:
            continue
        if first.isdigit() and _means_another(int(first), cluster):
            argv = ["/bin/sh", "-c", script, "sh", str(file), str(os.getpid())]
            run_as(account, argv)


def _means_another(pid: int, cluster: Path) -> bool:
    """Whether a process is there that is certainly not this cluster's server."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        if not alive(pid):
            return True
        try:
            place = Path(f"/proc/{pid}/cwd").readlink()
        except OSError:
            return False  # cannot tell: PostgreSQL decides
        return place != cluster  # a server never leaves its cluster
    return False


def spawn(account: Account, argv: Sequence[str], log: Path) -> int:
    """Starts a server apart from the launcher and returns its process id."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        # The shell ends at once, so the server has no parent here that would have
        # to wait for it; exec keeps the process id that the shell tells.
        script = 'exec "$@" </dev/null >&2 & echo $!'
        done = run_as(account, ["/bin/sh", "-c", script, "sh", *argv], stderr=file)
    if done.returncode != 0 or not done.stdout.strip().isdigit():
        raise EmbeddedError(f"/bin/sh could not start {argv[0]}: see {log}")
    return int(done.stdout)


def end(account: Account, pid: int, mode: signal.Signals, patience: float) -> bool:
    """Signals the server; whether it was gone within `patience` seconds."""
    # As the account: root must not signal whatever process its lock file names.
    name = mode.name.removeprefix("SIG")
    done = run_as(account, ["/bin/sh", "-c", f'kill -{name} "$1"', "sh", str(pid)])
    if done.returncode != 0 and alive(pid):
        raise EmbeddedError(
            f"process {pid} is no server of user {account.name}: stop the server as "
            "the user who started it"
        )
    limit = time.monotonic() + patience
    while alive(pid):
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


@contextlib.contextmanager
def lifeline(account: Account, cluster: Path) -> Iterator[None]:
    """Ends the server and empties its cluster if this process dies meanwhile."""
    # The pipe closes however we die. A test run that is killed leaves no server.
    script = (
        'read -r line; kill -QUIT "$(head -n 1 "$1/postmaster.pid")" && sleep 2; '
        'rm -rf "$1"/*'
    )
    with spawn_as(
        account,
        ["/bin/sh", "-c", script, "sh", str(cluster)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as watcher:
        try:
            yield
        finally:
            watcher.kill()


def free_port(wanted: int | None) -> int:
    """The wanted loopback port if nobody has it, else one that the kernel picks."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As PostgreSQL does it: connections of an ended server do not block its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError, OverflowError):
            if wanted:
                probe.bind((LOOPBACK, wanted))
                return wanted
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(found: Postmaster) -> bool:
    path = found.socket_dir / f".s.PGSQL.{found.port}"
    return _accepts(socket.AF_UNIX, os.fsencode(path)) or _accepts(
        socket.AF_INET, (LOOPBACK, found.port)
    )


def _accepts(family: socket.AddressFamily, address: bytes | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(address)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return False
        except OSError:
            return True  # a full queue or a closed door: somebody is behind it
    return True
