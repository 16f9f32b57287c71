"""Every report says on page one whether the log that it is of was altered."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pypdf
import pytest

from prooftrail.reports.registry import MAKERS
from tests import commands
from tests.api_rig import serving
from tests.sealing import seal
from tests.signing_rig import rigs, unguarded
from tests.test_reading_commands import key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.signing_rig import Rig
    from tests.trail import Trail

ALTERED = "The log was altered. Entry 7 of main: edited."


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    for made in rigs(trail, tmp_path):
        made.seal(25)
        made.signer(made.anchor()).once()
        yield made


def edit(rig: Rig) -> None:
    """Edit the event of entry 7, as a superuser."""
    with unguarded(rig.trail) as admin:
        for (name,) in admin.execute(
            "select conname from pg_constraint"
            " where conrelid = 'prooftrail.log'::regclass and contype = 'c'"
        ).fetchall():
            admin.execute(f'alter table prooftrail.log drop constraint "{name}"')
        admin.execute(
            "update prooftrail.log set event = convert_to(replace(convert_from(event,"
            " 'UTF8'), '\"success\"', '\"failure\"'), 'UTF8') where seq = 7"
        )


def made(
    rig: Rig, name: str, path: Path, *given: str, code: int, role: str = "auditor"
) -> tuple[str, str]:
    """Make a report; return page one, and all of it."""
    done = commands.run(
        rig.trail,
        *("report", name, "-o", str(path), *given),
        PROOFTRAIL_KEY=key(rig.trail, "--role", role),
    )
    assert done.returncode == code, done.stderr
    pages = [
        " ".join(one.extract_text().split()) for one in pypdf.PdfReader(path).pages
    ]
    return pages[0], " ".join(pages)


@pytest.mark.parametrize("name", MAKERS)
def test_an_altered_log_is_told_first_and_the_report_is_made(
    rig: Rig, tmp_path: Path, name: str
) -> None:
    anchor = ("--anchor", str(rig.anchor().directory))
    page, _ = made(rig, name, tmp_path / "a.pdf", *anchor, code=0)
    assert "Verified for this report: " in page
    assert "nothing was altered" in page
    edit(rig)
    page, text = made(rig, name, tmp_path / "b.pdf", *anchor, code=1)
    assert ALTERED in page
    assert "What this report shows may be wrong, or lack something" in page
    assert "C-1 edited entry 7" in text  # among the exceptions
    assert "tampered for this report" in text
    assert "1 thing does NOT fit" in text


def test_what_could_not_be_verified_is_told(rig: Rig, tmp_path: Path) -> None:
    given = ("--anchor", str(tmp_path / "nowhere"))
    page, text = made(rig, "failed-auth", tmp_path / "a.pdf", *given, code=2)
    assert "Whether the log was altered could not be verified." in page
    assert "could not verify for this report" in text


def test_nobody_has_to_verify(rig: Rig, tmp_path: Path) -> None:
    edit(rig)
    page, _ = made(rig, "failed-auth", tmp_path / "a.pdf", "--unverified", code=0)
    assert "The log was not verified for this report: nobody asked for it." in page
    seal(rig.trail)
    told = rig.trail.superuser().execute("select event from prooftrail.log").fetchall()
    actions = [json.loads(row[0])["action"] for row in told]
    assert "audit.log.export" in actions
    assert "audit.chain.verify" not in actions


def test_whoever_sees_a_period_alone_learns_nothing_of_the_rest(
    rig: Rig, tmp_path: Path
) -> None:
    edit(rig)
    token = key(rig.trail, "--role", "auditor", "--from", "2026-03-01")
    path = tmp_path / "a.pdf"
    given = ("report", "failed-auth", "-o", str(path))
    done = commands.run(rig.trail, *given, PROOFTRAIL_KEY=token)
    assert done.returncode == 2, done.stderr
    first = " ".join(pypdf.PdfReader(path).pages[0].extract_text().split())
    assert "may see a period alone" in first
    assert "altered." not in first


def test_without_the_verifier_it_is_told_that_nothing_was_verified(
    rig: Rig, tmp_path: Path
) -> None:
    path = tmp_path / "a.pdf"
    done = commands.run(
        rig.trail,
        *("report", "failed-auth", "-o", str(path)),
        PROOFTRAIL_KEY=key(rig.trail, "--role", "auditor"),
        PROOFTRAIL_VERIFIER_DSN="postgresql://nobody@/nowhere",
    )
    assert done.returncode == 2
    first = " ".join(pypdf.PdfReader(path).pages[0].extract_text().split())
    assert "could not be verified" in first or "was not verified" in first


def test_over_http_too(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(rig)
    with (
        serving(rig.trail, monkeypatch) as api,
        api.client(api.key("auditor")) as client,
    ):
        answer = client.get("/audit/reports/failed-auth")
    assert answer.status_code == 200
    page = pypdf.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert ALTERED in " ".join(page.split())
