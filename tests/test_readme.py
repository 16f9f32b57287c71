"""The README's quickstart, run as it stands: shell, Python and SQL, in its order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import pages

pytestmark = pytest.mark.database  # a server of its own

README = Path(__file__).parent.parent / "README.md"
# The service that it begins is there, soon after: whoever opens the link, comes in.
ANSWERS = """python - <<'PY'
import time, urllib.request
for _ in range(300):
    try:
        urllib.request.urlopen("http://127.0.0.1:{}/login", timeout=5)
        break
    except OSError:
        time.sleep(0.1)
else:
    raise SystemExit("the service does not answer")
PY
"""


def test_the_quickstart_ends_with_a_verified_log() -> None:
    port = pages.free_port()
    with pages.home() as home:
        script = pages.script(README, home, port=port)
        assert str(home) in script, "the README starts no server"
        told = pages.run(
            script + ANSWERS.format(port) + "prooftrail verify --json",
            home,
            PROOFTRAIL_KEY_FILE=str(home / "signing.key"),
            PROOFTRAIL_STATE_DIR=str(home / "signer"),
            PROOFTRAIL_PORT=str(port),
        )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "sealed 2 events" in told.stdout
    assert f"http://127.0.0.1:{port}/invitation?token=" in told.stdout
    report = json.loads(told.stdout[told.stdout.rindex("\n{") :])
    assert report["verdict"] == "verified", report
