"""What a page shows of a text, whoever wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import Markup

from prooftrail.console import rendering, security, static

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "\x1b[2J\x1b]0;owned\x07",
    "user\u202egnp.exe",
    "\u2066hidden\u2069",
    "a\r\nSet-Cookie: a=b",
    "=cmd|' /C calc'!A0",
]


def shown(text: str, template: str = '<p title="{{ it }}">{{ it }}</p>') -> str:
    return rendering.environment().from_string(template).render(it=text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(text: str) -> None:
    page = shown(text)
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("<") == page.count(">") == 2
    assert page.count('"') == 2
    assert "49" not in page


@given(st.text())
def test_nothing_that_hides_or_turns_reaches_a_page(text: str) -> None:
    assert shown(text).isprintable()


def test_a_block_of_text_keeps_its_lines_and_nothing_else() -> None:
    made = rendering.block("{\n\t<b>\u202e\x1b\r")
    assert made == Markup("{\n\t&lt;b&gt;\\u202e\\x1b\\r")
    assert shown("a\n<b>", "<pre>{{ it|block }}</pre>") == "<pre>a\n&lt;b&gt;</pre>"


def test_what_a_template_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        shown("x", "{{ other }}")


def test_templates_hold_no_inline_script_and_no_inline_style() -> None:
    environment = rendering.environment()
    names = environment.list_templates()
    assert "layout.html" in names
    loader = environment.loader
    assert loader is not None
    for name in names:
        source = loader.get_source(environment, name)[0]
        assert " style=" not in source, name
        assert "<style" not in source, name
        assert " hx-on" not in source, name
        assert "js:" not in source, name
        assert "|safe" not in source, name
        for piece in source.split("<script")[1:]:
            assert piece.startswith(" src="), name


def test_every_template_can_be_parsed() -> None:
    environment = rendering.environment()
    for name in environment.list_templates():
        environment.get_template(name)


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    rules = dict(one.split(" ", 1) for one in security.CSP.split("; "))
    assert rules["default-src"] == "'none'"
    assert set(rules.values()) == {"'none'", "'self'"}


def test_files_name_no_other_host() -> None:
    files = static.load()
    assert {"console.css", "console.js", "htmx.min.js"} <= set(files)
    for name, file in files.items():
        if name.endswith(("css", "console.js")):
            text = file.data.decode()
            assert "//" not in text.replace("// ", ""), name
            assert "@import" not in text, name


@pytest.mark.parametrize(
    ("text", "told"),
    [("2026-02-17", "Tuesday, 17 February 2026"), ("soon", "soon"), ("", "")],
)
def test_a_day_is_told_in_words(text: str, told: str) -> None:
    assert rendering.day(text) == told
