"""The Integrity report of logs that were attacked, set as PDF: what page one says.

That it is made of every attack here, and what it says of each, is held by `bound`.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pypdf
import pytest

from prooftrail.reports.document import Table
from prooftrail.reports.enclosing import enclosing
from prooftrail.reports.typesetting import typeset
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.attacks import bound
from tests.attacks.forging import altered
from tests.attacks.rig import MIDDLE, NEWEST
from tests.attacks.test_rewritten import innocent

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.reports.enclosing import Draft
    from tests.attacks.rig import Attacked


def edited(attacked: Attacked) -> None:
    attacked.disarm()
    forger = attacked.forger()
    forger.write(altered(forger.row(MIDDLE), innocent))


def deleted(attacked: Attacked) -> None:
    attacked.unguard()
    attacked.forger().delete(60, 69)


def truncated(attacked: Attacked) -> None:
    attacked.unguard()
    attacked.forger().delete(164, NEWEST)
    attacked.cover_tracks()


def rewritten(attacked: Attacked) -> None:
    attacked.unguard()
    attacked.forger().rewrite(MIDDLE, innocent)
    attacked.cover_tracks()


def emptied(attacked: Attacked) -> None:
    attacked.unguard()
    for table in ("log", "subject", "daily", "head", "checkpoint"):
        attacked.execute(f"delete from prooftrail.{table} where stream = 1")
    attacked.execute("delete from prooftrail.stream where number = 1")


ATTACKS: dict[str, tuple[Callable[[Attacked], None], str, str]] = {
    "edit": (edited, "Entry 101 of main: edited.", "covers 100 entries"),
    "delete": (deleted, "Entries 60 to 69 of main: deleted.", "covers 50 entries"),
    "truncate": (
        truncated,
        "Entries 164 to 203 of main: truncated.",
        "covers 163 entries",
    ),
    "rechain": (
        rewritten,
        "Entries 100 to 149 of main: rewritten.",
        "covers 100 entries",
    ),
    "missing": (emptied, ": stream missing.", "not bounded by one"),
}


def page_one(draft: Draft) -> tuple[str, str]:
    """Set a report; return what page one says, and all pages."""
    [pdf] = typeset(list(enclosing(draft)), draft.made_us)
    pages = [
        " ".join(one.extract_text().split())
        for one in pypdf.PdfReader(io.BytesIO(pdf)).pages
    ]
    return pages[0], " ".join(pages)


def made(attacked: Attacked, **asked: Any) -> tuple[Draft, int]:
    wanted = Asked(**asked)
    report = Run(wanted, dsn=attacked.trail.dsn).run()
    return bound.make(attacked.trail, wanted, report)


@pytest.mark.parametrize("name", ATTACKS)
def test_page_one_says_what_was_done_and_where(attacked: Attacked, name: str) -> None:
    attack, headline, good = ATTACKS[name]
    attack(attacked)
    draft, code = made(attacked, anchors=(attacked.anchor,))
    assert code == 1
    page, text = page_one(draft)
    assert "The log was altered." in page
    assert headline in page
    assert good in page
    assert "Who could alter the log now: " in page
    assert bound.BREAKS in text
    assert "Accounts that could: " in text


def guards(draft: Draft) -> list[tuple[str, ...]]:
    """Return what the report says of the database's guards."""
    [section] = [
        one for one in draft.report.sections if one.title == "Who could alter the log"
    ]
    table = section.blocks[1]
    assert isinstance(table, Table)
    return list(table.rows)


def test_guards_that_were_taken_away_are_told(attacked: Attacked) -> None:
    draft, code = made(attacked, anchors=(attacked.anchor,))
    assert code == 0
    assert {row[1] for row in guards(draft)} == {"as installed"}
    assert "triggers" in {row[0] for row in guards(draft)}
    attacked.execute("alter table prooftrail.log no force row level security")
    attacked.unguard()
    draft, _ = made(attacked, anchors=(attacked.anchor,))
    differing = {row[0] for row in guards(draft) if row[1] == "DIFFERS"}
    assert {"row security", "triggers"} <= differing
    [security] = [row[2] for row in guards(draft) if row[0] == "row security"]
    assert ".log: " in security
    assert "forced" in security


def test_an_anchor_that_is_not_there_is_told_on_page_one(attacked: Attacked) -> None:
    draft, code = made(attacked, anchors=(attacked.anchor / "elsewhere",))
    assert code == 2
    page, _ = page_one(draft)
    assert "It could not be verified whether the log was altered." in page
    assert "elsewhere" in page.replace(" ", "")  # a path breaks wherever a line ends


def test_what_cannot_be_read_is_told_and_the_report_is_made(attacked: Attacked) -> None:
    """A superuser took from readers what reports are made of."""
    edited(attacked)
    roles = "select rolname from pg_roles where rolname like '%%reader'"
    for (role,) in attacked.execute(roles).fetchall():
        attacked.execute(f'revoke select on prooftrail.log from "{role}"')
        for column in ("occurred_us", "action"):
            attacked.execute(
                f'revoke select ({column}) on prooftrail.log from "{role}"'
            )
    draft, code = made(attacked, anchors=(attacked.anchor,))
    assert code == 1
    assert "Entry 101 of main: edited." in draft.report.answer.headline
    told = " ".join(draft.report.run.limitations)
    assert "What this report has of runs could not be read: " in told
    assert "permission denied" in told
