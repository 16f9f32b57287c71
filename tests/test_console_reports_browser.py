"""The pages of reports in a real browser: from the form to the file, by keys alone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pypdf
import pytest

from prooftrail.service.reporting import Reporting
from tests.browsing import needs_chromium
from tests.test_console_browser import _tab_to, window

if TYPE_CHECKING:
    from tests.console_rig import Console

pytestmark = needs_chromium

HOSTILE = "<img src=x onerror=\"document.title = 'owned'\">"


def test_a_report_is_made_and_taken_by_keyboard_alone(console: Console) -> None:
    console.record(
        action="auth.login.failure",
        result="failure",
        actor={"type": "anonymous", "email": HOSTILE},
    )
    console.api.seal()
    with window(console, console.person()) as browser:
        page, keys = browser.page, browser.page.keyboard
        browser.open("/reports")
        _tab_to(browser, "Skip to the content")
        keys.press("Enter")
        keys.press("Tab")  # to the choice, of which the first one is made
        chosen = page.locator("input[name=report]:checked")
        for _ in Reporting.listed():
            if chosen.get_attribute("value") == "failed-auth":
                break
            keys.press("ArrowDown")
        assert chosen.get_attribute("value") == "failed-auth"
        keys.press("Tab")
        keys.press("ControlOrMeta+A")
        keys.type("this-year")
        _tab_to(browser, "Make it")
        keys.press("Enter")
        page.wait_for_url("**/reports/*")
        page.get_by_text("Take the PDF").wait_for(timeout=60_000)  # by itself, by htmx
        _tab_to(browser, "Take the PDF")
        with page.expect_download() as download:
            keys.press("Enter")
        assert download.value.suggested_filename == "failed-auth.pdf"
        file = pypdf.PdfReader(io.BytesIO(download.value.path().read_bytes()))
        assert file.pages
        _tab_to(browser, "Read it here")
        keys.press("Enter")
        page.wait_for_url("**/page")
        page.get_by_text("This page is not signed.").wait_for()
        assert page.title().startswith("Failed Authentication Report")
        assert page.locator("img").count() == 0
        assert browser.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1280, 390])
def test_the_form_has_no_serious_fault_where_all_of_it_is_open(
    console: Console, scheme: str, wide: int
) -> None:
    size = {"width": wide, "height": 900}
    with window(
        console, console.person(), viewport=size, color_scheme=scheme
    ) as browser:
        browser.open("/reports")
        for name in ("For the cover", "For one report"):
            browser.page.get_by_text(name).click()
        assert browser.page.get_by_label("change window").is_visible()
        assert browser.faults() == []
        assert browser.overflow() == 0
