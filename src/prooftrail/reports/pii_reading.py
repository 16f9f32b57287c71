"""What the PII Access report reads: accesses, incidents, hours, how capture went.

Guarantees: all of it as of one moment, under the reader's row-level security. Accesses
are read one by one and held against what the index counts by verdict. Rules and hours
read the same events in the order of their time, from before the period as far as they
look back.

Source: the rules are those of `detections.rules`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from prooftrail.catalog.wording import mapping
from prooftrail.detections import rules
from prooftrail.reports import incidents, pii_rows
from prooftrail.reports.desk import answered
from prooftrail.reports.pii_hours import BACK_US, Hours
from prooftrail.reports.pii_tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prooftrail.detections import Seen
    from prooftrail.reports.desk import Desk
    from prooftrail.reports.incidents import Incident
    from prooftrail.search.alerts import Alerts
    from prooftrail.store.connect import Connection
    from prooftrail.store.continuity import Continuity
    from prooftrail.store.question import Answer
    from prooftrail.store.reporting import Source
    from prooftrail.store.showing import Signed

RULES: Final = (rules.UNEXPLAINED, rules.BREAK_GLASS, rules.MASS_ACCESS)


class Known(NamedTuple):
    """What was read."""

    tally: Tally
    incidents: Sequence[Incident]  # of personal data, tests of detection left out
    more_alerts: bool  # not all alerts were read
    hours: Mapping[str, Hours]  # by the name of the stream
    indexed: Mapping[Answer, int]  # accesses by verdict, by the index
    counted: int  # accesses, by the index
    population: int  # events of the period
    continuity: Continuity | None  # read where there was no access
    source: Source
    signed: Sequence[Signed]

    @property
    def adds_up(self) -> bool:
        """Whether the verdicts sum to the population, however they are counted."""
        verdicts = self.tally.verdicts
        return (
            all(verdicts[one] == n for one, n in self.indexed.items())
            and sum(self.indexed.values()) == self.counted == self.tally.events
        )


def read(desk: Desk) -> Known:
    """Read all of it.

    Raises:
        ProoftrailError: something cannot be read.
    """
    from prooftrail.search import alerts, lists  # noqa: PLC0415  below: store, search
    from prooftrail.store import (  # noqa: PLC0415
        authority,
        continuity,
        reporting,
        searching,
        showing,
    )

    asked = desk.asked.question
    period = asked._replace(terms=(), conditions=())
    tally = Tally()
    hours: dict[str, Hours] = {}
    with desk.reading() as connection:
        source = reporting.source(connection)
        for item, answer in answered(connection, desk):
            tally.add(item, answer, _rest(connection, desk, item))
        indexed = authority.read(connection, asked, searching.ends(connection), most=1)
        found: list[Incident] = []
        more = False
        if tally.events:
            raised = alerts.read(connection, period._replace(to_us=None), desk.streams)
            found, more = _incidents(connection, desk, tally, hours, raised)
        counted = sum(lists.counts(connection, asked, desk.streams).values())
        population = sum(lists.counts(connection, period, desk.streams).values())
        ran = None
        if not tally.events:
            ran = continuity.read(connection, period, list(desk.chosen))
        signed = showing.checkpoints(connection, list(desk.chosen))
    return Known(
        tally,
        found,
        more,
        hours,
        indexed.counts,
        counted,
        population,
        ran,
        source,
        signed,
    )


def _rest(connection: Connection, desk: Desk, item: Mapping[str, Any]) -> list[str]:
    """Return the data subjects of the entries that continue an event."""
    from prooftrail.search import items  # noqa: PLC0415
    from prooftrail.store import searching  # noqa: PLC0415

    total = mapping(item.get("part")).get("total")
    if not isinstance(total, int) or total <= 1:
        return []
    number = desk.streams.get(str(item["stream"]))
    if number is None:
        return []
    found = searching.parts(connection, number, UUID(str(item["eventId"])).bytes)
    return [
        one for part in found for one in pii_rows.named(items.item(part, desk.chosen))
    ]


def _incidents(
    connection: Connection,
    desk: Desk,
    tally: Tally,
    hours: dict[str, Hours],
    raised: Alerts,
) -> tuple[list[Incident], bool]:
    """Return what the rules find of the accesses, and fill in the hours."""
    places = {(row[0], row[1]) for row in tally.rows}

    def seen(number: int, events: Iterator[Seen]) -> Iterator[Seen]:
        name = desk.chosen[number]
        looking = hours[name] = Hours()
        for event in events:
            looking.look(event, judged=(name, event.seq) in places)
            yield event

    hits = incidents.hits(connection, desk, RULES, back_us=BACK_US, seen=seen)
    mine = {
        stream: [
            hit
            for hit in its
            if any((stream, seq) in places for seq in (*hit.evidence, hit.last.seq))
        ]
        for stream, its in hits.items()
    }
    found = incidents.incidents(mine, raised.alerts)
    return [one for one in found if not one.is_test], raised.more
