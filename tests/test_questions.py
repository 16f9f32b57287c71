"""Questions of auditors: each that is listed is answered, by its page and its call."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail.console import evidence
from prooftrail.console.questions import QUESTIONS
from prooftrail.core import instants
from prooftrail.reports.administrators import ACTS

if TYPE_CHECKING:
    from tests.console_rig import Console

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to" / "answer-an-auditor.md"
ALLOWED = {"decision": "allowed", "basis": "role", "name": "admin"}
LIST, CSV = "usr_1,2026-03-31", {"Content-Type": "text/csv"}
GLASS = {"decision": "allowed", "basis": "break_glass", "name": "customers:read"}


def touched(console: Console) -> None:
    """Let three people touch data of a customer, on four kinds of authority."""
    other = {"userId": "usr_2", "email": "eve@company.com", "role": "support"}
    console.record(authorization=ALLOWED)
    console.record(authorization=ALLOWED, resource={"type": "customer"})
    console.record(authorization=GLASS, actor=other)
    console.record(result="denied", actor=other)
    console.record(actor={"type": "anonymous"})
    console.record(
        authorization=ALLOWED,
        subjects=["cust_2"],
        resource={"type": "customer", "id": "cust_2"},
    )
    console.api.seal()


def numbers(page: str) -> dict[str, int]:
    """Return the figures of a page."""
    found = re.findall(
        r"<dt>([^<]*)</dt><dd>(?:<a [^>]*>)?([0-9,]+)", page, re.MULTILINE
    )
    return {name: int(text.replace(",", "")) for name, text in found}


def test_each_question_has_a_page_that_answers_and_a_call(console: Console) -> None:
    touched(console)
    person = console.person()
    page = person.get("/questions")
    with console.api.client(console.api.key("admin")) as client:
        for one in QUESTIONS:
            assert one.asked in unescape(page)
            assert one.call in unescape(page)
            path = f"{one.path}?id=cust_1" if one.wanted else one.path
            if not one.wanted:
                assert f'href="{one.path}"' in unescape(page)
            assert "<h1" in person.get(path)
            method, _, call = one.call.partition(" ")
            answer = client.request(
                method,
                call.replace("ID", "cust_1"),
                content=LIST if method == "POST" else None,
                headers=CSV if method == "POST" else None,
            )
            assert answer.status_code in {200, 202}, (one.call, answer.text)


def test_the_how_to_has_each_question_and_what_it_tells_to_ask_is_answered(
    console: Console,
) -> None:
    page = HOW_TO.read_text()
    for one in QUESTIONS:
        assert f"## {one.asked}" in page
    calls = re.findall(r"`GET (/audit/[^`]+)`", page)
    (posted,) = re.findall(r"localhost:8400(/\S+) *--data-binary", page)
    assert {call.partition("?")[0] for call in [*calls, posted]} == {
        one.call.partition(" ")[2].partition("?")[0] for one in QUESTIONS
    }
    queries = re.findall(r"^    (\S.*)$", page, re.MULTILINE)
    assert len(queries) > len(QUESTIONS)
    assert any(query.startswith(ACTS) for query in queries)
    with console.api.client(console.api.key("auditor")) as client:
        for call in calls:
            answer = client.get(call)
            assert answer.status_code in {200, 202}, (call, answer.text)
        for query in queries:
            answer = client.get("/audit/events/count", params={"q": query})
            assert answer.status_code == 200, (query, answer.text)
        answer = client.post(posted, content=LIST, headers=CSV)
        assert answer.status_code == 200, answer.text
        (path,) = re.findall(r"localhost:8400(/[^'\s]+)'", page)
        assert client.get(path).status_code == 200


def test_who_and_on_whose_authority_adds_up(console: Console) -> None:
    touched(console)
    person = console.person()
    page = person.get("/authority?q=pii:yes")
    assert numbers(page) == {
        "Events in all": 6,
        "Authorised": 3,
        "Break-glass": 1,
        "Denied": 1,
        "Unexplained": 1,
    }
    rows = re.findall(r"<tr><th scope=\"row\">(?:<a[^>]*>)?([^<]*)", page)
    assert rows == ["dani@company.com", "eve@company.com", "nobody named"]
    # each number leads to its events
    for link in re.findall(r'href="(/\?q=[^"]*)"', page):
        assert "No event answers" not in person.get(unescape(link))
    one = person.get("/customer?id=cust_1")
    assert numbers(one)["Events in all"] == 5
    assert numbers(one)["Authorised"] == 2
    with console.api.client(console.api.key("auditor")) as client:
        told = client.get("/audit/authority", params={"q": "pii:yes"}).json()
        assert told["query"] == "pii:yes"
        assert told["total"] == 6
        assert [told[name] for name in ("authorised", "breakGlass")] == [3, 1]
        assert [one["actor"] for one in told["actors"]] == ["usr_1", "usr_2", None]
        console.api.seal()
        views = {"action": "audit.log.view"}
        read = client.get("/audit/events", params=views).json()["events"][0]
    asked = {"filters": {"q": "pii:yes"}}
    assert read["details"] == {**asked, "answer": "authority", "count": 6}


@pytest.mark.parametrize("path", ["/authority", "/continuity", "/administrators"])
def test_a_query_that_is_not_understood_is_pointed_at(
    console: Console, path: str
) -> None:
    person = console.person()
    for q, told in (("pii:maybe", "is yes or no"), ("stream:x", "no stream")):
        answer = person.http.get(path, params={"q": q})
        assert answer.status_code == 400
        assert told in answer.text
        assert "<table" not in answer.text
    if path != "/authority":
        answer = person.http.get(path, params={"q": "role:admin"})
        assert answer.status_code == 400
        assert "a period and streams alone" in answer.text
        return
    assert "No event answers" in person.get("/authority?q=actor:nobody")


def test_dormant_accounts_are_listed_with_their_last_use(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = console.door.clock()
    for who, days in (("usr_old", 60), ("usr_new", 1), ("usr_2", 2)):
        console.record(
            actor={"userId": who},
            action="auth.login.success",
            timestamp=instants.text(now - days * 86_400_000_000),
        )
    console.record(actor={"userId": "usr_gone"}, action="auth.login.success")
    console.record(
        actor={"userId": "usr_new"},
        action="admin.user.disable",
        resource={"type": "staff", "id": "usr_gone"},
    )
    console.api.seal()
    person = console.person()
    assert numbers(person.get("/accounts"))["Dormant"] == 0
    page = person.get("/accounts?days=45")
    assert numbers(page)["Dormant"] == 1
    dormant = page.partition("<caption>Dormant")[2].partition("</table>")[0]
    assert "usr_old" in dormant
    assert "usr_new" not in dormant
    disabled = page.partition("<caption>Disabled")[2].partition("</table>")[0]
    assert "usr_gone" in disabled
    assert person.http.get("/accounts?days=x").status_code == 400
    monkeypatch.setattr(evidence, "SHOWN", 1)
    page = person.get("/accounts?days=45")
    assert "Of each state the 1 that" in page
    assert numbers(page)["In use"] > 1
    in_use = page.partition("<caption>In use")[2].partition("</table>")[0]
    assert in_use.count("/person?id=") == 1


def test_when_nothing_captured_is_told(console: Console) -> None:
    for hour, change in (("01", "started"), ("05", "stopped"), ("07", "started")):
        console.record(
            actor={"type": "service", "userId": "shop"},
            action="audit.capture.change",
            resource={"type": "capture"},
            details={"change": change, "process": 7},
            timestamp=f"2026-03-02T{hour}:00:00Z",
        )
    console.record(timestamp="2026-03-02T06:00:00Z")
    console.record(timestamp="2026-03-04T06:00:00Z")
    console.api.seal()
    page = console.person().get("/continuity?q=during:2026-03")
    table = page.partition("<caption>Nothing captured")[2].partition("</table>")[0]
    assert "shop" in table
    assert "2026-03-02T05:00:00Z" in table
    assert "2 h" in table
    silent = page.partition("<caption>The longest times")[2].partition("</table>")[0]
    assert "2 d" in silent
    assert "have not told their end" in page


def test_who_could_alter_the_log_is_for_whoever_may_verify(console: Console) -> None:
    page = console.person(role="auditor").get("/administrators")
    assert "superuser" in page
    assert "No verification that you may see" in page
    officer = console.person(role="privacy_officer", email="po@company.com")
    assert officer.http.get("/administrators").status_code == 403
    assert "/administrators" not in officer.get("/questions")
