"""Canonical bytes: held against an independent RFC 8785, and everything refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from prooftrail.core import jcs
from prooftrail.errors import CanonicalError

# Everything that UTF-8 spells but U+0000, with a bias to what sorts or escapes oddly.
ODD = (
    "\x01\x08\t\n\x0c\r\x1f\\/'\x7f\x80é\u2028\ud7ff\ue000\uf8ff\ufeff\uffff𐀀😀"
    '"\U0010ffff'
)
characters = st.one_of(
    st.sampled_from(ODD), st.characters(codec="utf-8", min_codepoint=1)
)
texts = st.text(characters, max_size=12)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), texts
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5)
    ),
    max_leaves=20,
)
objects = st.dictionaries(texts, values, max_size=6)
numbers = st.from_regex(re.compile(r"\A" + jcs.NUMBER_TOKEN.pattern + r"\Z", re.ASCII))


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@given(values)
@example({"\ue000": 1, "😀": 2, "\uffff": 3, "z": 4, "": 5, "é": 6, "\x7f": 7})
@example({"\U0010ffff": {"\ue000": {"😀": [{"\uffff": 1, "𐀀": 2}]}}})
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert jcs.canonical(value) == rfc8785.dumps(value)


@given(objects, st.booleans(), st.sampled_from([None, 1, "\t"]), st.randoms())
def test_however_a_value_is_spelled_its_bytes_are_the_same(
    value: dict[str, Any],
    ascii_only: bool,  # noqa: FBT001
    indent: Any,
    order: Any,
) -> None:
    keys = list(value)
    order.shuffle(keys)
    shuffled = {key: value[key] for key in keys}
    text = json.dumps(shuffled, ensure_ascii=ascii_only, indent=indent)
    assert jcs.read(text.encode()) == (value, rfc8785.dumps(value))


@given(values)
def test_the_fast_path_says_what_the_slow_path_says(value: Any) -> None:
    text = rfc8785.dumps(value)
    strict = jcs.parse(text)
    assert jcs.read(text) == (strict, jcs.canonical(strict)) == (value, text)


def test_canonical_text_takes_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b'{"a":[1,null,true,"\xc3\xa9"],"b":{"c":"\\n"}}'
    monkeypatch.delattr(jcs, "parse")
    assert jcs.read(text)[1] is text


@given(
    st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0dD8e+-.1 tnNI', max_size=30)
)
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":\x00}')
def test_any_input_is_refused_or_reads_back_as_itself(data: bytes | str) -> None:
    text = data.encode() if isinstance(data, str) else data
    try:
        value, canonical = jcs.read(text)
    except CanonicalError:
        return
    assert jcs.read(canonical) == (value, canonical)
    assert jcs.spell(value) == canonical


@given(numbers)
@example("-0")
@example("0.0")
@example("9007199254740991")
@example("9007199254740992")
@example("-9007199254740991")
@example("-9007199254740992")
@example("1e3")
@example("1E+400")
@example("18446744073709551615")
def test_a_number_keeps_its_value_as_integer_or_its_token(token: str) -> None:
    found = jcs.parse(token)
    assert found == jcs.number(token)
    if isinstance(found, dict):
        assert found == {"$number": token}
    else:
        assert str(found) == token
        assert isinstance(found, int)
        assert abs(found) <= 2**53 - 1


@pytest.mark.parametrize(
    "token",
    ["", "01", "+1", ".5", "1.", "1e", "0x1", "1_0", "\u0661", " 1", "NaN", "--1"],
)
def test_what_is_no_json_number_makes_no_token(token: str) -> None:
    with pytest.raises(CanonicalError, match="not a JSON number"):
        jcs.number(token)


@pytest.mark.parametrize("key", ["a", "é", "😀", "", "$number"])
def test_a_key_that_stands_twice_is_refused(key: str) -> None:
    spelled = json.dumps(key)
    text = f'{{"x":{{{spelled}:1,"b":2,{json.dumps(key, ensure_ascii=False)}:1}}}}'
    with pytest.raises(CanonicalError, match="stands twice"):
        jcs.read(text.encode())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b"[1,]", "not JSON"),
        (b'{"a":1} {"a":1}', "not JSON"),
        (b'{"a":/*c*/1}', "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":"\t"}', "not JSON"),
        (b'{"a":"\\x41"}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":Infinity}', "Infinity is not JSON"),
        (b'{"a":-Infinity}', "-Infinity is not JSON"),
        (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":"\xc0\x80"}', "not UTF-8"),
        (b'{"a":"\\u0000"}', r"U\+0000"),
        (b'{"\\u0000":1}', r"U\+0000"),
        (b'{"a":"\\\\\\u0000"}', r"U\+0000"),
        (b'{"a":"\\ud800"}', "lone surrogate"),
        (b'{"a":"\\udc00\\ud800"}', "lone surrogate"),
        (b'{"\\udfff":1}', "lone surrogate"),
        (nested(33), "deeper than 32"),
        (nested(100), "deeper than 32"),
        (nested(100_000), "deeper than 32"),
        (b'{"a":' * 100_000, "deeper than 32|not JSON"),
    ],
)
def test_what_cannot_be_sealed_is_refused_with_its_reason(
    text: bytes, reason: str
) -> None:
    with pytest.raises(CanonicalError, match=reason):
        jcs.read(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (b'{"a":"\\\\u0000"}', b'{"a":"\\\\u0000"}'),
        (b'{"a":"\\ud83d\\ude00"}', '{"a":"😀"}'.encode()),
        (b'{"a":"\\/\\u0041\\u001F\\u0008"}', b'{"a":"/A\\u001f\\b"}'),
        (b' { "b" : 1 ,\r\n\t"a" : -0 } ', b'{"a":{"$number":"-0"},"b":1}'),
    ],
)
def test_other_spellings_become_the_one(text: bytes, same: bytes) -> None:
    assert jcs.read(text)[1] == same


def test_32_levels_are_read_and_a_fraction_is_no_level() -> None:
    assert jcs.read(nested(32))[1] == nested(32)
    within = b"[" * 32 + b"1.5" + b"]" * 32
    canonical = within.replace(b"1.5", b'{"$number":"1.5"}')
    assert jcs.read(within)[1] == jcs.read(canonical)[1] == canonical
    for deeper in (b'{"$number":1}', b'{"$number":["1"]}', b'{"$number":"1","a":1}'):
        with pytest.raises(CanonicalError, match="deeper than 32"):
            jcs.read(within.replace(b"1.5", deeper))


def test_256_kib_are_read_and_no_byte_more() -> None:
    text = b'["' + b"x" * (jcs.MAX_BYTES - 4) + b'"]'
    assert jcs.read(text)[1] == text
    longer = text.replace(b"x", b"xx", 1)
    with pytest.raises(CanonicalError, match="262145 bytes; at most 262144"):
        jcs.read(longer)
    # what counts are the canonical bytes: space around them does not
    assert jcs.read(b" " * 1000 + text)[1] == text


def test_a_string_of_50_mb_is_refused_without_ado() -> None:
    with pytest.raises(CanonicalError, match="52428804 bytes"):
        jcs.read(b'["' + b"x" * 50 * 1024 * 1024 + b'"]')


@pytest.mark.parametrize("form", ["%s", "-%s", "0.%s", "1e%s", "%s.5"])
def test_a_hostile_number_of_digits_is_kept_as_written(form: str) -> None:
    token = form % ("9" * 200_000)
    text = f"[{token}]".encode()
    assert jcs.read(text)[0] == [{"$number": token}]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1.0, "float"),
        (float("nan"), "float"),
        ((1,), "tuple"),
        (b"x", "bytes"),
        ({1, 2}, "set"),
        (object(), "object"),
        (2**53, "2\\^53 - 1"),
        (-(2**53), "2\\^53 - 1"),
        ({1: 2}, "the key 1 is not a text"),
        ({None: 2}, "the key None is not a text"),
        (["\ud800"], "lone surrogate"),
        ({"\udfff\ue000": 1}, "lone surrogate"),
        (["a\0b"], r"U\+0000"),
        ({"a\0b": 1}, r"U\+0000"),
    ],
)
def test_a_value_without_canonical_bytes_is_refused(value: object, reason: str) -> None:
    with pytest.raises(CanonicalError, match=reason):
        jcs.canonical(value)
    with pytest.raises(CanonicalError, match=reason):
        jcs.canonical({"deeper": [value]})


def test_a_value_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(CanonicalError, match="deeper than 32"):
        jcs.canonical(endless)
