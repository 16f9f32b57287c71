"""Actions of administration as a picture: a day a column, by what they were.

Guarantees: a chart has at most `COLUMNS` columns, however long the period is; each
action of the period is in exactly one, unless days beyond those told apart were cut.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prooftrail.core import instants
from prooftrail.reports.admin_tally import DAY_US
from prooftrail.reports.document import Stacked

if TYPE_CHECKING:
    from prooftrail.reports.admin_tally import Tally

COLUMNS: Final = 120
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
    days = {day for day, _ in tally.days}
    first, last = min(days), max(days)
    if since_us is not None:
        first = min(first, since_us // DAY_US)
    if until_us is not None:
        last = max(last, (until_us - 1) // DAY_US)
    step = -(-(last - first + 1) // COLUMNS)
    parts: Counter[tuple[int, int]] = Counter()
    for (day, part), n in tally.days.items():
        parts[(day - first) // step, part] += n
    columns = tuple(
        (
            _day(first + at * step),
            tuple(parts[at, part] for part in range(len(NAMES))),
        )
        for at in range((last - first) // step + 1)
    )
    each = "a day" if step == 1 else f"in each {step} days"
    peak, most = max(
        ((name, sum(values)) for name, values in columns), key=lambda one: one[1]
    )
    return Stacked(
        NAMES,
        ("plain", "soft", "dark", "attention"),
        columns,
        f"Actions of administration {each}, from {_day(first)} to {_day(last)}, UTC;"
        f" the most are {most:,}, {'on' if step == 1 else 'from'} {peak}.",
    )


def _day(day: int) -> str:
    return instants.text(day * DAY_US)[:10]
