"""`prooftrail report integrity`: on a real log, whole, altered and empty."""

from __future__ import annotations

import csv
import io
import itertools
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pypdf
import pytest

from prooftrail.store import connect, reporting
from tests import commands
from tests.sealing import event, insert, seal
from tests.signing_rig import rigs, unguarded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.signing_rig import Rig
    from tests.trail import Trail


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    yield from rigs(trail, tmp_path)


def made(
    trail: Trail, path: Path, *arguments: str, code: int = 0
) -> tuple[str, dict[str, bytes]]:
    """Make the report; return its text, and what it encloses."""
    key = commands.run(trail, "key", "create", "an auditor", "--role", "auditor")
    done = commands.run(
        trail,
        "report",
        "integrity",
        "-o",
        str(path),
        *arguments,
        PROOFTRAIL_KEY=key.stdout.strip(),
    )
    assert done.returncode == code, done.stderr
    assert str(path) in done.stdout
    return read(path)


def read(path: Path) -> tuple[str, dict[str, bytes]]:
    told = pypdf.PdfReader(path)
    text = " ".join("".join(page.extract_text() for page in told.pages).split())
    return text, {name: one[0] for name, one in told.attachments.items()}


def test_a_whole_log_is_told_with_its_segments(rig: Rig, tmp_path: Path) -> None:
    trail = rig.trail
    for _ in range(3):
        rig.seal(8)
        rig.signer(rig.anchor()).once()
    text, files = made(
        trail,
        tmp_path / "a.pdf",
        "--anchor",
        str(rig.anchor().directory),
        "--entity",
        "An Entity",
        "--environment",
        "PRODUCTION",
    )
    assert "Nothing was found altered, deleted or inserted." in text
    assert "is anchored outside the database to the end of the range" in text
    assert "PRODUCTION" in text
    assert "An Entity" in text
    assert "compliant" not in text.lower()
    rows = list(csv.DictReader(io.StringIO(files["rows.csv"].decode(), newline="")))
    lines = [json.loads(line) for line in files["rows.jsonl"].decode().splitlines()]
    assert [int(one["firstSeq"]) for one in rows] == [one["firstSeq"] for one in lines]
    log = trail.superuser().execute("select count(*) from prooftrail.log")
    [(size,)] = log.fetchall()
    assert lines[0]["firstSeq"] == 0
    assert all(
        one["firstSeq"] == before["lastSeq"] + 1
        for before, one in itertools.pairwise(lines)
    )
    assert sum(one["entries"] for one in lines) == size
    assert all(one["agrees"] for one in lines if one["root"])
    run = json.loads(files["run.json"])
    assert run["parameters"]["report"] == "integrity"
    assert f"SHA-256 {run['files']['rows.csv']}" in text.replace("- ", "-")
    assert files["checkpoint.txt"].count(b"\n\n") == 1
    assert len([one for one in lines if one["anchor"]]) >= 3


def test_how_soon_entries_were_signed_is_told(rig: Rig, tmp_path: Path) -> None:
    """A checkpoint's first entry waited longest; heartbeats are of no new entry."""
    signer = rig.signer(rig.anchor())
    for seconds in (60, 3_600, 86_400):
        rig.seal(3)
        rig.clock.move(seconds)
        signer.once()
        rig.clock.move(60)
        signer.turn()  # a heartbeat
    superuser = rig.trail.superuser()
    signed = superuser.execute(
        "select size, min(signed_us) from prooftrail.checkpoint group by 1 order by 1"
    ).fetchall()
    times = superuser.execute("select seq, recorded_us from prooftrail.log").fetchall()
    recorded = dict(times)
    expected: dict[int, int] = {}
    for (first, _), (_, at) in itertools.pairwise([(0, 0), *signed]):
        day = at // 86_400_000_000
        expected[day] = max(expected.get(day, 0), at - recorded[first])
    size = len(recorded)
    with closing(connect.connect("verifier", dsn=rig.trail.dsn)) as link:
        found = dict(reporting.lags(link, rig.stream().number, 0, size))
        assert found == expected
        assert reporting.lags(link, rig.stream().number, size, size) == []
    assert len(found) >= 2
    text, _ = made(rig.trail, tmp_path / "a.pdf")
    longest = -(-max(expected.values()) // 1_000_000)
    assert f"The longest wait was {longest:,} seconds" in text


def test_it_and_its_verification_stand_in_the_trail(
    trail: Trail, tmp_path: Path
) -> None:
    insert(trail, event())
    seal(trail)
    made(trail, tmp_path / "a.pdf", "--during", "last-90-days")
    rows = trail.superuser().execute("select event from prooftrail.inbox").fetchall()
    told: list[dict[str, Any]] = [json.loads(row[0]) for row in rows]
    [export] = [one for one in told if one["action"] == "audit.log.export"]
    assert export["details"]["report"] == "integrity"
    assert export["details"]["filters"]["q"].startswith("during:20")
    assert [one["action"] for one in told].count("audit.chain.verify") == 1


def test_an_altered_log_is_told_on_page_one_and_the_report_is_made(
    rig: Rig, tmp_path: Path
) -> None:
    rig.seal(25)
    rig.signer(rig.anchor()).once()
    with unguarded(rig.trail) as admin:
        admin.execute("update prooftrail.log set actor = 'usr_other' where seq = 7")
    text, files = made(rig.trail, tmp_path / "a.pdf", code=1)
    first = pypdf.PdfReader(tmp_path / "a.pdf").pages[0].extract_text()
    first = " ".join(first.split())
    assert "The log was altered. Entry 7 of main: projection edited." in first
    assert "Who could alter the log now" in first
    assert "I-1 projection edited" in text
    assert "rows.csv" in files


def test_a_period_without_an_entry_says_whether_anything_was_alive(
    trail: Trail, tmp_path: Path
) -> None:
    insert(trail, event())
    seal(trail)
    text, files = made(
        trail, tmp_path / "a.pdf", "--from", "2020-01-01", "--to", "2020-02-01"
    )
    assert "Nothing was recorded in this period." in text
    assert "Nothing was signed in this period, either" in text
    assert files["rows.jsonl"] == b""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "2026-02-01", "--to", "2026-01-01"), "swap them"),
        (("--during", "the-other-day"), "during"),
        (("--stream", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_asked_is_told_and_nothing_is_written(
    trail: Trail, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    key = commands.run(trail, "key", "create", "an auditor", "--role", "auditor")
    path = tmp_path / "a.pdf"
    done = commands.run(
        trail,
        "report",
        "integrity",
        "-o",
        str(path),
        *arguments,
        PROOFTRAIL_KEY=key.stdout.strip(),
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert not list(tmp_path.iterdir())
