"""Figures as a page shows them: bars over time, and facets that lead on.

Guarantees: the bars together have all that was counted, and lie within the time that
was asked for; a facet's link asks for what was asked and for that value, or, where that
is asked already, for the rest alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.console import histogram, queries
from prooftrail.console.sentences import RESULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.console.histogram import Drawing
    from prooftrail.search.language import Understood
    from prooftrail.search.summary import Summary
    from prooftrail.store.figures import Figures
    from prooftrail.store.question import Column

MOST: Final = 75  # bars
_HOUR_US: Final = 3_600_000_000
_STEPS: Final = (1, 3, 24, 7 * 24, 14 * 24, 28 * 24)  # hours of a bar
_MONDAY: Final = 4 * 24  # the first one, in hours since the epoch, which was a Thursday
_WEEK: Final = 7 * 24

_TITLES: Final[dict[Column, str]] = {
    "result": "Result",
    "action": "Event type",
    "role": "Role",
    "actor": "Who",
    "resource_type": "Resource",
    "pii": "Personal data",
}
_NAMES: Final = {"resource_type": "type"}  # of filters, where they differ
_SHOWN: Final = {"true": "Touched", "false": "Not touched"}


class Value(NamedTuple):
    """A value of a facet."""

    text: str
    n: int  # events
    q: str | None  # the query that it leads to; None: everything
    chosen: bool


class Facet(NamedTuple):
    """What may be narrowed down by one column."""

    title: str
    values: tuple[Value, ...]


def facets(found: Summary, asked: Understood) -> list[Facet]:
    """Return what may be narrowed down."""
    results = dict(found.facets["result"].values)
    counted: dict[Column, Sequence[tuple[str, int]]] = {
        **{column: facet.values for column, facet in found.facets.items()},
        "result": [(name, results[name]) for name in RESULTS if name in results],
    }
    return [
        _facet(column, counted[column], asked)
        for column in _TITLES
        if counted.get(column)
    ]


def drawing(found: Figures) -> Drawing | None:
    """Return the bars, as many and as wide as read well."""
    if not found.hours:
        return None
    hours = [hour for hour, _ in found.hours]
    first, last = min(hours), max(hours)
    step = next(
        (
            one
            for one in _STEPS
            if one >= found.step and (last - first) // one < MOST - 1
        ),
        -(-(last - first + 1) // (MOST - 1)),
    )
    begin = _begin(first, step)
    buckets: list[dict[str, int]] = [{} for _ in range((last - begin) // step + 1)]
    for (hour, result), count in found.hours.items():
        bucket = buckets[(hour - begin) // step]
        bucket[result] = bucket.get(result, 0) + count
    return histogram.draw(
        [
            histogram.Counted(
                (begin + at * step) * _HOUR_US,
                (begin + (at + 1) * step) * _HOUR_US,
                sum(bucket.values())
                - bucket.get("failure", 0)
                - bucket.get("denied", 0),
                bucket.get("failure", 0),
                bucket.get("denied", 0),
            )
            for at, bucket in enumerate(buckets)
        ]
    )


def _begin(first: int, step: int) -> int:
    """Return where bars begin: at whole hours of a day, days, or Mondays."""
    if step % _WEEK == 0:
        return first - (first - _MONDAY) % _WEEK
    return first - first % min(step, 24)


def _facet(
    column: Column, counted: Sequence[tuple[str, int]], asked: Understood
) -> Facet:
    chosen = {chip.text: chip.without for chip in asked.chips}
    values = []
    for value, count in counted:
        if column == "pii":
            extra = "pii:yes" if value == "true" else "pii:no"
        else:
            extra = queries.written(_NAMES.get(column, column), value)
        there = extra in chosen
        q = chosen[extra] if there else queries.narrowed(asked.canonical, extra)
        shown = {"result": RESULTS, "pii": _SHOWN}.get(column, {}).get(value, value)
        values.append(Value(shown, count, q or None, there))
    return Facet(_TITLES[column], tuple(values))
