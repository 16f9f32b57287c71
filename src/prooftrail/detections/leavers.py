"""Who has left, and since when none of their accounts is to be used: an HR list.

Guarantees: a list is understood as a whole or refused, with the lines that are not. A
day is the last day of work, UTC: use counts from the day after. Of whoever stands there
twice, the earlier day counts.
"""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from prooftrail.core import projection
from prooftrail.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = ("account", "last_day")
_NAMED = 10  # lines that are not understood


def read(lines: Iterable[str]) -> dict[str, int]:
    """Return the accounts, and since when (microseconds) none is to be used.

    Args:
        lines: of CSV, `account,last_day`; a first line that says so is passed over.

    Raises:
        QuestionError: a line is not like that.

    >>> read(["account,last_day", "usr_7,2026-03-31"])
    {'usr_7': 1775001600000000}
    """
    found: dict[str, int] = {}
    bad: list[int] = []
    for number, line in enumerate(lines, 1):
        cells = _cells(line)
        if not any(cells) or (number == 1 and tuple(cells) == HEADER):
            continue
        try:
            account, day = cells
            ends = date.fromisoformat(day) + timedelta(days=1)
        except (ValueError, OverflowError):
            bad.append(number)
            continue
        key = projection.cut(account)
        if not key or "\0" in key:
            bad.append(number)
            continue
        at = datetime(ends.year, ends.month, ends.day, tzinfo=UTC)
        since = int(at.timestamp()) * 1_000_000
        found[key] = min(since, found.get(key, since))
    if bad:
        several = len(bad) > 1
        named = ", ".join(map(str, bad[:_NAMED]))
        named += f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise QuestionError(
            f"line{'s' if several else ''} {named} of the list of leavers "
            f"{'are' if several else 'is'} not ACCOUNT,YYYY-MM-DD, the last day of work"
        )
    return found


def _cells(line: str) -> list[str]:
    """Return the cells of one line; a line that is no CSV has a single one."""
    try:
        (row,) = csv.reader([line])
    except (csv.Error, ValueError):
        return ["?"] if line.strip() else []
    return [cell.strip() for cell in row]
