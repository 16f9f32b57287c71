"""Secrets that a name inside a text announces: ``?token=...``, ``--password x``.

Guarantees: `cut_assignments` removes the value of a secret name in query strings,
connection strings, JSON and other literals, headers, environment and prose
(``password: x``), quoted or not; `cut_flags` does so behind flags of a command
line. Quotes and the rest of the text stay. Both are linear in the length: every name
and every value is read once, and nothing is given back.

Does not: read encodings beyond ``%3D`` (``%5B`` and ``%5D`` around a name are), or what
`elements` reads: XML, and a value on the line below its name. ``secret:read`` names a
permission and ``arn:...:secret:...`` a resource: a colon with neither a blank behind it
nor a quote before it assigns nothing.

Source: RFC 3986, RFC 9110; libpq connection strings; the corpus in `tests/canaries.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prooftrail.capture.secret_names import Kind

if TYPE_CHECKING:
    from prooftrail.capture.secret_names import SecretNames

MARK: Final = "[redacted]"

# Single characters are repeated possessively, so that time stays linear; groups are
# not, since Python before 3.11.5 loses its place in them (and what follows cannot fail,
# or fails at once).
_ASSIGNMENT = re.compile(
    r"(?:(?<![\w.\-])(?!(?<=%)[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
    r"([\w.\-]++)"
    r"""(\\{0,4}+["'])?(?:\]|%5[Dd])?([ \t]{0,3}+(?:[=:]{1,3}+>?+|%3[Dd])[ \t]{0,3}+)"""
)
_FLAG = re.compile(
    r"(?:(?<![A-Za-z0-9_.\-])--|(?<![^ ])-)([A-Za-z][A-Za-z0-9_-]*+) {1,3}+(?!-)"
)
_OPEN_QUOTE = re.compile(r"""\\{0,4}+["']""")
_DOUBLE = re.compile(r'"(?:[^"\\]++|\\.)*"?', re.DOTALL)
_SINGLE = re.compile(r"'(?:[^'\\]++|\\.)*'?", re.DOTALL)
_JSON_BARE = re.compile(r"[^,}\]\s]*+")
_BARE = re.compile(r"""[^\s&;"'<>]*+""")
_ENCODED = re.compile(r"""(?:(?!%26)[^\s&;"'<>])*""")
_LINE = re.compile(r"[^\r\n]*+")
_QUOTED_LINE: Final = {
    '"': re.compile(r'[^\r\n"]*+'),
    "'": re.compile(r"[^\r\n']*+"),
}
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*"?|[{}\[\]]', re.DOTALL)
_HEADER = re.compile(r"(?i:ation|ookie):")
_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie"}
)
# Names that are secret only as parameters of a URL.
_PARAMETERS: Final = frozenset(
    {"sig", "signature", "xgoogsignature", "sid", "sessionid", "session"}
)
_LONG_PARAMETERS: Final = frozenset({"code", "key"})
_LONG = 10  # characters; `?code=404` and `?key=name` remain
_NUMBER = re.compile(r"[0-9.,]{1,12}")
# What is several words: in prose all of the line is taken for it.
_PHRASE = re.compile(r"(?i:mnemonic|pass[ _-]?phrase|(?:seed|recovery)[ _-]?phrase)")
_SCALARS: Final = frozenset({Kind.SECRET, Kind.CREDENTIALS})


def may_assign(text: str) -> bool:
    """Return whether a text with a colon could assign something: quick."""
    return (
        ": " in text
        or '":' in text
        or "':" in text
        or ":\t" in text
        or '" ' in text
        or "' " in text
        or '"\t' in text
        or "'\t" in text
        or _HEADER.search(text) is not None
    )


def cut_assignments(text: str, names: SecretNames) -> str:
    """Return `text` without the values of secret names."""
    parts: list[str] = []
    done = position = 0
    while found := _ASSIGNMENT.search(text, position):
        position = found.end()
        end = _secret_end(text, found, names)
        if end is None or end == position:
            continue
        parts += text[done:position], _replacement(text, position, end)
        done = position = end
    return "".join((*parts, text[done:])) if parts else text


