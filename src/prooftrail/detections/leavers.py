"""Who has left, and since when none of their accounts is to be used: an HR list.

Guarantees: a list is understood as a whole or refused, with the line that is not. A day
is the last day of work, UTC: use counts from the day after.
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
    for number, row in enumerate(csv.reader(lines), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and tuple(cells) == HEADER):
            continue
        try:
            account, day = cells
            ends = date.fromisoformat(day) + timedelta(days=1)
        except (ValueError, OverflowError):
            raise QuestionError(
                f"line {number} of the list of leavers is not ACCOUNT,YYYY-MM-DD, the "
                "last day of work"
            ) from None
        at = datetime(ends.year, ends.month, ends.day, tzinfo=UTC)
        key = projection.cut(account) or ""
        since = int(at.timestamp()) * 1_000_000
        found[key] = min(since, found.get(key, since))
    return found
