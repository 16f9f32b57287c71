"""The console in a real browser: whole walks, by mouse and by keyboard; axe; hostility.

Without Chromium they are counted in the run's last lines.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from prooftrail import Personal
from tests.browsing import Browsing, browsing, needs_chromium
from tests.console_rig import PASSWORD, Console, Person, visited
from tests.keeping_rig import Rig
from tests.test_console_reports import made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.trail import Trail

pytestmark = needs_chromium

HOSTILE = [
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title = 'owned'\">",
    "\" onmouseover=\"document.title = 'owned'",
    "{{ 7 * 7 }}",
    "user\u202egnp.exe",
    "\x1b[2J\x1b]0;owned\x07",
    "=HYPERLINK(1)",
]
VALUE = "dani.protected@company.example"


@pytest.fixture
def console(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Console]:
    with visited(trail, monkeypatch, tmp_path, keeper_dir=tmp_path / "keeper") as made:
        yield made


@contextmanager
def window(console: Console, person: Person, **options: Any) -> Iterator[Browsing]:
    with browsing(console.url, **options) as browser:
        browser.context.add_cookies(
            [
                {
                    "name": "prooftrail-session",
                    "value": person.session,
                    "url": browser.url,
                }
            ]
        )
        yield browser


def filled(console: Console) -> str:
    """Record a little of everything; return an event with a before and after."""
    console.record(result="denied", authorization={"decision": "denied"})
    console.record(authorization={"decision": "allowed", "basis": "break_glass"})
    event_id = console.record(
        action="customer.pii.update",
        authorization={"decision": "allowed", "basis": "role", "name": "admin"},
        changes=[{"field": "plan", "before": "free plan", "after": "paid plan"}],
        context={"method": "PUT", "route": "/customers/{id}", "status": 200},
    )
    console.api.seal()
    return event_id


def protected(rig: Rig) -> str:
    """Record an event with a personal value; return its id."""
    event_id = rig.record(
        actor={"userId": "usr_1"},
        action="customer.profile.update",
        result="success",
        resource={"type": "customer", "id": "cust_7"},
        details={"mail": Personal(VALUE, "contact.email")},
    )
    rig.seal()
    rig.keep()
    return event_id


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_has_a_serious_fault_or_a_complaint(
    console: Console, scheme: str, width: int
) -> None:
    event_id = filled(console)
    person = console.person(role="admin")
    console.door.link(email="new@auditors.example", name="New")
    run = person.post("/integrity/verify").headers["location"]
    report = made(person, report="failed-auth", during="this-year")
    link = console.door.link(email="invited@auditors.example")
    with window(
        console,
        person,
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
    ) as browser:
        for path in (
            "/",
            "/?q=role:admin",
            "/?q=rolle:admin",
            "/?q=role:nobody",
            f"/events/{event_id}",
            "/person?id=usr_1",
            "/customer?id=cust_1",
            "/questions",
            "/authority?q=pii:yes",
            "/authority?q=pii:maybe",
            "/grants?q=",
            "/grants?q=pii:maybe",
            "/leavers",
            "/accounts?days=30",
            "/continuity",
            "/alerts",
            "/reports",
            "/samples",
            report,
            "/administrators",
            "/integrity",
            run,
            "/access",
            "/health",
            "/login",
            f"/invitation?token={link}",
            "/nowhere",
        ):
            browser.open(path)
            assert browser.faults() == [], path
            assert browser.overflow() == 0, path
        assert browser.complaints == []


def test_a_whole_walk(console: Console, trail: Trail, tmp_path: Path) -> None:
    rig = Rig(trail, tmp_path / "keeper")
    rig.keep()
    event_id = protected(rig)
    person = console.person(role="security")
    with browsing(console.url) as browser:
        page = browser.page
        browser.open("/")
        _log_in(browser, console, person)
        page.get_by_label("Search the trail").fill("resource:cust_7")
        page.get_by_role("button", name="Search").click()
        assert page.get_by_role("heading", level=2).first.inner_text() == "1 event"
        page.locator(".told a").first.click()
        assert event_id in page.url
        assert VALUE not in page.content()
        page.get_by_text("Reveal", exact=True).click()
        page.get_by_label("Why must you see it?").fill("case 12")
        page.get_by_role("button", name="Reveal and record").click()
        page.get_by_text(VALUE).wait_for()
        browser.open("/integrity")
        page.get_by_role("button", name="Verify now").click()
        page.get_by_role("heading", name="Verified").wait_for()  # by itself, by htmx
        browser.open("/?q=resource:cust_7")
        with page.expect_download() as download:
            page.get_by_role("link", name="Export as CSV").click()
        assert event_id in download.value.path().read_text()
        page.get_by_role("button", name="Log out").click()
        page.get_by_text("You are logged out.").wait_for()
        browser.open("/integrity")
        assert "/login" in page.url
        assert browser.complaints == []
    told = [action for action, _, _ in console.door.told()]
    rig.seal()
    assert rig.events("prooftrail.reveal")[0]["purpose"] == "case 12"
    assert "auth.logout" in told
    assert "audit.log.export" in told


def test_a_whole_walk_by_keyboard_alone(
    console: Console, trail: Trail, tmp_path: Path
) -> None:
    rig = Rig(trail, tmp_path / "keeper")
    rig.keep()
    event_id = protected(rig)
    person = console.person(role="security")
    with browsing(console.url) as browser:
        page, keys = browser.page, browser.page.keyboard
        browser.open("/")  # the address is typed; all else is done from here
        for text in (person.email, PASSWORD, _code(console, person)):
            keys.type(text)
            keys.press("Tab")
        keys.press("Enter")
        page.wait_for_url(f"{console.url}/")
        keys.press("Tab")  # the way past head and navigation
        assert _focused(browser) == "Skip to the content"
        keys.press("Enter")
        keys.press("/")
        keys.type("resource:cust_7")
        keys.press("Enter")
        page.wait_for_url("**q=resource*")
        _tab_to(browser, "Export as CSV")
        with page.expect_download() as download:
            keys.press("Enter")
        assert event_id in download.value.path().read_text()
        _tab_to(browser, "on customer cust_7")
        keys.press("Enter")
        page.wait_for_url(f"**/events/{event_id}*")
        assert VALUE not in page.content()
        _tab_to(browser, "Reveal")
        keys.press("Enter")
        keys.press("Tab")
        keys.type("case 12")
        keys.press("Enter")
        page.get_by_text(VALUE).wait_for()
        _tab_to(browser, "Integrity", back=True)
        keys.press("Enter")
        page.wait_for_url("**/integrity")
        _tab_to(browser, "Verify now")
        keys.press("Enter")
        page.get_by_role("heading", name="Verified").wait_for()
        _tab_to(browser, "Log out", back=True)
        keys.press("Enter")
        page.get_by_text("You are logged out.").wait_for()
        assert browser.complaints == []
    rig.seal()
    assert rig.events("prooftrail.reveal")[0]["purpose"] == "case 12"
    for action in ("audit.log.export", "audit.chain.verify", "auth.logout"):
        assert rig.events(action), action


def test_more_events_come_at_the_end_of_the_list(console: Console) -> None:
    for _ in range(55):
        console.record()
    console.api.seal()
    with window(console, console.person()) as browser:
        browser.open("/?q=actor:usr_1")
        assert browser.page.locator(".events > li").count() == 50
        browser.page.get_by_role("link", name="Show more").click()
        browser.page.locator(".events > li").nth(54).wait_for()
        assert browser.complaints == []


def test_what_can_be_typed_is_offered(console: Console) -> None:
    console.record()
    console.api.seal()
    with window(console, console.person()) as browser:
        browser.open("/")
        for text, value in (
            ("pii:yes resu", "pii:yes result:"),
            ("lt:success actor:us", "pii:yes result:success actor:usr_1"),
        ):
            browser.page.get_by_label("Search the trail").press_sequentially(text)
            option = browser.page.locator(f'#completions option[value="{value}"]')
            option.wait_for(state="attached")
        assert browser.complaints == []


def test_hostile_events_are_inert(console: Console) -> None:
    ids = [
        console.record(
            actor={"userId": text, "name": text, "role": text},
            resource={"type": "customer", "id": text, "name": text},
            details={"note": text, text: 1},
            changes=[{"field": text, "before": "", "after": text}],
        )
        for text in HOSTILE
    ]
    console.api.seal()
    person = console.person()
    with window(console, person) as browser:
        for path in ("/", *(f"/events/{one}" for one in ids)):
            browser.open(path)
            title = browser.page.title()
            assert title != "owned", path
            assert browser.page.locator("main script, main img").count() == 0
            assert "\u202e" not in browser.page.content()
        for text in HOSTILE[:4]:
            browser.page.goto(f"{console.url}/person")
            browser.page.evaluate(
                "text => location.assign('/person?id=' + encodeURIComponent(text))",
                text,
            )
            browser.page.wait_for_url("**id=*")
            assert browser.page.title() != "owned"
        assert browser.complaints == []


def _log_in(browser: Browsing, console: Console, person: Person) -> None:
    page = browser.page
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code").fill(_code(console, person))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{console.url}/")


def _code(console: Console, person: Person) -> str:
    assert isinstance(person.totp, pyotp.TOTP)
    console.door.clock.on(30)
    return person.app.code()


def _focused(browser: Browsing) -> str:
    return str(browser.page.evaluate("document.activeElement.innerText || ''")).strip()


def _tab_to(browser: Browsing, text: str, *, back: bool = False) -> None:
    """Press Tab until what has this text is in focus."""
    for _ in range(80):
        browser.page.keyboard.press("Shift+Tab" if back else "Tab")
        if text in _focused(browser):
            return
    raise AssertionError(f"{text}: Tab does not lead there")
