"""What rules found, each with what was done about it: shared by reports that look.

Guarantees: an incident is a hit of one stream, and the alert that was raised of it
where the trail has one: of the same rule and key, begun among its entries. It is told
where its last event lies in the period, with what came before of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.reports import handling
from prooftrail.reports.circumstances import second
from prooftrail.reports.document import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from prooftrail.detections import Hit, Rule, Seen
    from prooftrail.reports.desk import Desk
    from prooftrail.search.alerts import Alert
    from prooftrail.store.connect import Connection

LISTED: Final = 200  # exceptions


class Incident(NamedTuple):
    """A hit, where it is, and the alert of it."""

    stream: str
    hit: Hit
    alert: Alert | None

    @property
    def is_test(self) -> bool:
        """Whether the service itself failed to log in, to test detection."""
        return handling.is_test(self.alert)

    @property
    def handling(self) -> str:
        """What was done about it, as the trail has it."""
        return handling.status(self.alert)

    @property
    def is_handled(self) -> bool:
        """Whether somebody acknowledged or closed its alert."""
        return handling.is_handled(self.alert)

    @property
    def minutes(self) -> str | None:
        """From the alert to its acknowledgement."""
        alert = self.alert
        if alert is None or alert.acknowledged is None:
            return None
        seconds = alert.acknowledged["seconds"]
        return f"{seconds / 60:.1f}" if isinstance(seconds, int) else None


def incidents(
    hits: Mapping[str, Iterable[Hit]], alerts: Iterable[Alert]
) -> list[Incident]:
    """Return incidents in order of time.

    Args:
        hits: by the name of their stream.
        alerts: of these streams.
    """
    raised: dict[tuple[str, object], list[Alert]] = {}
    for one in alerts:
        raised.setdefault((one.stream, one.details.get("key")), []).append(one)
    found = [
        Incident(
            stream,
            hit,
            _of(hit, raised.get((stream, hit.key), ())),
        )
        for stream, its in hits.items()
        for hit in its
    ]
    return sorted(found, key=lambda one: (one.hit.first, one.stream, one.hit.rule))


def hits(
    connection: Connection,
    desk: Desk,
    rules: Sequence[Rule],
    *,
    back_us: int = 0,
    seen: Callable[[int, Iterator[Seen]], Iterator[Seen]] = lambda _, events: events,
) -> dict[str, list[Hit]]:
    """Return what rules find in a report's period, by the name of the stream.

    Args:
        connection: inside `Desk.reading`.
        desk: where the report is made.
        rules: that are looked for.
        back_us: how long before the period events are wanted, at least.
        seen: is given a stream's number and its events, and hands them on.
    """
    from prooftrail.detections import detect, longest  # noqa: PLC0415  where asked
    from prooftrail.store import detecting, searching  # noqa: PLC0415

    asked = desk.asked.question
    ends = searching.ends(connection)
    since = asked.from_us
    found = {}
    for number, name in desk.chosen.items():
        events = detecting.events(
            connection,
            number,
            ends.get(number, -1),
            from_us=None if since is None else since - max(back_us, longest(rules)),
            to_us=asked.to_us,
            rules=rules,
        )
        found[name] = [
            hit
            for hit in detect(seen(number, events), rules)
            if since is None or hit.last.occurred_us >= since
        ]
    return found


def exceptions(
    found: Sequence[Incident], letter: str, told: Callable[[Incident], str]
) -> Table:
    """Return what somebody should look at.

    Args:
        found: in order of time.
        letter: with which their ids begin.
        told: says what an incident is.
    """
    rows = tuple(
        (
            f"{letter}-{number}",
            one.hit.rule,
            told(one),
            second(one.hit.first.occurred_us),
            f"{one.stream} {one.hit.first.seq:,}",
            one.hit.severity,
            one.handling,
            handling.owner(one.alert),
        )
        for number, one in enumerate(found[:LISTED], 1)
    )
    return Table(
        (
            Column("Id", share=0.5),
            Column("Criterion", share=1),
            Column("What", share=2.6),
            Column("When", "time", 1.8),
            Column("Evidence", share=0.8),
            Column("Severity", share=0.7),
            Column("Status", share=1),
            Column("Owner", share=0.8),
        ),
        rows,
        "None.",
        f"The first {LISTED} of {len(found):,}." if len(found) > LISTED else "",
    )


def _of(hit: Hit, alerts: Iterable[Alert]) -> Alert | None:
    """Return the alert of an incident: as it was raised, it may have begun later."""
    for one in alerts:
        first = one.details.get("first_seq")
        its = isinstance(first, int) and hit.first.seq <= first <= hit.last.seq
        if its and one.details.get("rule") == hit.rule:
            return one
    return None
