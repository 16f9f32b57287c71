"""Actions of administration as a picture: a day a column, by what they were.

Guarantees: a chart has at most `columns.MOST` columns, however long the period is; each
action of the period is in exactly one, unless days beyond those told apart were cut.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prooftrail.reports import columns
from prooftrail.reports.document import Stacked

if TYPE_CHECKING:
    from prooftrail.reports.admin_tally import Tally

NAMES: Final = (
    "accounts, rights, keys, other",
    "configuration and logging",
    "impersonation and break-glass",
    "refused or failed",
)


def over_time(
    tally: Tally, since_us: int | None = None, until_us: int | None = None
) -> Stacked | None:
    """Return actions a day; of a longer time, of so many days together."""
    if not tally.days:
        return None
    days = columns.days((day for day, _ in tally.days), since_us, until_us)
    parts: Counter[tuple[int, int]] = Counter()
    for (day, part), n in tally.days.items():
        parts[days.at(day), part] += n
    drawn = tuple(
        (days.name(at), tuple(parts[at, part] for part in range(len(NAMES))))
        for at in range(days.total)
    )
    each = "a day" if days.step == 1 else f"in each {days.step} days"
    peak, most = max(
        ((name, sum(values)) for name, values in drawn), key=lambda one: one[1]
    )
    return Stacked(
        NAMES,
        ("plain", "soft", "dark", "attention"),
        drawn,
        f"Actions of administration {each}, from {days.name(0)} to"
        f" {columns.date(days.last)}, UTC; the most are {most:,},"
        f" {'on' if days.step == 1 else 'from'} {peak}.",
    )
