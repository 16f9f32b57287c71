"""Cases of JSON text: canonical bytes, numbers, `$` keys."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from making.primitives import jcs

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 262_144
LONGEST_HEX = 2_000  # canonical bytes longer than this are given by their digest
SAFE = 2**53 - 1
COMMITMENT = "sha256:" + "ab" * 32


def canonical() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield texts with the value that they state; rfc8785 spells it."""
    number = {"$number": "1.50"}
    accepted: list[tuple[str, str, str, Any]] = [
        ("empty-object", "The smallest object", "{}", {}),
        ("keys-sorted", "Keys are sorted", '{"b":1,"a":2}', {"a": 2, "b": 1}),
        (
            "keys-utf16",
            "Keys sort by UTF-16 code units: U+1F600 before U+E000 and U+FFFF",
            '{"\ue000":1,"😀":2,"\uffff":3,"é":4,"z":5,"":6}',
            {"\ue000": 1, "😀": 2, "\uffff": 3, "é": 4, "z": 5, "": 6},
        ),
        (
            "keys-utf16-nested",
            "The same order in nested objects and lists",
            '[{"\uffff":{"\ue000":1,"𐀀":2},"\U0010ffff":[]}]',
            [{"\uffff": {"\ue000": 1, "𐀀": 2}, "\U0010ffff": []}],
        ),
        ("whitespace", "Space is left out", ' { "a" :\t[ 1 ,\r\n2 ] } ', {"a": [1, 2]}),
        (
            "escapes",
            "Escapes have one spelling; / and U+007F stand as they are",
            '"\\u0008\\u0009\\u000A\\u000C\\u000D\\u0022\\u005C\\/\\u001F\\u007f"',
            '\b\t\n\f\r"\\/\x1f\x7f',
        ),
        (
            "not-normalised",
            "Unicode is not normalised: two spellings of é stay two",
            '["\\u00e9","e\\u0301"]',
            ["é", "e\u0301"],
        ),
        ("astral-escape", "An escaped pair is one character", '"\\ud83d\\ude00"', "😀"),
        (
            "backslash-u0000",
            "A backslash before u0000 is text, not U+0000",
            '"\\\\u0000"',
            "\\u0000",
        ),
        ("fraction", "A fraction keeps its digits", '{"a":1.50}', {"a": number}),
        (
            "number-in-place",
            "A stated $number stays as it is",
            '{"a":{"$number":"1.50"}}',
            {"a": number},
        ),
        (
            "largest-integer",
            "2^53 - 1 is an integer",
            f"[{SAFE},-{SAFE}]",
            [SAFE, -SAFE],
        ),
        (
            "integer-beyond",
            "2^53 is not",
            f"[{SAFE + 1},-{SAFE + 1}]",
            [{"$number": str(SAFE + 1)}, {"$number": str(-SAFE - 1)}],
        ),
        ("scalars", "The literals", "[true,false,null]", [True, False, None]),
    ]
    for name, title, text, value in accepted:
        yield (
            f"accept-{name}",
            {"title": title, "input": text, "canonicalHex": jcs(value).hex()},
        )
    deep = "[" * 32 + "]" * 32
    within = "[" * 32 + '{"$number":"1.5"}' + "]" * 32
    yield (
        "accept-32-levels-and-a-number",
        {
            "title": "A fraction on level 32: $number is no level of its own",
            "input": "[" * 32 + "1.5" + "]" * 32,
            "canonicalHex": within.encode().hex(),
        },
    )
    yield (
        "accept-32-levels",
        {
            "title": "32 levels are the most",
            "input": deep,
            "canonicalHex": deep.encode().hex(),
        },
    )
    for name, title, parts in [
        (
            "largest",
            "256 KiB are the most",
            [['{"a":"', 1], ["x", MAX_BYTES - 8], ['"}', 1]],
        ),
        (
            "hostile-digits",
            "Digits without end are kept as written and never computed with",
            [["[", 1], ["9", 200_000], ["]", 1]],
        ),
    ]:
        text = "".join(str(part) * int(str(times)) for part, times in parts)
        spelled = text if name == "largest" else f'[{{"$number":"{text[1:-1]}"}}]'
        digest = sha256(spelled.encode()).hexdigest()
        yield (
            f"accept-{name}",
            {"title": title, "inputParts": parts, "canonicalSha256": digest},
        )
    yield from _refused()


