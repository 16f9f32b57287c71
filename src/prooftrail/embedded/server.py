"""Starts, stops and shows our own PostgreSQL.

Guarantees: `start` returns a server that accepts queries, and the same one when it is
called again or by two processes at once; it listens on a unix socket and on loopback,
never beyond. Killing the server or the launcher at any moment loses no committed row:
the next `start` recovers. fsync stays on unless `settings` say otherwise.

Does not: supervise (a server that dies stays dead until the next `start`), back up,
or upgrade. Production belongs on a PostgreSQL of your own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from prooftrail.embedded import postmaster
from prooftrail.embedded.account import Account, account_for, reachable, require_entry
from prooftrail.embedded.binaries import Binaries, Prefer, find_binaries
from prooftrail.embedded.cluster import (
    Places,
    Remembered,
    initialise,
    locked,
    make_root,
    make_socket_dir,
    places,
)
from prooftrail.errors import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

START_SECONDS = 60.0
STOP_SECONDS = 60.0
LOG_BYTES = 10_000_000
"""A longer server.log is set aside as server.log.old at the next start."""

_TAIL_LINES = 15


@dataclass(frozen=True)
class Server:
    """A running server."""

    data_dir: Path
    port: int
    socket_dir: Path
    url: str = field(repr=False)
    """A libpq URL of the superuser, with its password: print it on request only."""
    pid: int
    version: str


@dataclass(frozen=True)
class _Launch:
    where: Places
    binaries: Binaries
    account: Account
    settings: Mapping[str, str]
    limit: float


def start(
    data_dir: Path | str | None = None,
    *,
    binaries: Binaries | None = None,
    settings: Mapping[str, str] | None = None,
    prefer: Prefer = "system",
) -> Server:
    """Starts the server of a data directory, creating it first where needed.

    Args:
        data_dir: None is the platform's place for a user's data.
        binaries: None finds those of the cluster's version, else the usual order.
        settings: server parameters; ignored when the server runs already.
        prefer: where to look first when `binaries` is None.

    Raises:
        EmbeddedError: no programs, another major version, no permission, or a server
            that does not come up; the message ends with the tail of its log.
    """
    where = places(data_dir)
    return _start(where, binaries, settings or {}, prefer=prefer)


def stop(
    data_dir: Path | str | None = None,
    *,
    mode: Literal["fast", "immediate"] = "fast",
) -> bool:
    """Stops the server and waits for its end; False when it did not run.

    `fast` disconnects everybody and writes a checkpoint; `immediate` does not, and the
    next start recovers from the log.
    """
    where = places(data_dir)
    if not where.root.exists():
        return False
    with _told(where), locked(where):
        found = postmaster.running(where.cluster)
        if found is None:
            return False
        account = account_for(where.cluster)
        chosen = signal.SIGINT if mode == "fast" else signal.SIGQUIT
        if not postmaster.end(account, found.pid, chosen, STOP_SECONDS):
            raise EmbeddedError(
                f"the server (process {found.pid}) did not stop within "
                f"{STOP_SECONDS:.0f} s: look into {where.log}, or stop it in immediate "
                "mode"
            )
        return True


def status(data_dir: Path | str | None = None) -> Server | None:
    """The server of a data directory if it runs."""
    where = places(data_dir)
    with _told(where):
        found = postmaster.running(where.cluster)
        return _server(where, found) if found else None


@contextlib.contextmanager
def temporary(
    binaries: Binaries | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server in a new directory, stopped and removed at the end.

    Its data is gone afterwards even when the process is killed; an empty directory
    may then remain.
    """
    # Resolved, as TMPDIR may be relative or a link.
    root = Path(tempfile.mkdtemp(prefix="prooftrail-")).resolve()
    if os.geteuid() == 0:
        root.chmod(0o711)
    where = Places(root)
    try:
        server = _start(where, binaries, settings or {}, sync=False)
        with postmaster.lifeline(account_for(where.cluster), where.cluster):
            yield server
    finally:
        # Not by `running`: a server that still starts has to go as well.
        if found := postmaster.read(where.cluster):
            account = account_for(where.cluster)
            if not postmaster.end(account, found.pid, signal.SIGQUIT, 10):
                postmaster.end(account, found.pid, signal.SIGKILL, 10)
        _remove(root)
        shutil.rmtree(where.socket_dir, ignore_errors=True)


