"""Runs the blocks of documents as they stand: shell, Python and SQL, in their order."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prooftrail import embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_START = "prooftrail db start --env"
_STOP = "prooftrail db stop"
_PORT = "8400"

_SQL = """
import os, psycopg
with psycopg.connect(os.environ["PROOFTRAIL_DSN"]) as connection:
    connection.execute('''{}''')
"""


@contextmanager
def home() -> Iterator[Path]:
    """Give a directory that root's server can enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="ptpages-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        embedded.stop(made / "data", mode="immediate")
        shutil.rmtree(made)


def script(document: Path, place: Path, *, port: int = 0) -> str:
    """Return a document as one script, on a server and a port of its own.

    Args:
        document: whose blocks it is.
        place: where the server's data lie.
        port: in place of 8400.
    """
    own = f"--data-dir {place / 'data'}"
    lines = []
    for language, text in _BLOCK.findall(document.read_text()):
        if language == "python":
            lines.append(f"python - <<'PY'\n{text}PY\n")
        elif language == "sql":
            lines.append(f"python - <<'PY'\n{_SQL.format(text.rstrip())}PY\n")
        elif "make demo" not in text:
            for told in (_START, _STOP):
                text = text.replace(told, f"{told} {own}")  # noqa: PLW2901
            lines.append(text.replace(_PORT, str(port)))
    return "".join(lines)


def run(text: str, place: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a directory, with nothing set of what is the trail's.

    It stops at the first command that fails; what it left running is ended.
    """
    ended = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", ended + text],
        cwd=place,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("PROOFTRAIL_")},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **env,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def free_port() -> int:
    """Return a port that nobody listened at just now."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])