def _refused() -> Iterator[tuple[str, dict[str, Any]]]:
    refused: list[tuple[str, str, str, str | bytes]] = [
        ("duplicate-key", "A key that stands twice", "duplicate-key", '{"a":1,"a":1}'),
        (
            "duplicate-key-escaped",
            "A key that stands twice in two spellings",
            "duplicate-key",
            '{"x":[{"a":1,"\\u0061":2}]}',
        ),
        ("nul", "U+0000 in a text", "nul", '{"a":"\\u0000"}'),
        ("nul-key", "U+0000 in a key", "nul", '{"\\u0000":1}'),
        ("nul-raw", "A raw NUL is not JSON", "not-json", b'{"a":"\x00"}'),
        ("high-surrogate", "A lone high surrogate", "surrogate", '{"a":"\\ud83d"}'),
        ("low-surrogate", "A lone low surrogate", "surrogate", '{"\\ude00":1}'),
        (
            "swapped-surrogates",
            "A pair the wrong way round",
            "surrogate",
            '"\\ude00\\ud83d"',
        ),
        ("33-levels", "33 levels", "depth", "[" * 33 + "]" * 33),
        ("100-levels", "100 levels", "depth", '{"a":' * 100 + "1" + "}" * 100),
        (
            "33-levels-by-list",
            "A $number of anything but a text is a level like any other",
            "depth",
            "[" * 32 + '{"$number":1}' + "]" * 32,
        ),
        ("nan", "NaN", "not-json", '{"a":NaN}'),
        ("infinity", "Infinity", "not-json", '{"a":-Infinity}'),
        ("leading-zero", "A leading zero", "not-json", '{"a":01}'),
        (
            "bare-fraction",
            "A fraction without digits before it",
            "not-json",
            '{"a":.5}',
        ),
        ("plus-sign", "A plus sign", "not-json", '{"a":+1}'),
        ("trailing-comma", "A trailing comma", "not-json", '{"a":1,}'),
        ("single-quotes", "Single quotes", "not-json", "{'a':1}"),
        ("comment", "A comment", "not-json", '{"a":1/* */}'),
        ("control-character", "A raw control character", "not-json", '{"a":"\n"}'),
        ("two-values", "Two values", "not-json", '{"a":1}{"a":1}'),
        ("empty", "No value", "not-json", ""),
        ("unfinished", "A value that does not end", "not-json", '{"a":[1'),
        ("byte-order-mark", "A byte order mark", "not-json", b"\xef\xbb\xbf{}"),
        ("latin-1", "Not UTF-8", "not-utf8", b'{"a":"\xe9"}'),
        (
            "utf-8-surrogate",
            "A surrogate spelled in UTF-8",
            "not-utf8",
            b'"\xed\xa0\xbd"',
        ),
        ("utf-8-overlong", "An overlong spelling", "not-utf8", b'"\xc0\x80"'),
    ]
    for name, title, reason, text in refused:
        if isinstance(text, str):
            given: dict[str, Any] = {"input": text}
        else:
            given = {"inputHex": text.hex()}
        yield f"refuse-{name}", {"title": title, **given, "refused": reason}
    for name, title, times in [
        ("too-large", "One byte more than 256 KiB", MAX_BYTES - 7),
        ("50-mb", "A text of 50 MB", 50 * 1024 * 1024),
    ]:
        parts = [['{"a":"', 1], ["x", times], ['"}', 1]]
        yield f"refuse-{name}", {"title": title, "inputParts": parts, "refused": "size"}


