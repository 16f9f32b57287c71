"""A sign-off is an event of exactly the file that was signed off."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from prooftrail.catalog import missing, tell
from prooftrail.errors import QuestionError, ReportError
from prooftrail.reports import signing_off
from prooftrail.reports.enclosing import Data, Draft, enclosing
from prooftrail.reports.typesetting import typeset
from tests import commands
from tests.reported import report
from tests.sealing import log, seal
from tests.signing_rig import rigs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.signing_rig import Rig

SAID = ("--name", "Ada Lovelace, CISO", "--conclusion", "No exception.")


@pytest.fixture
def rig(trail: object, tmp_path: Path) -> Iterator[Rig]:
    yield from rigs(trail, tmp_path)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pdf() -> bytes:
    """A report as it is made."""
    data = Data(("name",), [("Ada Lovelace",)])
    draft = Draft(report(), data, {"report": "test"}, 1_700_000_000_000_000)
    (made,) = typeset(list(enclosing(draft)), draft.made_us)
    return made


def test_a_sign_off_names_report_file_and_conclusion(
    rig: Rig, pdf: bytes, tmp_path: Path
) -> None:
    trail, path = rig.trail, tmp_path / "r.pdf"
    path.write_bytes(pdf)
    made = commands.run(trail, "key", "create", "a", "--role", "auditor")
    given = ("report", "sign-off", str(path), "--as", "reviewer", *SAID)
    token = made.stdout.strip()
    done = commands.run(trail, *given, "--comments", "=1+1", PROOFTRAIL_KEY=token)
    assert done.returncode == 0, done.stderr
    seal(trail)
    (event,) = [one for one in log(trail) if one["action"] == signing_off.ACTION]
    assert event["resource"]["id"] == "rep_1"
    details = event["details"]
    assert details.pop("caller").startswith("os:")
    assert details == {
        "part": "reviewer",
        "name": "Ada Lovelace, CISO",
        "conclusion": "No exception.",
        "comments": "=1+1",
        "sha256": sha256(pdf).hexdigest(),
    }
    assert missing(event) == []
    assert "signed off" in tell(event)
    assert details["sha256"] in done.stdout


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"no PDF", bytes(5_000)])
def test_only_reports_are_signed_off(content: bytes) -> None:
    with pytest.raises(ReportError, match="no PDF that prooftrail report made"):
        signing_off.event(content, "reviewer", "A", "B", None)


@pytest.mark.parametrize("text", ["", "  ", "a" * 2_001, "a\0b"])
def test_what_cannot_be_said_is_refused(pdf: bytes, text: str) -> None:
    for said in ((text, "b", None), ("a", text, None), ("a", "b", text)):
        with pytest.raises(QuestionError, match="takes a text of at most"):
            signing_off.event(pdf, "auditor", *said)


def test_an_event_is_plain_json(pdf: bytes) -> None:
    event = signing_off.event(pdf, "auditor", "A\u202e", "\N{SNOWMAN}", None)
    assert json.loads(json.dumps(event)) == event
