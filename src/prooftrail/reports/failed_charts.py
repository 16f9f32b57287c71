"""Failed logins as pictures: over time, by account, by source and account.

Guarantees: a chart has at most `columns.MOST` columns, however long the period is; each
attempt of the period is in exactly one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prooftrail.core import instants
from prooftrail.detections import rules
from prooftrail.reports.columns import MOST, covered
from prooftrail.reports.counting import ranked, short
from prooftrail.reports.document import Bars, Column, Stacked, Table
from prooftrail.reports.failed_logins import HOUR_US

if TYPE_CHECKING:
    from prooftrail.reports.failed_logins import Tally

THRESHOLD: Final = rules.SPRAY_SLOW.thresholds["failures"]  # in an hour, of a source
_BINS: Final = (
    (1, "1 attempt"),
    (2, "2"),
    (5, "3 to 5"),
    (9, "6 to 9"),
    (19, "10 to 19"),
    (49, "20 to 49"),
)
_SOURCES: Final = 5
_ACCOUNTS: Final = 12


def over_time(
    tally: Tally, since_us: int | None = None, until_us: int | None = None
) -> Stacked | None:
    """Return failures an hour; of a longer time, the worst hour of each stretch."""
    if not tally.hours:
        return None
    first, last = covered(tally.hours, since_us, until_us, HOUR_US)
    hours = last - first + 1
    step = 1 if hours <= MOST else 24 * -(-hours // (24 * MOST))
    if step > 1:
        first -= first % 24
    worst: dict[int, int] = {}
    for hour, n in tally.hours.items():
        at = (hour - first) // step
        if at not in worst or n > tally.hours[worst[at]]:
            worst[at] = hour
    columns = []
    for at in range(-(-(last - first + 1) // step)):
        hour = worst.get(at, first + at * step)
        unknown = tally.unknown_hours[hour]
        known = tally.hours[hour] - unknown
        columns.append((_moment(first + at * step), (known, unknown)))
    peak, most = ranked(tally.hours, 1)[0]
    each = "an hour" if step == 1 else f"in the worst hour of each {_stretch(step)}"
    return Stacked(
        ("accounts that there are, or may be", "names that nobody has"),
        ("plain", "soft"),
        tuple(columns),
        f"Failed logins {each}, from {_moment(first)} to {_moment(last)}, UTC; the most"
        f" are {most:,}, in the hour from {_moment(peak)}. Dashed: {THRESHOLD}, the"
        f" failures in an hour from one source at which {rules.SPRAY_SLOW.id} looks"
        " closer.",
        THRESHOLD,
    )


def by_account(tally: Tally) -> Bars:
    """Return how many accounts had how many attempts: a spray has many with few."""
    bins: Counter[str] = Counter()
    for n in tally.accounts.values():
        bins[next((name for to, name in _BINS if n <= to), "50 or more")] += 1
    names = [*(name for _, name in _BINS), "50 or more"]
    several = sum(n > 2 for n in tally.accounts.values())  # noqa: PLR2004
    return Bars(
        tuple((name, bins[name]) for name in names),
        f"Accounts by how many failed logins they had: {len(tally.accounts):,} named,"
        f" {several:,} of them with more than two. A spray or stuffing has many"
        " accounts"
        " with few attempts, guessing few accounts with many.",
    )


def matrix(tally: Tally) -> Table:
    """Return which source tried which account how often, of the most frequent ones."""
    sources = [one for one, _ in ranked(tally.sources, _SOURCES)]
    rows = []
    for account, n in ranked(tally.accounts, _ACCOUNTS):
        each = [tally.pairs[source, account] for source in sources]
        told = [f"{one:,}" if one else "" for one in (*each, n - sum(each))]
        rows.append((short(account), *told, f"{n:,}"))
    return Table(
        (
            Column("Account", share=1.8),
            *(Column(one, "number") for one in sources),
            Column("Others", "number", 0.6),
            Column("All", "number", 0.6),
        ),
        tuple(rows),
        "No failed login names an account.",
        f"At most {_ACCOUNTS} accounts and {_SOURCES} sources, those with most"
        " attempts.",
    )


def _moment(hour: int) -> str:
    return instants.text(hour * HOUR_US)[:16].replace("T", " ")


def _stretch(hours: int) -> str:
    return "day" if hours == 24 else f"{hours // 24:,} days"  # noqa: PLR2004
