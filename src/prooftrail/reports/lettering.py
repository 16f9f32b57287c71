r"""Text as it is set in print: every character is seen, and none has a hidden effect.

Guarantees: what `lettered` gives has only characters that the fonts beside this
module have, and breaks wherever a line ends. A character that none of them has is told
by its number (`[U+13080]`), one that is not printable by its escape (`\x1b`,
`\u202e`), so that two names that differ look different. What is longer than can be
read is cut visibly; the attachments have it whole.

Does not: join emoji that Unicode joins (a family is three people).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from importlib import resources
from typing import Final

LONGEST: Final = 240  # characters of a cell
LONGEST_TEXT: Final = 4_000  # of any other text

_WORD: Final = 24  # characters that are not broken: a time has as many
_PIECE: Final = 12  # characters of a longer word between two places to break
_BREAK: Final = "\u200b"  # a place to break; it has no width
_LONG: Final = re.compile(rf"[^\s{_BREAK}]{{{_WORD + 1},}}")
# An e-mail address may break before its sign, where a column is narrow.
_ADDRESS: Final = re.compile(r"(?<=\S{5})@(?=\S{5})")
_PICTURE: Final = "[\u203c-\u3299\U0001f000-\U0001faff]"
# what joins or chooses the looks of pictures, and has none of its own
_JOINED: Final = re.compile(
    f"(?<={_PICTURE})[\ufe0e\ufe0f]|(?<=[\ufe0f]|{_PICTURE})\u200d(?={_PICTURE})"
)


def lettered(text: str, most: int = LONGEST_TEXT) -> str:
    r"""Return a text as it can be set.

    >>> lettered("Ada\x1b[2J")
    'Ada\\x1b[2J'
    >>> lettered("a" * 300, 10)
    'aaaaaaaaaa… (300 characters)'
    >>> lettered("dani.pereira@corp.example").split("\u200b")
    ['dani.pereira', '@corp.example']
    """
    text = cut(text, most)
    if not (text.isascii() and text.isprintable()):
        text = _JOINED.sub("", text)
        text = "\n".join("".join(map(_seen, line)) for line in text.split("\n"))
    if "@" in text:
        text = _ADDRESS.sub(f"{_BREAK}@", text)
    return _LONG.sub(_broken, text)


def cut(text: str, most: int) -> str:
    """Return a text that is not longer than can be read, or says how long it was.

    >>> cut("a" * 300, 3)
    'aaa… (300 characters)'
    """
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def _broken(word: re.Match[str]) -> str:
    """Return a long word with places to break."""
    whole = word.group()
    pieces = (whole[at : at + _PIECE] for at in range(0, len(whole), _PIECE))
    return _BREAK.join(pieces)


def _seen(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if not character.isprintable() and character != "\u00a0":
        return character.encode("unicode_escape").decode()
    if not has(ord(character)):
        return f"[U+{ord(character):04X}]"
    return character


def has(code: int) -> bool:
    """Return whether one of the fonts has a character."""
    starts, ends = _coverage()
    at = bisect_right(starts, code) - 1
    return at >= 0 and code <= ends[at]


@cache
def _coverage() -> tuple[list[int], list[int]]:
    """Return the first and the last of each range of characters that fonts have."""
    text = (resources.files(__package__) / "fonts" / "coverage.txt").read_text("ascii")
    ranges = [line.split("-") for line in text.split() if line]
    return [int(first, 16) for first, _ in ranges], [int(end, 16) for _, end in ranges]
