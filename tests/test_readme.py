"""The README's quickstart, run as it stands: shell, Python and SQL, in its order."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail import embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.database  # a server of its own

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_START = "prooftrail db start --env"

_SQL = """
import os, psycopg
with psycopg.connect(os.environ["PROOFTRAIL_DSN"]) as connection:
    connection.execute('''{}''')
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that root's server can enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="ptreadme-"))
    made.chmod(0o711)
    yield made
    embedded.stop(made / "data", mode="immediate")
    shutil.rmtree(made)


def _script(home: Path) -> str:
    lines = []
    for language, text in _BLOCK.findall(README.read_text()):
        if language == "python":
            lines.append(f"python - <<'PY'\n{text}PY")
        elif language == "sql":
            lines.append(f"python - <<'PY'\n{_SQL.format(text.rstrip())}PY")
        elif "make demo" not in text:
            lines.append(text.replace(_START, f"{_START} --data-dir {home / 'data'}"))
    return "\n".join(lines)


def test_the_quickstart_ends_with_a_verified_log(home: Path) -> None:
    script = _script(home)
    assert str(home) in script, f"the README does not say {_START}"
    told = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script + "prooftrail verify --json"],
        cwd=home,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("PROOFTRAIL_")},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PROOFTRAIL_KEY_FILE": str(home / "signing.key"),
            "PROOFTRAIL_STATE_DIR": str(home / "signer"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "sealed 2 events" in told.stdout
    report = json.loads(told.stdout[told.stdout.rindex("\n{") :])
    assert report["verdict"] == "verified", report
