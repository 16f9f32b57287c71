"""A real OpenSSH server, and real logins to it: for the importer of its log.

The messages are sshd's own. What a system's log puts before each (time, server,
program, pid) is put there as rsyslog does, since a test may not take over the machine's
/dev/log: one connection is made after the other, and each gets a number as its pid.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail.core import instants
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")

needs_sshd = pytest.mark.skipif(
    SSHD is None or shutil.which("ssh") is None,
    reason="OpenSSH is not on this machine: install openssh-server",
)

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {room}/host
PidFile none
AuthorizedKeysFile {room}/keys/%u
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxAuthTries 4
LogLevel INFO
{more}
"""
_ENDS = ("[preauth]", "Disconnected from user")


class SshServer:
    """One sshd on 127.0.0.1, and what it wrote."""

    def __init__(self, room: Path, more: str) -> None:
        assert SSHD is not None
        self.room = room
        self.me = getpass.getuser()
        self.lines: list[str] = []
        self._connection = 1000
        self._key("host")
        self._key("mine")
        self._key("other")
        (room / "keys").mkdir()
        shutil.copy(room / "mine.pub", room / "keys" / self.me)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it asks for it as root
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        config = room / "sshd_config"
        config.write_text(_CONFIG.format(port=self.port, room=room, more=more))
        self._process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(config)],
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._wait(lambda: any("Server listening" in line for line in self.lines))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._reader.join(10)
        if self._process.stderr is not None:
            self._process.stderr.close()

    def password(self, user: str, *, prompts: int = 1) -> None:
        """Try a wrong password, so many times in one connection."""
        ask = self.room / "ask"
        ask.write_text("#!/bin/sh\necho wrong-one\n")
        ask.chmod(0o755)
        self._ssh(
            user,
            "-o", "PubkeyAuthentication=no",
            "-o", f"NumberOfPasswordPrompts={prompts}",
            SSH_ASKPASS=str(ask),
            SSH_ASKPASS_REQUIRE="force",
        )  # fmt: skip

    def key(self, user: str, name: str) -> None:
        """Log in with a key: `mine` opens, `other` does not."""
        self._ssh(
            user,
            "-o", "PasswordAuthentication=no",
            "-o", "IdentitiesOnly=yes",
            "-i", str(self.room / name),
        )  # fmt: skip

    def log(self) -> str:
        """Return what the system's log would have by now."""
        return "".join(f"{line}\n" for line in self.lines)

    def _ssh(self, user: str, *options: str, **env: str) -> None:
        self._connection += 1
        before = len(self.lines)
        subprocess.run(
            [
                "ssh", "-F", "none", "-p", str(self.port), "-l", user,
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", *options, "127.0.0.1", "true",
            ],
            env={"PATH": os.environ["PATH"], "HOME": str(self.room)} | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )  # fmt: skip
        self._wait(
            lambda: any(end in line for line in self.lines[before:] for end in _ENDS)
        )

    def _wait(self, there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not there():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)
        time.sleep(0.1)  # the last line of several

    def _read(self) -> None:
        assert self._process.stderr is not None
        for text in self._process.stderr:
            now = instants.text(now_us())
            self.lines.append(f"{now} gate sshd[{self._connection}]: {text.rstrip()}")

    def _key(self, name: str) -> None:
        subprocess.run(
            [
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                str(self.room / name),
            ],
            check=True,
        )


@contextmanager
def ssh_server(room: Path, more: str = "") -> Iterator[SshServer]:
    """Serve in a directory of its own, until the end."""
    made = SshServer(room, more)
    try:
        yield made
    finally:
        made.close()
