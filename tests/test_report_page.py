"""A report as a page says what the report says, and nothing in it does anything."""

from __future__ import annotations

import base64
import html
import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from prooftrail.core.harmless import harmless
from prooftrail.reports.document import ROWS, Report
from prooftrail.reports.lettering import LONGEST
from prooftrail.reports.page import page
from tests.browsing import browsing, needs_chromium
from tests.commands import run
from tests.reported import report
from tests.sealing import event, insert, seal
from tests.test_reading_commands import key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.trail import Trail

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "\u202eevil\x1b[31m\x00",
    "漢字 \N{WAVING HAND SIGN} עברית عربي",
    "=cmd|' /C calc'!A0",
)


class _Text(HTMLParser):
    """Gathers what a page says, and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def read(content: bytes) -> _Text:
    found = _Text()
    found.feed(content.decode())
    return found


def texts(value: object) -> Iterator[str]:
    """Yield all texts of a report."""
    match value:
        case str():
            yield value
        case dict():
            for name, one in value.items():
                # a kind is how it is drawn; of a chart the words stand in an attribute
                if name not in {"kind", "of", "alt", "tones", "files", "signers"}:
                    yield from texts(one)
        case list() | tuple():
            for one in value:
                yield from texts(one)
        case _:  # numbers
            return


def test_it_says_what_the_report_says() -> None:
    whole = report(HOSTILE)
    found = read(page(whole))
    said = " ".join(found.said)
    for one in texts(msgspec.to_builtins(whole)):
        if one not in {"verified", "broken", "without"}:  # states of days, as colours
            assert harmless(one) in said, one
    alts = {value for name, value in found.attributes if name == "aria-label"}
    assert {"Two days, one of which is broken.", "Two bars.", "One.", "Sunday."} <= alts


def test_nothing_in_it_does_anything() -> None:
    content = page(report(HOSTILE, title="<b>x</b>"))
    found = read(content)
    assert not found.tags & {"script", "img", "link", "iframe", "object", "form", "a"}
    assert not {name for name, _ in found.attributes if name.startswith("on")}
    assert not {name for name, _ in found.attributes} & {"src", "href", "style"}
    text = content.decode()
    assert not {"\u202e", "\x1b", "\x00"} & set(text)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'Policy" content="(.*?)"', text)
    told = f"default-src 'none'; style-src 'sha256-{digest}'"
    assert html.unescape(policy).startswith(told)


def test_the_same_report_gives_the_same_bytes() -> None:
    assert page(report()) == page(report())


def test_what_is_long_is_cut_and_says_so() -> None:
    whole = report(["a" * 5_000, *(f"n{number}" for number in range(ROWS + 1))])
    text = " ".join(read(page(whole)).said)
    assert f"{'a' * LONGEST}… (5,000 characters)" in text
    assert f"The first {ROWS:,} of {ROWS + 2:,} rows; the PDF has all of them." in text
    assert f"n{ROWS - 2} " in text
    assert f"n{ROWS - 1} " not in text


def test_without_a_row_it_says_so() -> None:
    whole = report([])
    assert whole.listing is not None
    empty = replace(whole, listing=replace(whole.listing, without="Nobody was there."))
    assert "Nobody was there." in page(empty).decode()


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1280, 390])
def test_a_browser_finds_no_fault(tmp_path: Path, scheme: str, wide: int) -> None:
    path = tmp_path / "r.html"
    path.write_bytes(page(_wide(report(HOSTILE))))
    size = {"width": wide, "height": 900}
    with browsing("file://", viewport=size, color_scheme=scheme) as browser:
        browser.open(str(path))
        assert browser.complaints == []
        assert browser.faults() == []
        assert browser.overflow() == 0


def _wide(whole: Report) -> Report:
    return replace(whole, answer=replace(whole.answer, headline="x" * 300, tone="fact"))


def test_the_command_writes_a_page_and_it_is_in_the_trail(
    trail: Trail, tmp_path: Path
) -> None:
    insert(trail, event())
    seal(trail)
    path = tmp_path / "r.html"
    done = run(
        trail,
        *("report", "integrity", "-o", str(path)),
        PROOFTRAIL_KEY=key(trail, "--role", "auditor"),
    )
    assert done.returncode == 0, done.stderr
    text = path.read_text()
    assert "This page is not signed." in text
    assert "Nothing was found altered, deleted or inserted." in text
    assert "this page encloses none; the PDF of this report does" in text
    rows = trail.superuser().execute("select event from prooftrail.inbox").fetchall()
    told = [json.loads(row[0]) for row in rows]
    (export,) = [one for one in told if one["action"] == "audit.log.export"]
    assert export["details"]["format"] == "html"
