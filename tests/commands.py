"""Running `prooftrail` as a user does: a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.trail import Trail

MAIN = "from prooftrail.cli import main; main()"


def run(
    trail: Trail, *arguments: str, stdin: str | bytes = b"", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with the administrator's DSN alone, and whatever `env` adds."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env=trail.env | env,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