def numbers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield number tokens."""
    kept = "0.1 1.0 -0 -0.0 1e3 1E+400 5e-324 9007199254740992 18446744073709551616"
    for token in kept.split():
        name = token.replace("+", "plus").replace(".", "_")
        title = "Kept as the token that was written"
        yield (
            f"accept-{name}",
            {"title": title, "token": token, "value": {"$number": token}},
        )
    for token in ("0", "7", "-7", str(SAFE), str(-SAFE)):
        yield (
            f"accept-{token}",
            {"title": "An integer", "token": token, "value": int(token)},
        )
    for name, token in [
        ("empty", ""),
        ("leading-zero", "007"),
        ("plus", "+1"),
        ("no-fraction", "1."),
        ("no-integer", ".1"),
        ("no-exponent", "1e"),
        ("hex", "0x10"),
        ("underscore", "1_000"),
        ("arabic-digits", "\u0661"),
        ("space", "1 "),
        ("nan", "NaN"),
    ]:
        yield (
            f"refuse-{name}",
            {"title": "No JSON number", "token": token, "refused": True},
        )


def escapes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield values with keys that begin with `$`."""
    protected = {
        "class": "contact.email",
        "commitment": COMMITMENT,
        "subject": "cust_1",
    }
    short = {"class": "contact.email", "commitment": COMMITMENT}
    dropped = {"class": "contact.email", "dropped": True}
    stays: list[tuple[str, Any]] = [
        ("number", {"$number": "1.50"}),
        ("number-integer", {"$number": "7"}),
        ("protected", {"$protected": protected}),
        ("protected-without-subject", {"$protected": short}),
        ("dropped", {"$protected": dropped}),
        ("dropped-with-subject", {"$protected": {**dropped, "subject": "cust_1"}}),
        ("no-dollar", {"a$": {"b": [1, "$c", None]}}),
    ]
    for name, value in stays:
        case = {
            "title": "Stays as it is",
            "input": {"x": value},
            "envelope": "dropped" not in name,
            "escaped": {"x": value},
        }
        yield f"stays-{name}", case
    gains: list[tuple[str, str, Any]] = [
        ("source", "$source", {"login": "root"}),
        ("any-key", "$mine", {"$inner": 1}),
        ("escaped-key", "$$mine", 1),
        ("dollar", "$", 1),
        ("number-not-text", "$number", 1),
        ("number-no-number", "$number", "1,50"),
        ("number-leading-zero", "$number", "01"),
        ("protected-empty", "$protected", {}),
        ("protected-no-class", "$protected", {"commitment": COMMITMENT}),
        ("protected-no-commitment", "$protected", {"class": "x"}),
        (
            "protected-upper-case",
            "$protected",
            {**short, "commitment": COMMITMENT.upper()},
        ),
        ("protected-short", "$protected", {**short, "commitment": COMMITMENT[:-1]}),
        ("protected-more", "$protected", {**short, "value": "dani@company.com"}),
        ("protected-number", "$protected", {**short, "class": 1}),
        ("protected-no-subject", "$protected", {**short, "subject": None}),
        ("dropped-false", "$protected", {**dropped, "dropped": False}),
        ("dropped-one", "$protected", {**dropped, "dropped": 1}),
        ("dropped-committed", "$protected", {**short, "dropped": True}),
        ("dropped-no-class", "$protected", {"dropped": True}),
        ("without-envelope", "$protected", protected),
    ]
    for name, key, inner in gains:
        deeper = {"$$inner": 1} if name == "any-key" else inner
        yield (
            f"gains-{name}",
            {
                "title": "Gains one more $",
                "input": {"x": {key: inner}},
                "envelope": name != "without-envelope",
                "escaped": {"x": {f"${key}": deeper}},
            },
        )
    yield (
        "gains-beside",
        {
            "title": "A well-formed object with another key beside it is none",
            "input": {"x": [{"$number": "1", "b": {"$protected": short}}]},
            "envelope": True,
            "escaped": {"x": [{"$$number": "1", "b": {"$protected": short}}]},
        },
    )
