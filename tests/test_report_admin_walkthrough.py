"""The Admin Actions report on the example's traffic: as it was done.

PROOFTRAIL_TEST_DAYS=90 makes it of ninety days, for three seeds.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from examples.fintech.traffic.truth import GRANTS

from prooftrail.reports.admin_kinds import MEANINGS, QUERY
from tests.api_rig import serving
from tests.company_rig import SEEDS, lived, us
from tests.made_reports import make

if TYPE_CHECKING:
    from pathlib import Path

    from examples.fintech.traffic.truth import Truth

    from tests.trail import Trail

# the kinds of ninety days that concern administration, in three
SHORT = {
    1: ("_break_glass", "_self_granted", "_guessing", "_unlock"),
    2: ("_probing", "_leaver"),
}
made = partial(make, "admin-actions")


@pytest.mark.parametrize("seed", SEEDS)
def test_actions_and_exceptions_are_those_of_the_plan(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    truth, begin, end = lived(trail, tmp_path, monkeypatch, seed, SHORT)
    period = ("--from", str(begin), "--to", str(end))
    window = ("--change-window", "Mon 00:00-Sun 24:00")
    text, rows, files = made(trail, tmp_path / "a.pdf", *period, *window)
    assert "as many as the index counts" in text
    assert f"the entries of {len(rows):,} rows were hashed again" in text
    assert "Verified for this report" in text
    told = csv.DictReader(io.StringIO(files["rows.csv"].decode(), newline=""))
    assert [(one["stream"], int(one["seq"])) for one in told] == [
        (one["stream"], one["seq"]) for one in rows
    ]
    with serving(trail, monkeypatch) as api, api.client(api.key("auditor")) as client:
        given = {"q": QUERY, "from": str(begin), "to": str(end)}
        counted = client.get("/audit/events/count", params=given).json()
    assert counted["count"] == len(rows)
    each_action_is_a_row(rows, truth)
    who_was_given_access(text, rows, truth)
    what_was_broken_and_refused(rows, truth)
    the_parts_add_up(text, rows)


def each_action_is_a_row(rows: list[dict[str, Any]], truth: Truth) -> None:
    """Nothing is missed of what was planned, and nothing else is there."""
    found = Counter((one["action"], one["result"]) for one in rows)
    planned = {key: n for key, n in truth.events.items() if key[0].startswith("admin.")}
    assert {
        key: n for key, n in found.items() if key[0].startswith("admin.")
    } == planned
    others = {one["action"] for one in rows if not one["action"].startswith("admin.")}
    glass = {one["action"] for one in rows if one["kind"] == "break-glass"}
    assert others - glass == {"audit.capture.change", "system.release.deploy"}


def who_was_given_access(text: str, rows: list[dict[str, Any]], truth: Truth) -> None:
    """Each grant; the example's administrators state no approval."""
    grants = [
        one for one in rows if one["action"] in GRANTS and one["result"] == "success"
    ]
    assert truth.granted == Counter(
        (one["action"], one["actor"], one["target"]) for one in grants
    )
    assert all(one["segregation"].startswith("not-approved") for one in grants)
    selves = [one for one in rows if "self-granted" in (one["segregation"] or "")]
    planted = [one for one in truth.anomalies if one.kind == "privilege escalation"]
    assert [(one["actor"], one["target"], us(one["time"])) for one in selves] == [
        (one.accounts[0], one.accounts[0], us(one.since)) for one in planted
    ]
    assert len(planted) == 1
    assert f"Access was given {len(grants):,} times" in text
    assert "1 to oneself or approved by who gave or got it" in text
    # the root administrator was there before the trail; nobody else acts without a role
    created = {one["target"] for one in grants if one["action"] == "admin.user.create"}
    administrators = {one["actor"] for one in rows if one["role"] == "admin"}
    (root,) = administrators - created
    assert all(
        (one["roleGivenBy"] is None) == (one["actor"] == root)
        for one in rows
        if one["role"] == "admin"
    )
    assert "1 account acted by an administrative role that no entry" in text


def what_was_broken_and_refused(rows: list[dict[str, Any]], truth: Truth) -> None:
    """What was planted, and nothing else of its kind."""
    (glass,) = (one for one in truth.anomalies if one.kind == "break-glass")
    (row,) = (one for one in rows if one["kind"] == "break-glass")
    assert (row["actor"], us(row["time"])) == (glass.accounts[0], us(glass.since))
    assert row["reason"] == "payment outage INC-77"
    (probing,) = (one for one in truth.anomalies if one.kind == "denial probing")
    denied = [one for one in rows if one["result"] == "denied"]
    assert {one["actor"] for one in denied} == set(probing.accounts)
    assert len(denied) == 12
    (leaver,) = truth.leavers
    (disabled,) = (one for one in rows if one["action"] == "admin.user.disable")
    assert disabled["target"] == leaver
    changes = [one for one in rows if one["action"] == "admin.config.update"]
    done = [one for one in changes if one["result"] == "success"]
    assert all(one["ticket"].startswith("CHG-") for one in done)
    assert all(" → " in one["changed"] for one in done)


def the_parts_add_up(text: str, rows: list[dict[str, Any]]) -> None:
    """Printed numbers are those of the rows, and sum to all of them."""
    results = Counter(one["result"] for one in rows)
    told = (results["success"], results["failure"], results["denied"], len(rows))
    assert "All " + " ".join(f"{n:,}" for n in told) in text
    assert f"{len(rows):,} rows printed = rows.csv = rows.jsonl" in text
    kinds = Counter(one["kind"] for one in rows)
    each = (f"{name} {kinds[name]:,}" for name in MEANINGS if kinds[name])
    assert f"({', '.join(each)})" in text
    changes = [one for one in rows if one["outsideWindow"] is not None]
    assert not any(one["outsideWindow"] for one in changes)
    assert f"Changes of configuration and logging {len(changes):,}" in text
    # exceptions: each grant, the glass, the release without a ticket, root, who probed
    grants = sum(one["segregation"] is not None for one in rows)
    releases = sum(one["action"] == "system.release.deploy" for one in rows)
    assert f"{grants + 1 + releases + 1 + 1} items need attention." in text
