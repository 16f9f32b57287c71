"""How much a JSON text will be once it is parsed, told before it is.

Guarantees: looks at a text once, in the memory of one copy of it at most, and stops as
soon as the answer is known. 16 MB of `{},{},{}` become 2 GB of objects; hence nothing
is parsed before this has said that it is little.

Does not: say whether it is JSON. Of a text that is none, the answer may be either.

Source: RFC 8259.
"""

from __future__ import annotations

import re

# A text without its end runs to the end: no character is looked at twice. Escapes are
# taken out before: a group that repeats possessively is what Python 3.11.2 loses its
# place in, and one that does not remembers every turn.
_TOKEN = re.compile(rb'"[^"]*+"?|[\[\]{},]')
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")
_COMMA = ord(",")


def has_more_values(text: bytes, most: int) -> bool:
    """Whether a text holds more than `most` values.

    Names of keys do not count; what is empty (`{}`, `[]`) counts twice.

    >>> has_more_values(b'{"a": [1, 2, ",,,"]}', 5)
    False
    >>> has_more_values(b'{"a": [1, 2, ",,,"]}', 4)
    True
    """
    if text.count(b",") + text.count(b"[") + text.count(b"{") < most:
        return False
    # each but the first comes after a bracket that opens, or after a comma
    values = 1
    text = _without_escapes(text)
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first == _COMMA or first in _OPENING:
            values += 1
            if values > most:
                return True
    return False


def has_more_items(text: bytes, most: int, *, few: int) -> bool:
    """Whether the list that a text is has more than `most` items.

    Args:
        text: of a list.
        most: items.
        few: commas, of whatever is in it; where there are not more, the answer is no
            though there may be more items.

    >>> has_more_items(b'[1, [2, 3, 4, 5], ","]', 3, few=0)
    False
    >>> has_more_items(b'[1, [2, 3, 4, 5], ","]', 2, few=0)
    True
    """
    if text.count(b",") <= few:
        return False
    depth, items = 0, 1
    text = _without_escapes(text)
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in _OPENING:
            depth += 1
        elif first in _CLOSING:
            depth -= 1
        elif first == _COMMA and depth == 1:
            items += 1
            if items > most:
                return True
    return False


def _without_escapes(text: bytes) -> bytes:
    r"""Return a text whose quotes all begin or end a string.

    >>> _without_escapes(rb'["a\\", "\"", ","]')
    b'["a", "", ","]'
    """
    if b"\\" not in text:
        return text
    return text.replace(rb"\\", b"").replace(rb"\"", b"")
