"""The console's page of alerts: what it shows, to whom, and what is done on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sealing import log
from tests.test_alerts import EVIL, raise_alert
from tests.test_questions import numbers

if TYPE_CHECKING:
    from tests.console_rig import Console


def test_alerts_are_seen_acknowledged_and_closed(console: Console) -> None:
    trail = console.api.trail
    alert = raise_alert(trail, EVIL)
    raise_alert(trail, "<b>bold</b>", ago=30)
    console.api.seal()
    person = console.person(role="security")
    page = person.get("/alerts")
    assert numbers(page) == {"Open": 2, "Acknowledged": 0, "Closed": 0}
    assert "guessing" in page
    assert "\x1b" not in page
    assert "<b>bold" not in page
    answer = person.post("/alerts/acknowledge", alert=alert)
    assert answer.status_code == 303, answer.text
    console.api.seal()
    assert numbers(person.get("/alerts"))["Acknowledged"] == 1
    answer = person.post("/alerts/dispose", alert=alert, disposition="benign")
    assert answer.status_code == 400
    assert "comment" in answer.text
    answer = person.post(
        "/alerts/dispose", alert=alert, disposition="benign", comment="a <i>drill</i>"
    )
    assert answer.status_code == 303
    console.api.seal()
    page = person.get("/alerts")
    assert numbers(page) == {"Open": 1, "Acknowledged": 0, "Closed": 1}
    assert "Benign, says" in page
    assert "<i>drill" not in page
    done = [one for one in log(trail) if one["action"].startswith("prooftrail.alert.")]
    assert [one["action"].rpartition(".")[2] for one in done[2:]] == [
        "acknowledge",
        "dispose",
    ]
    assert done[-1]["actor"]["userId"].startswith("person:")
    for wrong in ("no id", "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69"):
        assert person.post("/alerts/acknowledge", alert=wrong).status_code == 400
    assert person.http.get("/alerts?q=actor:usr_1").status_code == 400


def test_who_only_reads_does_nothing_about_an_alert(console: Console) -> None:
    alert = raise_alert(console.api.trail, "usr_1")
    console.api.seal()
    person = console.person(role="auditor", email="ida@auditors.example")
    page = person.get("/alerts")
    assert "guessing" in page
    assert "/alerts/acknowledge" not in page
    assert "Close it" not in page
    for what in ("acknowledge", "dispose"):
        assert person.post(f"/alerts/{what}", alert=alert).status_code == 403
