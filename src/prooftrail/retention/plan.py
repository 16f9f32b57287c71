"""The plan: which entries each month's partition holds, and until when they are held.

Guarantees: pure; retention goes by `recordedAt`, as partitions do. A partition is held
as long as the entry in it that is held longest: `earliest` of a month is the latest of
its classes'.

Does not: drop anything, nor say that anything could be dropped now: this release has no
way to drop entries, and what drops them later may find more that holds them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.retention import policy
from prooftrail.store.retention import after

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from prooftrail.retention.policy import Effective, Policy
    from prooftrail.store.retention import Held


class Share(NamedTuple):
    """Entries of a month for which the same holds."""

    classes: tuple[str, ...]
    entries: int
    earliest: date  # the first day on which all of them may go
    latest: date | None  # the day by which the first of them must have gone
    held: Effective


class Month(NamedTuple):
    """A stream's entries in one month's partition."""

    month: date  # its first day
    shares: tuple[Share, ...]

    @property
    def entries(self) -> int:
        """How many there are."""
        return sum(share.entries for share in self.shares)

    @property
    def earliest(self) -> date:
        """The first day on which the whole partition may go."""
        return max(share.earliest for share in self.shares)


def plan(stated: Policy, held: Iterable[Held]) -> list[Month]:
    """Return what is held until when, by month.

    Args:
        stated: the stream's policy.
        held: its entries by month and action.
    """
    counted: dict[date, Counter[Effective]] = {}
    for one in held:
        month = counted.setdefault(one.month, Counter())
        month[policy.effective(stated, one.action)] += one.entries
    return [
        Month(
            month,
            tuple(
                Share(
                    effective.classes,
                    entries,
                    effective.earliest(after(month)),
                    effective.latest(month),
                    effective,
                )
                for effective, entries in sorted(
                    shares.items(), key=lambda share: share[0].classes
                )
            ),
        )
        for month, shares in sorted(counted.items())
    ]