def _start(
    where: Places,
    binaries: Binaries | None,
    settings: Mapping[str, str],
    *,
    prefer: Prefer = "system",
    sync: bool = True,
) -> Server:
    with _told(where):
        make_root(where)
        with locked(where):
            limit = time.monotonic() + START_SECONDS
            if found := postmaster.running(where.cluster):
                return _server(where, _wait(where, found.pid, limit, 0))
            chosen = binaries or find_binaries(prefer, major=where.major())
            account = account_for(where.cluster)
            require_entry(account, where.root)
            chosen = reachable(chosen, account, where.programs)
            initialise(where, chosen, account, sync=sync)
            return _launch(_Launch(where, chosen, account, settings, limit))


def _launch(launch: _Launch) -> Server:
    where = launch.where
    _set_log_aside(where.log)
    socket_dir = make_socket_dir(where, launch.account)
    before = where.remembered()
    port = postmaster.free_port(before.port if before else None)
    while True:
        postmaster.release_stale_locks(launch.account, where.cluster, socket_dir)
        log_from = where.log.stat().st_size if where.log.exists() else 0
        argv = _command(launch, socket_dir, port)
        pid = postmaster.spawn(launch.account, argv, where.log)
        try:
            found = _wait(where, pid, launch.limit, log_from)
        except EmbeddedError:
            other = postmaster.running(where.cluster)
            if other and other.pid != pid:
                # A launcher died after it had spawned this one.
                found = _wait(where, other.pid, launch.limit, log_from)
            elif _may_pass(where, port, log_from) and time.monotonic() < launch.limit:
                time.sleep(0.2)
                port = postmaster.free_port(port)
                continue
            else:
                raise
        where.remember(Remembered(found.port, launch.binaries.version))
        return _server(where, found)


def _command(launch: _Launch, socket_dir: Path, port: int) -> list[str]:
    quoted = str(socket_dir).replace('"', '""')
    fixed = {
        "listen_addresses": postmaster.LOOPBACK,
        "port": str(port),
        "unix_socket_directories": f'"{quoted}"',  # a list: quotes keep commas whole
    }
    argv = [launch.binaries.program("postgres"), "-D", str(launch.where.cluster)]
    for name, value in {**launch.settings, **fixed}.items():
        argv += ["-c", f"{name}={value}"]
    return argv


def _wait(
    where: Places, pid: int, limit: float, log_from: int
) -> postmaster.Postmaster:
    """Waits until the server accepts queries."""
    while True:
        found = postmaster.read(where.cluster)
        if found and found.pid == pid and found.ready:
            return found
        if not postmaster.alive(pid):
            raise EmbeddedError(
                f"PostgreSQL did not start in {where.root}: see what its log "
                f"{where.log} says, put it right and start again\n"
                f"{_tail(where.log, log_from)}"
            )
        if time.monotonic() > limit:
            raise EmbeddedError(
                f"PostgreSQL (process {pid}) is not ready after {START_SECONDS:.0f} s, "
                f"perhaps still recovering: watch {where.log} and start again\n"
                f"{_tail(where.log, log_from)}"
            )
        time.sleep(0.01)


def _may_pass(where: Places, port: int, log_from: int) -> bool:
    """Whether trying again may help: the port was taken, or a backend still lives."""
    if postmaster.free_port(port) != port:
        return True
    # A killed server's backends hold its memory until they notice, a moment later.
    return b"pre-existing shared memory block" in _new_log(where.log, log_from)


def _server(where: Places, found: postmaster.Postmaster) -> Server:
    before = where.remembered()
    return Server(
        data_dir=where.root,
        port=found.port,
        socket_dir=found.socket_dir,
        url=where.url(found.socket_dir, found.port),
        pid=found.pid,
        version=before.version if before else str(where.major()),
    )


def _remove(root: Path) -> None:
    limit = time.monotonic() + 5
    while True:
        try:
            return shutil.rmtree(root)
        except OSError:
            # Backends of a killed server write until they notice its death.
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)


def _set_log_aside(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(log.name + ".old"))


def _new_log(log: Path, log_from: int) -> bytes:
    with log.open("rb") as file:
        file.seek(log_from)
        return file.read()


def _tail(log: Path, log_from: int) -> str:
    if not log.exists():
        return "(no log)"
    lines = _new_log(log, log_from).decode(errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:]) or "  (it is empty)"


@contextlib.contextmanager
def _told(where: Places) -> Iterator[None]:
    """Turns what the operating system refuses into an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise EmbeddedError(
            f"cannot use the data directory {where.root}: {error}; run this as its "
            "owner, or choose another --data-dir"
        ) from error
