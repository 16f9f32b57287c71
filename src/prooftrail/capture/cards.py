"""Payment card numbers in texts, masked to their first six and last four digits.

Guarantees: a number of a length and issuer range that a card scheme uses, with a
valid Luhn digit, is masked (PCI DSS 3.4.1), written in one piece or in groups of
three to seven digits with one blank or dash between, of any width. UUIDs, ARNs, account
ids, hashes and times in milliseconds or microseconds are not cards and remain.

Does not: look inside digits that touch a letter (a hash must not change), find groups
of one or two digits, digits of another script, or groups with dots between. An order
number of such a length and range has a valid Luhn digit by chance in one case of ten
and is then masked: better so than a card in a trail that nobody may change.

Source: ISO/IEC 7812-1; the schemes' published ranges.
"""

from __future__ import annotations

import re
from typing import Final

MIN_DIGITS = 13
MAX_DIGITS = 19
_FIRST_GROUP = 4  # a grouped number starts 4111 1111 or 3782 822463
_GROUP = range(3, 8)

# A whole run of digits and single separators: it cannot fail half way, so that no
# character is looked at twice. No group is possessive: Python before 3.11.5 then loses
# its place when the group begins to match and fails.
SEPARATORS: Final = " \u00a0\u2007\u2009\u2011\u2013\u202f-"  # blanks and dashes
_RUN = re.compile(rf"[0-9]++(?:[{SEPARATORS}][0-9]++)*")
_ROW = re.compile(rf"[0-9{SEPARATORS}]{{13}}")
_ENOUGH = re.compile(rf"[0-9](?:[{SEPARATORS}]?[0-9]){{12}}")
_DIGITS = re.compile(r"[0-9]+")
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
    return _ROW.search(text) is not None and _ENOUGH.search(text) is not None


def mask(text: str) -> str:
    """Mask the digits of one number, whatever its separators.

    >>> mask("4111 1111 1111 1111")
    '411111******1111'
    """
    digits = text.translate(_GLUE)
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


def mask_all(text: str) -> str:
    """Mask every card number in `text`."""
    return _RUN.sub(_mask_run, text)


def _mask_run(found: re.Match[str]) -> str:
    run = found.group()
    if len(run) < MIN_DIGITS:
        return run
    groups = _free_groups(found)
    parts: list[str] = []
    done = start = 0
    while start < len(groups):
        last = _card_at(run, groups, start)
        if last is None:
            start += 1
            continue
        begin, end = groups[start][0], groups[last][1]
        parts += run[done:begin], mask(run[begin:end])
        done, start = end, last + 1
    return "".join((*parts, run[done:]))


def _free_groups(found: re.Match[str]) -> list[tuple[int, int]]:
    """Return the groups of a run, without those that touch a letter or a fraction."""
    groups = [group.span() for group in _DIGITS.finditer(found.group())]
    before = found.string[max(0, found.start() - 2) : found.start()]
    after = found.string[found.end() : found.end() + 2]
    if _is_letter(after[:1]) or (after[:1] == "." and after[1:].isdigit()):
        groups.pop()
    if _is_letter(before[-1:]) or (before[-1:] == "." and before[:-1].isdigit()):
        groups = groups[1:]
    return groups


def _is_letter(text: str) -> bool:
    """Whether this may be of a hash: a letter of another script is of a sentence."""
    return text.isascii() and text.isalpha()


def _card_at(run: str, groups: list[tuple[int, int]], start: int) -> int | None:
    """Return the index of the last group of a card that begins at `start`."""
    begin, end = groups[start]
    if is_card(run[begin:end]):
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