def _replacement(text: str, start: int, end: int) -> str:
    """Return the mark, in the quotes that the value had."""
    quote = _OPEN_QUOTE.match(text, start, end)
    if quote is None:
        return MARK
    closed = end - start >= 2 * len(quote[0]) and text.endswith(quote[0], start, end)
    return f"{quote[0]}{MARK}{quote[0] if closed else ''}"


def _secret_end(text: str, found: re.Match[str], names: SecretNames) -> int | None:
    """Return where the value of a secret assignment ends, None for another one."""
    name, quote, sign = found.groups()
    before = text[found.start() - 1 : found.start()] if found.start() else ""
    kind = names.kind(name)
    short = name.replace("-", "").replace("_", "").lower()
    if ":" in sign and "=" not in sign:
        if name.lower() in _HEADERS and not quote and sign[0] == ":":
            return _header_end(text, found.end(), before)
        if before == ":" or not (quote or sign.endswith((" ", "\t"))):
            return None
    elif before in ("?", "&") and not _is_secret_parameter(kind, short):
        return None
    elif before in ("?", "&"):
        end = _value_end(text, found.end(), _BARE)
        short_value = end - found.end() < _LONG and short in _LONG_PARAMETERS
        return None if short_value else end
    return _end_by_kind(text, found, kind)


def _is_secret_parameter(kind: Kind, short: str) -> bool:
    return (
        kind in (Kind.SECRET, Kind.COUNTABLE, Kind.CREDENTIALS, Kind.OPEN)
        or short in _PARAMETERS
        or short in _LONG_PARAMETERS
    )


def _end_by_kind(text: str, found: re.Match[str], kind: Kind) -> int | None:
    _, quote, sign = found.groups()
    start = found.end()
    equals = "=" in sign
    if not (
        kind in _SCALARS
        or (kind is Kind.OPEN and equals)  # not {"authorization": {"decision": ...}}
        or (kind is Kind.COUNTABLE and (equals or quote))  # not "tests pass: 12"
    ) or text.startswith("arn:aws", start):
        return None
    if not quote and not equals and _PHRASE.fullmatch(found[1]):
        return _header_end(text, start, "")
    end = _value_end(
        text, start, _JSON_BARE if quote else _ENCODED if "%" in sign else _BARE
    )
    counts = kind is Kind.COUNTABLE and _NUMBER.fullmatch(text, start, end)
    literal = quote and text[start:end] in ("true", "false", "null")
    return None if counts or literal else end


def _header_end(text: str, start: int, before: str) -> int:
    """Return the end of a header's line, or of the quotes around the header."""
    found = _QUOTED_LINE.get(before, _LINE).match(text, start)
    return found.end() if found else start


def _value_end(text: str, start: int, bare: re.Pattern[str]) -> int:
    quote = _OPEN_QUOTE.match(text, start)
    if quote is not None:
        if len(quote[0]) > 1:  # \" ... \" of a JSON text inside a text
            closing = text.find(quote[0], quote.end())
            return closing + len(quote[0]) if closing >= 0 else len(text)
        found = (_DOUBLE if quote[0] == '"' else _SINGLE).match(text, start)
        return found.end() if found else start
    if bare is _JSON_BARE and text[start : start + 1] in ("{", "["):
        return _container_end(text, start)
    found = bare.match(text, start)
    return found.end() if found else start


def _container_end(text: str, start: int) -> int:
    depth = 0
    for token in _BRACKETS.finditer(text, start):
        if token[0] in ("{", "["):
            depth += 1
        elif token[0] in ("}", "]"):
            depth -= 1
            if depth == 0:
                return token.end()
    return len(text)


def cut_flags(text: str, names: SecretNames) -> str:
    """Return `text` without the values of secret flags (``--password x``)."""
    parts: list[str] = []
    done = 0
    for flag in _FLAG.finditer(text):
        if flag.start() < done or names.kind(flag[1]) not in _SCALARS:
            continue
        end = _value_end(text, flag.end(), _BARE)
        if end > flag.end():
            parts += text[done : flag.end()], _replacement(text, flag.end(), end)
            done = end
    return "".join((*parts, text[done:]))
