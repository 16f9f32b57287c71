"""A real browser: Debian's Chromium, driven by Playwright, and axe on its pages."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parent / "axe" / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERIOUS = ("serious", "critical")

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="Chromium is not on this machine: install chromium"
)


class Browsing:
    """A window of a browser, and what it complained of."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.context = context
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _said(self, message: Any) -> None:
        # that the page itself has a status of its own is no mistake; of its files it is
        own = (
            message.location["url"].partition("#")[0] == self.page.url.partition("#")[0]
        )
        if message.type in {"error", "warning"} and not (
            own and "status of 4" in message.text
        ):
            self.complaints.append(message.text)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def faults(self) -> list[str]:
        """Return what axe finds that is serious."""
        # by the debugger, whom no policy of the page concerns
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run()")
        return [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for one in found["violations"]
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        width = "document.documentElement.scrollWidth"
        return int(
            self.page.evaluate(f"{width} - document.documentElement.clientWidth")
        )


@contextmanager
def browsing(url: str, **options: Any) -> Iterator[Browsing]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            context = browser.new_context(**options)
            context.set_default_timeout(15_000)
            yield Browsing(context, url)
            context.close()
        finally:
            browser.close()
