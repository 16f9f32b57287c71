"""Payment card numbers in texts, masked to their first six and last four digits.

Guarantees: a number of a length and issuer range that a card scheme uses, with a
valid Luhn digit, is masked (PCI DSS 3.4.1), written in one piece or in groups of
three to seven digits with one blank, dash or dot between, of any width, in the digits
of any script. UUIDs, ARNs, account ids, hashes and times in milliseconds or
microseconds are not cards and remain.

Does not: look inside digits that touch a letter (a hash must not change) or are a
fraction, or find groups of one or two digits. An order number of such a length and
range has a valid Luhn digit by chance in one case of ten and is then masked: better so
than a card in a trail that nobody may change.

Source: ISO/IEC 7812-1; the schemes' published ranges.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_DIGITS = 13
MAX_DIGITS = 19
_FIRST_GROUP = 4  # a grouped number starts 4111 1111 or 3782 822463
_GROUP = range(3, 8)

# A whole run of digits and single separators: it cannot fail half way, so that no
# character is looked at twice. No group is possessive: Python before 3.11.5 then loses
# its place when the group begins to match and fails.
SEPARATORS: Final = " .\u00a0\u2007\u2009\u2011\u2013\u202f-"  # blanks, dashes, dots
_RUN = re.compile(rf"[0-9]++(?:[{SEPARATORS}][0-9]++)*")
_ROW = re.compile(rf"[0-9{SEPARATORS}]{{13}}")
_ENOUGH = re.compile(rf"[0-9](?:[{SEPARATORS}]?[0-9]){{12}}")
_DIGITS = re.compile(r"[0-9]+")
_OTHER_DIGITS = re.compile(r"[^\D0-9]")
_GLUE = str.maketrans("", "", SEPARATORS)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

# (lowest, highest prefix, permitted lengths)
_ISSUERS: Final = (
    (4, 4, (13, 16, 19)),
    (51, 55, (16,)),
    (2221, 2720, (16,)),
    (34, 34, (15,)),
    (37, 37, (15,)),
    (300, 305, (14, 16)),
    (309, 309, (14, 16)),
    (36, 36, (14, 16, 19)),
    (38, 39, (14, 16, 19)),
    (3528, 3589, (16, 17, 18, 19)),
    (6011, 6011, (16, 17, 18, 19)),
    (644, 649, (16, 17, 18, 19)),
    (65, 65, (16, 17, 18, 19)),
    (62, 62, (16, 17, 18, 19)),
    (60, 69, (16, 19)),
    (5018, 5018, tuple(range(13, 20))),
    (5020, 5020, tuple(range(13, 20))),
    (5038, 5038, tuple(range(13, 20))),
    (5893, 5893, tuple(range(13, 20))),
    (6304, 6304, tuple(range(13, 20))),
    (6759, 6759, tuple(range(13, 20))),
    (6761, 6763, tuple(range(13, 20))),
    (50, 50, (16, 19)),
    (56, 58, (16, 19)),
)


def is_card(digits: str) -> bool:
    """Return whether `digits` has an issuer's range, its length and a Luhn digit.

    >>> is_card("4111111111111111"), is_card("1688990107857")
    (True, False)
    """
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        return False
    return luhn(digits) and any(
        low <= int(digits[: len(str(low))]) <= high and len(digits) in lengths
        for low, high, lengths in _ISSUERS
    )


def luhn(digits: str) -> bool:
    """Return whether the last digit is right (ISO/IEC 7812-1, annex B)."""
    numbers = [ord(digit) - 48 for digit in reversed(digits)]
    doubled = sum(_DOUBLED[number] for number in numbers[1::2])
    return (sum(numbers[::2]) + doubled) % 10 == 0


def may_hold(text: str) -> bool:
    """Return whether `text` has enough digits in a row: quick."""
    plain = in_ascii(text)
    return _ROW.search(plain) is not None and _ENOUGH.search(plain) is not None


def in_ascii(text: str) -> str:
    """Return `text` with the digits of any script as 0 to 9, each in its place.

    >>> in_ascii("No. \u0664\uff12")
    'No. 42'
    """
    if text.isascii():
        return text
    return _OTHER_DIGITS.sub(lambda found: str(unicodedata.decimal(found[0])), text)


def mask(text: str) -> str:
    """Mask the digits of one number, whatever its separators.

    >>> mask("4111 1111 1111 1111")
    '411111******1111'
    """
    digits = text.translate(_GLUE)
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


def mask_all(text: str) -> str:
    """Mask every card number in `text`."""
    plain = in_ascii(text)
    parts: list[str] = []
    done = 0
    for found in _RUN.finditer(plain):
        for begin, end in _cards_in(found):
            parts += text[done:begin], mask(plain[begin:end])
            done = end
    return "".join((*parts, text[done:]))


def _cards_in(found: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield where in the text the cards of a run are."""
    run, at = found.group(), found.start()
    if len(run) < MIN_DIGITS:
        return
    groups = _free_groups(found)
    start = 0
    while start < len(groups):
        last = _card_at(run, groups, start)
        if last is not None:
            yield at + groups[start][0], at + groups[last][1]
        start = start + 1 if last is None else last + 1


def _free_groups(found: re.Match[str]) -> list[tuple[int, int]]:
    """Return the groups of a run, without those that touch a letter."""
    groups = [group.span() for group in _DIGITS.finditer(found.group())]
    if _is_letter(found.string[found.end() : found.end() + 1]):
        groups.pop()
    if _is_letter(found.string[max(0, found.start() - 1) : found.start()]):
        groups = groups[1:]
    return groups


def _is_letter(text: str) -> bool:
    """Whether this may be of a hash: a letter of another script is of a sentence."""
    return text.isascii() and text.isalpha()


def _card_at(run: str, groups: list[tuple[int, int]], start: int) -> int | None:
    """Return the index of the last group of a card that begins at `start`."""
    begin, end = groups[start]
    fraction = begin > 0 and run[begin - 1] == "."
    if not fraction and is_card(run[begin:end]):
        return start
    if not _FIRST_GROUP <= end - begin <= _GROUP[-1]:
        return None
    found: int | None = None
    length = end - begin
    for last in range(start + 1, len(groups)):
        low, high = groups[last]
        length += high - low
        # One separator throughout and groups of a card's size make it one number.
        if (
            high - low not in _GROUP
            or length > MAX_DIGITS
            or run[low - 1] != run[end : end + 1]
        ):
            break
        if is_card(run[begin:high].translate(_GLUE)):
            found = last
    return found
