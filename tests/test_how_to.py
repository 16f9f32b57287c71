"""What the how-tos tell people to run does what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail import doctor
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
        " select stream, size, 1, left(note, -1) || 'x', peaks"
        " from prooftrail.checkpoint"
    )
    rig.seal(1)
    report = Run(Asked()).run()
    failures = [one for one in report.findings if one.weight is Weight.FAILURE]
    assert [one.kind for one in failures] == [Kind.FORGED]
    look, out = sql("when-verification-fails.md", "A checkpoint that nobody signed")
    superuser = rig.trail.superuser()
    rows = superuser.execute(look.replace("1000", "4")).fetchall()
    assert [row[0] for row in rows][1:] == [1]
    out = out.replace("= 1000", "= 4").replace("= 1770000000000000", "= 1")
    superuser.execute(out)
    rig.seal(1)
    assert Run(Asked()).run().verdict.exit_code == 0
    link = connect.connect("verifier", dsn=rig.trail.dsn, autocommit=True)
    checks = {check.name: check for check in doctor.examine(link, clock=now_us)}
    link.close()
    assert checks["triggers"].state == "ok"


EVENT = (
    '{"action": "customer.update", "actor": {"userId": "usr_%d"},'
    ' "result": "success", "details": {"amount": 1.50}}'
)


def quarantined(rig: Rig) -> list[str]:
    rows = rig.trail.superuser().execute(
        "select event from prooftrail.quarantine order by id"
    )
    return [row[0] for row in rows]


def test_quarantined_events_are_put_back_as_they_came(rig: Rig) -> None:
    superuser, writer = rig.trail.superuser(), rig.trail.login("writer")
    look, back, _ = (
        sql("put-back-quarantined-events.md", heading)[0]
        for heading in ("Look", "Put back as they came", "Put back corrected")
    )
    for number in (1, 2):
        writer.execute(
            "insert into prooftrail.inbox (stream, event) values ('later', %s)",
            (EVENT % number,),
        )
    received = superuser.execute("select received_at from prooftrail.inbox").fetchall()
    rig.seal(0)
    assert [row[0] for row in superuser.execute(look)] == [1, 2]
    rig.trail.stream("later")
    superuser.execute("set role prooftrail_owner")
    superuser.execute(back.replace("'main'", "'later'"))
    rig.seal(0)
    assert quarantined(rig) == []
    rows = superuser.execute(
        "select convert_from(l.event, 'UTF8')::jsonb #>> '{$source,login}', actor,"
        " l.occurred_us, convert_from(l.event, 'UTF8') like '%\"1.50\"%'"
        " from prooftrail.log l join prooftrail.stream s on s.number = l.stream"
        " where s.name = 'later' and kind = 0 order by seq"
    ).fetchall()
    assert rows == [
        ("prooftrail_writer", f"usr_{number}", round(at.timestamp() * 1e6), True)
        for number, (at,) in enumerate(received, 1)
    ]


def test_quarantined_events_are_put_back_corrected(rig: Rig) -> None:
    superuser, writer = rig.trail.superuser(), rig.trail.login("writer")
    (text,) = sql("put-back-quarantined-events.md", "Put back corrected")
    for _ in range(3):
        writer.execute("insert into prooftrail.inbox (event) values ('{}')")
    rig.seal(0)
    superuser.execute(text)
    assert len(quarantined(rig)) == 2
    rig.seal(0)
    assert superuser.execute(
        "select actor, result from prooftrail.log where kind = 0"
    ).fetchall() == [("usr_a1b2c3", "success")]
    assert superuser.execute("select event from corrected_event").fetchall() == [
        ("{}",)
    ]
