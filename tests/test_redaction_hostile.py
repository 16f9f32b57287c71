"""Redaction against hostile input: planted secrets, long texts, odd spellings."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.capture import cards
from prooftrail.capture.redaction import Redactor
from prooftrail.capture.secret_shapes import is_routine, is_suspect
from tests.canaries import (
    CANARY,
    HARMLESS_NAMES,
    PARTS,
    SECRET_NAMES,
    SECRET_TEXTS,
    dumped,
)

redact = Redactor().redact

HOSTILE = {
    "equals": "=" * 1_000_000,
    "assignments": "token=" * 170_000,
    "names": "a" * 1_000_000 + "=",
    "counts": "tokens=1," * 110_000,
    "dashes": "-" * 1_000_000 + "=",
    "flags": "--token " * 120_000,
    "quotes": "'Cookie:" * 120_000,
    "closed": "'Cookie:'" * 110_000,
    "open quotes": 'password="' * 100_000,
    "escaped": 'password=\\"' * 90_000,
    "backslashes": 'password="' + "\\" * 1_000_000,
    "schemes": "://a:" * 200_000,
    "userinfo": "://" + "a:" * 500_000,
    "loose": "://a:b/" * 140_000,
    "ats": "://a:" + "@" * 1_000_000,
    "jwt": "eyJ" * 330_000,
    "dots": "eyJaaaaaaaa" + "." * 1_000_000,
    "pem": "-----BEGIN PRIVATE KEY-----" * 37_000,
    "half pem": "-----BEGIN " * 90_000,
    "bearer": "bearer " * 140_000,
    "digits": "4" * 1_000_000,
    "groups": "4111 " * 200_000,
    "single digits": "4 " * 500_000,
    "brackets": '"secret":[' * 100_000,
    "json": '{"secret":' * 100_000,
    "blanks": "token" + " " * 1_000_000 + "=",
    "aws": "AKIA" + "a" * 1_000_000,
    "sessions": "IQoJb3JpZ2lu " * 76_000,
    "percent": "token%3D" * 120_000,
    "header": "cookie:" * 140_000,
    "elements": "<token>" * 140_000 + "</",
    "cdata": "<token><![CDATA[" * 60_000 + "</",
    "tags": "<token " * 140_000 + "</",
    "below": "token:\n" * 140_000,
    "far below": "token:\n" + " " * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_takes_linear_time(name: str) -> None:
    begin = time.process_time()
    redact({"text": HOSTILE[name]})
    assert time.process_time() - begin < 5


def planted(value: object, path: list[int], secret: dict[str, Any]) -> object:
    """Plant a secret into a copy of `value`, at the place that `path` leads to."""
    if path and isinstance(value, list) and value:
        index = path[0] % len(value)
        inner = planted(value[index], path[1:], secret)
        return [*value[:index], inner, *value[index + 1 :]]
    if path and isinstance(value, dict) and value:
        key = sorted(value)[path[0] % len(value)]
        return value | {key: planted(value[key], path[1:], secret)}
    return [value, secret]


trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=12) | st.sampled_from(HARMLESS_NAMES + SECRET_NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
secrets = st.one_of(
    st.sampled_from(SECRET_NAMES).map(lambda name: {name: CANARY}),
    st.sampled_from(SECRET_TEXTS).map(lambda text: {"note": text}),
    st.sampled_from(SECRET_TEXTS).map(lambda text: {text: 1}),
    st.sampled_from(SECRET_NAMES).map(lambda name: {"name": name, "value": CANARY}),
    st.sampled_from([name for name in SECRET_NAMES if max(name) <= "ÿ"]).map(
        lambda name: {"c": f"?a=1&{name}={CANARY}&b=2"}
    ),
)


@given(trees, st.lists(st.integers(0, 9), max_size=5), secrets)
@settings(max_examples=300, deadline=None)
def test_no_planted_secret_survives(
    tree: object, path: list[int], secret: dict[str, Any]
) -> None:
    clean, pointers = redact(planted(tree, path, secret))
    text = dumped(clean) + dumped(pointers)
    assert not [part for part in PARTS if part in text]
    assert redact(clean) == (clean, [])


@given(trees)
@settings(max_examples=200, deadline=None)
def test_redaction_is_idempotent_and_keeps_the_shape(tree: object) -> None:
    clean, pointers = redact(tree)
    assert redact(clean) == (clean, [])
    assert (clean == tree) == (not pointers)


assignments = st.lists(
    st.sampled_from([
        "password", "token", "a", "Cookie", "authorization", "=", ":", ": ", '"', "'",
        "{", "}", "[", "]", "&", "?", "://", "@", " ", "\n", "--", "Bearer ", "Basic ",
        "\\", "eyJ", ".", "4111111111111111", "1111", "-", "%3D", "%26", ",", ";",
        "abc", "[redacted]", "tokens", "12", "pass", "AKIA", "/", "YTpi", "arn:aws",
        "-----BEGIN PRIVATE KEY-----", "<token>", "</token>", "<![CDATA[", "]]>",
    ]),
    max_size=14,
).map("".join)  # fmt: skip


@given(assignments)
@settings(max_examples=1_000, deadline=None)
def test_any_text_is_redacted_once_and_the_quick_look_misses_nothing(
    text: str,
) -> None:
    redactor = Redactor()
    once = redactor.text(text)
    assert redactor.text(once) == once
    if not is_suspect(text) or is_routine(text):
        assert _slowly(text) == text


def _slowly(text: str) -> str:
    """Redact with the quick look forced to yes: `x=1` is suspect and harmless."""
    return Redactor().text(f"{text}\n\nx=1").removesuffix("\n\nx=1")


@given(st.integers(10**11, 10**19 - 1))
def test_the_luhn_digit_decides(number: int) -> None:
    digits = str(number)
    rest = [int(digit) for digit in digits]
    for index in range(len(rest) - 2, -1, -2):
        rest[index] = sum(divmod(rest[index] * 2, 10))
    assert cards.luhn(digits) == (sum(rest) % 10 == 0)
