"""Secrets that markup or the line above announces: ``<password>x</password>``.

Guarantees: `cut_elements` removes the text of an XML element whose local name is a
secret's, CDATA too, and one that is cut off; `cut_below` removes the word that stands
alone on the line below ``password:``. Both are linear in the length.

Does not: follow an element's children (each is named by itself), or names that stand
in another element (``<key>password</key><string>x</string>``); of several words on the
line below none is taken for a secret.

Source: XML 1.0, productions [13] to [20] and [40]; the corpus in `tests/canaries.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prooftrail.capture.assignments import MARK
from prooftrail.capture.secret_names import Kind

if TYPE_CHECKING:
    from prooftrail.capture.secret_names import SecretNames

_SECRET: Final = frozenset({Kind.SECRET, Kind.CREDENTIALS, Kind.OPEN})
_TAG = re.compile(r"<([\w.:\-]++)(?:\s[^<>]*+)?>")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_BELOW = re.compile(
    r"(?<![\w.\-])([\w.\-]++)[ \t]{0,3}+:[ \t]{0,3}+\r?\n[ \t]{0,16}+"
    r"(\S++)[ \t]{0,16}+(?=\r?\n|\Z)"
)


def cut_elements(text: str, names: SecretNames) -> str:
    """Return `text` without the texts of secret elements."""
    parts: list[str] = []
    done = position = 0
    while tag := _TAG.search(text, position):
        position = start = tag.end()
        if names.kind(tag[1].rpartition(":")[2]) not in _SECRET:
            continue
        closing = "<"
        if text.startswith(_CDATA, start):
            start, closing = start + len(_CDATA), _CDATA_END
        end = text.find(closing, start)
        end = len(text) if end < 0 else end
        value = text[start:end].strip()
        if value and value != MARK:
            parts += text[done:start], MARK
            done = end
        position = end
    return "".join((*parts, text[done:])) if parts else text


def cut_below(text: str, names: SecretNames) -> str:
    """Return `text` without secrets that stand below their names."""

    def cut(found: re.Match[str]) -> str:
        if names.kind(found[1]) not in _SECRET or found[2].endswith(":"):
            return found[0]
        start, end = (place - found.start() for place in found.span(2))
        return f"{found[0][:start]}{MARK}{found[0][end:]}"

    return _BELOW.sub(cut, text)
