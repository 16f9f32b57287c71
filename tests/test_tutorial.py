"""The tutorial's pages, run as they stand, one after another in one shell."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import pages

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.database  # a server of its own

TUTORIAL = Path(__file__).parent.parent / "docs" / "tutorial"
_NEXT = re.compile(r"^Next: \[[^\]]*\]\(([\w-]+\.md)\)", re.MULTILINE)
_TURN = "echo; echo == {}\n"


def in_order() -> Sequence[Path]:
    found = [TUTORIAL / "quickstart.md"]
    while onward := _NEXT.search(found[-1].read_text()):
        found.append(TUTORIAL / onward[1])
    return found


def test_every_page_is_come_to() -> None:
    assert sorted(in_order()) == sorted(TUTORIAL.glob("*.md"))


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is not on this machine: install curl"
)
def test_every_page_does_what_it_says() -> None:
    port = pages.free_port()
    with pages.home() as home:
        script = "".join(
            _TURN.format(page.name) + pages.script(page, home, port=port)
            for page in in_order()
        )
        told = pages.run(script, home, PROOFTRAIL_PORT=str(port))
        log = home / "serve.log"
        served = log.read_text() if log.exists() else ""
    assert told.returncode == 0, told.stdout + told.stderr + served[-2000:]
    first, service, auditor = (
        told.stdout.split(f"== {page.name}\n")[1].split("\n== ")[0]
        for page in in_order()
    )
    assert "durable: " in first
    assert "VERIFIED" in first.upper()
    statuses = re.findall(r'"status":"(\w+)"', service)
    assert statuses[:3] == ["accepted", "accepted", "refused"]
    assert {"usr_123", "usr_456"} <= set(re.findall(r"usr_\d+", service))
    result = json.loads(service[service.rindex("data: ") + 6 :])
    assert result["verdict"] == "verified"
    assert '"count":2' in auditor
    assert '"events":[]' in auditor
    assert '"status":403' in auditor
    assert "the auditors" in auditor
    assert '"well": true' in served
