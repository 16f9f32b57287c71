"""What the how-tos tell people to run does what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail import doctor
from prooftrail.errors import SealError
from prooftrail.integrity.findings import Kind, Weight
from prooftrail.store import connect
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.signing_rig import Rig, rigs
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to"


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    yield from rigs(trail, tmp_path)


def sql(document: str, heading: str) -> list[str]:
    """Return the blocks of SQL under a heading."""
    text = (HOW_TO / document).read_text()
    part = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sql\n(.*?)```", part, re.DOTALL)


def test_a_checkpoint_that_nobody_signed_is_taken_out(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROOFTRAIL_DSN", rig.trail.dsn)
    rig.seal(3)
    rig.signer().once()
    rig.trail.login("signer").execute(
        "insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)"
        " values (1, 1099511627776, 1, 'junk', '')"
    )
    with pytest.raises(SealError, match="1099511627776 entries"):
        rig.seal(1)
    report = Run(Asked()).run()
    failures = [one for one in report.findings if one.weight is Weight.FAILURE]
    assert [one.kind for one in failures] == [Kind.FORGED]
    (text,) = sql("when-verification-fails.md", "A checkpoint that nobody signed")
    rig.trail.superuser().execute(text)
    rig.seal(1)
    assert Run(Asked()).run().verdict.exit_code == 0
    link = connect.connect("verifier", dsn=rig.trail.dsn, autocommit=True)
    checks = {check.name: check for check in doctor.examine(link, clock=now_us)}
    link.close()
    assert checks["triggers"].state == "ok"
