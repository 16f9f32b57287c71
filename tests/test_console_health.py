"""The health page: what the trail says of its own coverage, and of outages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prooftrail.core import instants
from prooftrail.errors import RecordError
from prooftrail.search import viewing
from tests.sealing import insert
from tests.signing_rig import unguarded
from tests.trail import now_us

if TYPE_CHECKING:
    import pytest

    from tests.console_rig import Console
    from tests.trail import Trail


def part(page: str, caption: str) -> str:
    """Return the words of a table."""
    found = page.partition(f"<caption>{caption}")[2].partition("</table>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def signed(trail: Trail, *minutes_ago: float) -> None:
    """Have checkpoints of these ages, whatever they say."""
    with unguarded(trail) as superuser:
        for minutes in minutes_ago:
            superuser.execute(
                "insert into prooftrail.checkpoint values (1, 1, %s, 'note', '')",
                (now_us() - round(minutes * instants.MINUTE),),
            )


def test_what_nobody_mapped_or_names_nobody_is_told(
    console: Console, trail: Trail
) -> None:
    for _ in range(3):
        console.record(action="http.customers.update")
    console.record(action="http.invoices.create", actor={"type": "anonymous"})
    console.record(action="data.export.start", actor={"type": "anonymous"})
    console.record(action="auth.login.failure", actor={"type": "anonymous"})
    console.record(action="http.old.update", timestamp="2026-01-05T10:00:00Z")
    insert(trail, "no event at all")
    console.api.seal()
    person = console.person()
    page = person.get("/health")
    told = part(page, "What the trail says")
    assert "map or excuse it 4 http.customers.update 3, http.invoices.create 1" in told
    assert "tell the middleware who acts 1 data.export.start 1" in told
    assert "says why 1 trail.quarantine 1" in told
    assert "login" not in told.replace("logins aside", "")
    assert "http.old" not in told
    for link in re.findall(r'href="(/\?q=[^"]*during[^"]*)"', page):
        assert "event" in person.get(link.replace("&amp;", "&"))
    views = [one for one in console.door.events() if one["action"] == "audit.log.view"]
    assert views[0]["details"]["health"] is True


def test_nothing_odd_is_said_to_be_so(console: Console) -> None:
    console.record()
    console.api.seal()
    told = part(console.person().get("/health"), "What the trail says")
    assert "Nothing of a route that nobody mapped" in told


def test_silences_are_outages(console: Console, trail: Trail) -> None:
    console.record()
    console.api.seal()
    person = console.person()
    assert "Nothing was ever signed" in part(person.get("/health"), "Outages")
    signed(trail, 60 * 24 * 9, 120, 119, 61, 60, 59, 57.5, 56)
    told = part(person.get("/health"), "Outages")
    assert "ever signed" not in told
    # what began nine days ago ended within the last seven
    assert re.findall(r" ([\d,]+)(?: Nothing|$)", told) == ["56", "58", "12,840"], told
    assert "now 56" in told
    signed(trail, 55, 54, 53, 1)
    assert "now" not in part(person.get("/health"), "Outages")


def test_a_signature_a_minute_is_no_outage(console: Console, trail: Trail) -> None:
    console.record()
    console.api.seal()
    signed(trail, *range(10))
    told = part(console.person().get("/health"), "Outages")
    assert "at least every three minutes" in told


def test_what_was_recorded_late_is_counted(console: Console) -> None:
    at = instants.text(now_us() - 10 * instants.MINUTE)
    console.record(timestamp=at)
    console.record()
    console.api.seal()
    told = part(console.person().get("/health"), "Outages")
    assert "1 entry recorded more than a minute late" in told
    assert told.endswith("10")


def test_who_sees_a_period_is_told_of_no_outage(console: Console, trail: Trail) -> None:
    console.record(action="http.customers.update")
    console.api.seal()
    signed(trail, 100, 50)
    limited = console.person(from_us=now_us() + instants.DAY)
    page = limited.get("/health")
    assert "Outages" not in page
    assert "http.customers" not in page
    assert "Nothing of a route that nobody mapped" in page


def test_starts_and_ends_of_capture_are_listed(console: Console) -> None:
    for change in ("started", "stopped"):
        console.record(
            action="audit.capture.change",
            actor={"userId": "svc_shop", "type": "system"},
            details={"change": change, "setting": "rules"},
        )
    console.api.seal()
    page = console.person().get("/health")
    assert page.count('<time datetime="') == 2
    assert "A start that follows a start" in page


def test_the_page_is_there_though_nothing_can_be_recorded(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.record(action="http.customers.update")
    console.api.seal()

    def refused(*_: object, **__: object) -> None:
        raise RecordError("the inbox is full")

    person = console.person()
    monkeypatch.setattr(viewing, "record", refused)
    page = person.get("/health")
    assert "Taking events in" in page
    assert "could not be recorded" in page
    assert "http.customers" not in page
