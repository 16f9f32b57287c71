"""What the Admin Actions report lists by itself: in order of time, and of how many.

Guarantees: a list that has not all says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.reports.document import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prooftrail.reports.admin_acts import Act
    from prooftrail.reports.admin_tally import Tally

TIME: Final = Column("Time", "time", 1.05)
WHO: Final = Column("Who", share=1.2)
ENTRY: Final = Column("Entry", share=0.95)


def listed(
    tally: Tally,
    name: str,
    columns: tuple[Column, ...],
    row: Callable[[Act], tuple[str, ...]],
    without: str,
) -> Table:
    """Return a table of what is listed by itself, in order of time."""
    several = _in_order(tally.listed.get(name, ()))
    told = caption(len(several), tally.of[name])
    return Table(columns, tuple(map(row, several)), without, told)


def caption(shown: int, of: int) -> str:
    """Say of how many these are; empty where they are all."""
    return f"The newest {shown:,} of {of:,}; the rows have all." if shown < of else ""


def _in_order(several: Iterable[Act]) -> list[Act]:
    return sorted(several, key=lambda one: (one.us, one.told.stream, one.told.seq))
