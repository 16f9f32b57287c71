"""The PII Access report of the example's traffic, compared with what was done.

PROOFTRAIL_TEST_DAYS=90 makes it of ninety days, for three seeds.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pypdf
import pytest

from tests.api_rig import serving
from tests.commands import run
from tests.company_rig import SEEDS, lived
from tests.test_reading_commands import key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

STATED = (
    "--entity",
    "Example Ltd",
    "--system",
    "Billing API",
    "--environment",
    "PRODUCTION",
)
# what ninety days have of these, in three
SHORT = {
    1: ("_break_glass", "_past_the_application"),
    2: ("_export_at_night", "_leaver"),
}
RULES = {
    "mass access": "mass-access",
    "break-glass": "break-glass",
    "unexplained access": "unexplained-access",
}


def volumes(
    trail: Trail, token: str, path: Path, *arguments: str
) -> tuple[str, list[dict[str, Any]]]:
    """Make the report; return the text of its first volume, and the rows of all."""
    given = ("report", "pii-access", "-o", str(path), *STATED, *arguments)
    done = run(trail, *given, PROOFTRAIL_KEY=token)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = []
    text = ""
    for number, line in enumerate(done.stdout.splitlines()):
        read = pypdf.PdfReader(line.split("  ")[0])
        files = {name: one[0].decode() for name, one in read.attachments.items()}
        here = [json.loads(one) for one in files["rows.jsonl"].splitlines()]
        told = list(csv.DictReader(io.StringIO(files["rows.csv"], newline="")))
        assert [one["eventId"] for one in told] == [one["eventId"] for one in here]
        rows += here
        if number == 0:
            text = "".join(page.extract_text() for page in read.pages)
    return " ".join(text.split()), rows


@pytest.mark.parametrize("seed", SEEDS)
def test_its_numbers_are_those_of_what_was_done(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    truth, begin, end = lived(trail, tmp_path, monkeypatch, seed, SHORT)
    period = ("--from", str(begin), "--to", str(end))
    token = key(trail, "--role", "auditor")
    text, rows = volumes(trail, token, tmp_path / "a.pdf", *period)

    found = Counter((one["actorId"] or "anonymous", one["verdict"]) for one in rows)
    assert found == truth.personal
    each = Counter(one["verdict"] for one in rows)
    assert set(each) == {"authorised", "break-glass", "denied", "unexplained"}
    total = " + ".join(
        f"{each[one]:,} {one}"
        for one in ("authorised", "break-glass", "denied", "unexplained")
    )
    assert f"{total} = {len(rows):,}, the population." in text
    assert f"{len(rows):,} accesses printed = rows.csv = rows.jsonl" in text
    assert len({one["eventId"] for one in rows}) == len(rows)
    with serving(trail, monkeypatch) as api, api.client(token) as client:
        during = f"pii:yes during:{begin}..{end - timedelta(days=1)}"
        counted = client.get("/audit/events/count", params={"q": during}).json()
        assert counted["count"] == len(rows)
        answered = client.get("/audit/authority", params={"q": during}).json()
    assert answered["total"] == len(rows)

    people = {who for who, _ in found if who != "anonymous"}
    customers = {
        one
        for one, _, answer in truth.touched
        if answer != "denied" and not one.startswith("cust_missing")
    }
    (told,) = re.findall(r"accesses by ([\d,]+) actors, to ([\d,]+) data subj", text)
    assert [int(one.replace(",", "")) for one in told] == [len(people), len(customers)]

    planted_ones = [one for one in truth.anomalies if one.kind in RULES]
    assert len(planted_ones) >= len(RULES)
    joined = text.replace("- ", "-")  # a rule's name may break there
    for one in planted_ones:
        for who in one.accounts:
            assert re.search(rf"P-\d+ {RULES[one.kind]} {who}: ", joined), one
    assert len(set(re.findall(r"\bP-\d+ ", text))) == len(planted_ones)

    most = Counter(one for one, _, _ in truth.touched).most_common(1)[0][0]
    done = Counter(
        {
            answer: sum(
                n
                for (whom, _, its), n in truth.touched.items()
                if (whom, its) == (most, answer)
            )
            for answer in each
        }
    )
    edition = ("--edition", "data-subject", "--resource", most)
    text, rows = volumes(trail, token, tmp_path / "b.pdf", *period, *edition)
    assert Counter(one["verdict"] for one in rows) == +done
    assert {one["subject"] for one in rows} == {most}
    assert f"{len(rows):,} accesses to the data of {most}." in text
    for who in people:  # nobody who did it, nobody else whose data it was
        assert who not in text
        assert who not in json.dumps(rows)
    assert not {*re.findall(r"cust_\w+", text)} - {most}
