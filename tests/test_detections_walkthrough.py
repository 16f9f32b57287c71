"""What was planted into the example's traffic is found: by the right rule, once.

And nothing else is. PROOFTRAIL_TEST_DAYS=90 looks at ninety days, for three seeds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from prooftrail.detections import detect
from prooftrail.service.detecting import Detecting, Look
from prooftrail.store import detecting, searching
from tests.company_rig import SEEDS, lived, us
from tests.console_rig import visited
from tests.searched import asker
from tests.test_walkthrough import TOKEN
from tests.trail import now_us
from tests.watching_rig import until, watched

if TYPE_CHECKING:
    from pathlib import Path

    from examples.fintech.traffic.truth import Anomaly, Truth

    from prooftrail.detections import Hit
    from tests.trail import Trail

# the kinds of ninety days, in three
SHORT = {
    1: (
        "_guessing",
        "_unlock",
        "_unknown",
        "_break_glass",
        "_probing",
        "_past_the_application",
    ),
    2: ("_spray", "_export_at_night", "_self_granted", "_leaver"),
}
RULES = {
    "guessing": "guessing",
    "spray": "spray-fast",
    "enumeration": "enumeration",
    "mass access": "mass-access",
    "privilege escalation": "privilege-escalation",
    "denial probing": "denial-probing",
    "break-glass": "break-glass",
    "unexplained access": "unexplained-access",
    "leaver's use": "leavers-use",
}


def left(truth: Truth) -> dict[str, int]:
    """Return who left, and since when none of them is to be used: the day after."""
    return {
        who: round(
            (
                datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)
            ).timestamp()
            * 1e6
        )
        for who, day in truth.leavers.items()
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_planted_is_found_once_and_nothing_else(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    truth, _, _ = lived(trail, tmp_path, monkeypatch, seed, SHORT)
    assert {one.kind for one in truth.anomalies} == set(RULES)
    with asker(trail, TOKEN) as readers, readers.reading(TOKEN) as reader:
        leavers = left(truth)
        events = detecting.events(
            reader, 1, searching.ends(reader)[1], actors=list(leavers)
        )
        hits = detect(events, leavers=leavers)
    found = [(RULES[one.kind], one) for one in truth.anomalies]
    show_the_alerts(trail, tmp_path, monkeypatch, truth)
    assert sorted(hit.rule for hit in hits) == sorted(rule for rule, _ in found), hits
    for rule, planted_one in found:
        (hit,) = (one for one in hits if one.rule == rule)
        assert_told(hit, planted_one)


def assert_told(hit: Hit, planted: Anomaly) -> None:
    """Compare a hit with what was done: when, on which accounts, from where."""
    assert us(planted.since) <= hit.first.occurred_us, (hit, planted)
    assert hit.last.occurred_us <= us(planted.until), (hit, planted)
    assert {one for one, _ in hit.accounts} == set(planted.accounts), (hit, planted)
    addresses = set(planted.addresses)
    assert {one for one, _ in hit.addresses} == addresses, (hit, planted)
    if hit.rule == "privilege-escalation":
        assert set(hit.remarks) == {"self-granted", "unapproved"}
        assert hit.severity == "high"


def show_the_alerts(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, truth: Truth
) -> None:
    """Question 8: all that was planted, and what was done about each, by one call.

    But a leaver's use: who has left, nobody told the service.
    """
    monkeypatch.setattr("prooftrail.service.detecting.BACK_US", 200 * 86_400_000_000)
    expected = sorted(RULES[one.kind] for one in truth.anomalies)
    expected.remove("leavers-use")
    with watched(trail) as one:
        looking = Detecting(
            one.recorder, one.alerts, one.health, one.metrics, one.log,
            clock=now_us, look=Look(pace=0.1, test=0), dsn=trail.dsn,
        )  # fmt: skip
        looking.start()
        until(
            lambda: len(one.events("prooftrail.alert.raise")) >= len(expected), "alerts"
        )
        assert looking.close()
    with visited(trail, monkeypatch, tmp_path) as console:
        console.api.seal()
        with console.api.client(console.api.key("security")) as client:
            ids = [one["id"] for one in client.get("/audit/alerts").json()["alerts"]]
            for number, alert in enumerate(ids[1:]):
                place = f"/audit/alerts/{alert}"
                answer = client.post(f"{place}/acknowledge", json={})
                assert answer.status_code == 200, answer.text
                body = {"disposition": "benign", "comment": "seen"}
                if number:
                    answer = client.post(f"{place}/dispose", json=body)
                    assert answer.status_code == 200, answer.text
            console.api.seal()
            told = client.get("/audit/alerts").json()
    assert sorted(one["rule"] for one in told["alerts"]) == expected
    assert (told["open"], told["acknowledged"]) == (1, 1)
    assert told["closed"] == len(expected) - 2
    assert told["medianSecondsToAcknowledge"] is not None
