"""A summary of the events that answer a question: how many, when, and by which values.

Guarantees: total, buckets and facets are of the same events, those that
`searching.count` counts: the buckets add up to the total, and so does each facet with
its other values and the events without one. Buckets are whole hours, days, weeks (from
Monday), months or years, UTC, each until the next one's begin; they are few, and one
without events is left out.

Does not: take the same time for every question. Each event that answers is looked at
once, in an index, and the statement timeout bounds that: a broad question over many
millions of events takes seconds.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from prooftrail.store import figures

if TYPE_CHECKING:
    from prooftrail.store.connect import Connection
    from prooftrail.store.figures import Figures
    from prooftrail.store.question import Column, Question

Width: TypeAlias = Literal["hour", "day", "week", "month", "year"]

MOST: Final = 90  # buckets, but of years
MOST_VALUES: Final = 10  # of a facet
FACETS: Final[tuple[Column, ...]] = (
    "action",
    "actor",
    "role",
    "result",
    "resource_type",
    "pii",
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOURS: Final[dict[Width, int]] = {"hour": 1, "day": 24, "week": 168, "month": 672}
_US: Final = timedelta(microseconds=1)


class Bucket(NamedTuple):
    """What happened in a span of time."""

    from_us: int
    success: int
    failure: int
    denied: int


class Facet(NamedTuple):
    """The values of a column."""

    values: tuple[tuple[str, int], ...]  # the most frequent first
    others: int  # how many further values there are
    other_events: int  # that have one of these
    without: int  # events without any


class Summary(NamedTuple):
    """What answers, in figures."""

    total: int
    width: Width
    buckets: tuple[Bucket, ...]
    facets: dict[Column, Facet]


def summarize(connection: Connection, question: Question) -> Summary:
    """Return the figures at present, as the asker in `Readers.reading` sees them."""
    return of(figures.read(connection, question, MOST_VALUES))


def of(found: Figures) -> Summary:
    """Return the summary of what was counted."""
    results: Counter[str] = Counter()
    for (_, result), count in found.hours.items():
        results[result] += count
    total = results.total()
    facets: dict[Column, Facet] = {}
    for column in FACETS:
        if column == "result":
            facets[column] = Facet(tuple(results.most_common()), 0, 0, 0)
            continue
        values = tuple(found.values.get(column, ()))
        whole = found.wholes.get(column, figures.Whole(0, 0))
        told = sum(count for _, count in values)
        facets[column] = Facet(
            values,
            whole.kinds - len(values),
            whole.valued - told,
            total - whole.valued,
        )
    width = _width(found)
    return Summary(total, width, _buckets(found, width), facets)


def _width(found: Figures) -> Width:
    hours = [hour for hour, _ in found.hours]
    span = max(hours, default=0) - min(hours, default=0)
    # two more than fit may be begun: at the first event, and at the last
    return next(
        (
            width
            for width, each in _HOURS.items()
            if each >= found.step and span // each + 2 <= MOST
        ),
        "year",
    )


def _buckets(found: Figures, width: Width) -> tuple[Bucket, ...]:
    counted: dict[int, Counter[str]] = {}
    for (hour, result), count in found.hours.items():
        counted.setdefault(_begin(hour, width), Counter())[result] += count
    return tuple(
        Bucket(begin, each["success"], each["failure"], each["denied"])
        for begin, each in sorted(counted.items())
    )


def _begin(hour: int, width: Width) -> int:
    """Return where the bucket of an hour begins, microseconds since the epoch."""
    at = _EPOCH + timedelta(hours=hour)
    if width != "hour":
        at = at.replace(hour=0)
    if width == "week":
        at -= timedelta(days=at.weekday())
    if width in {"month", "year"}:
        at = at.replace(day=1)
    if width == "year":
        at = at.replace(month=1)
    return (at - _EPOCH) // _US
